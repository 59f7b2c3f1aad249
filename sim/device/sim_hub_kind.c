// SPDX-License-Identifier: Apache-2.0
#include "sim_hub_kind.h"

#include "sim/bus/sim_bus.h"

enum { PORTS, POWER };
enum { PORTS_USUAL = 4 };

static const enum backend_power powers[] = {BACKEND_POWER_SINGLE, BACKEND_POWER_GANGED,
                                            BACKEND_POWER_FIXED};
static const char *const power_words[] = {"single", "ganged", "fixed", NULL};

static struct sim_device *create(struct sim_spec *s)
{
    unsigned ports = s->value[PORTS].given ? (unsigned)s->value[PORTS].number : PORTS_USUAL;
    return sim_hub_create_with(s->bus, ports, powers[s->value[POWER].number]);
}

const struct sim_kind sim_hub_kind = {
    .name = "hub",
    .help = "a hub, high speed, each port's power can be switched",
    .options =
        {
            [PORTS] = {.name = "ports",
                       .value = "N",
                       .help = "so many ports instead of 4",
                       .min = 1,
                       .max = SIM_HUB_PORTS_MAX,
                       .wants = "it goes from 1 to 15"},
            [POWER] = {.name = "power",
                       .value = "KIND",
                       .help = "single, ganged (all ports at once) or fixed",
                       .words = power_words,
                       .wants = "it is single, ganged or fixed"},
        },
    .create = create,
};
