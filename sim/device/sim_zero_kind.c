// SPDX-License-Identifier: Apache-2.0
#include "sim_zero.h"

enum { SPEED, PACE, ISO };
enum { HIGH, FULL };

static const char *const speeds[] = {[HIGH] = "high", [FULL] = "full", NULL};

static struct sim_device *create(struct sim_spec *s)
{
    bool full = s->value[SPEED].number == FULL;
    struct sim_device *d = sim_zero_create(s->bus, full ? USB_SPEED_FULL : USB_SPEED_HIGH);
    if (d)
        sim_zero_set_pace(d, (uint32_t)s->value[PACE].number);
    if (d && s->value[ISO].given)
        sim_zero_set_iso_size(d, (uint16_t)s->value[ISO].number);
    return d;
}

const struct sim_kind sim_zero_kind = {
    .name = "zero",
    .port = "3",
    .help = "Gadget Zero, for usbtest and bench, high speed",
    .options =
        {
            [SPEED] = {.name = "speed",
                       .value = "full",
                       .help = "at full speed",
                       .words = speeds,
                       .wants = "it is full or high"},
            [PACE] = {.name = "pace",
                      .value = "N",
                      .help = "bulk data only once in N microseconds",
                      .min = 1,
                      .max = 1000000,
                      .wants = "it goes from 1 to 1000000 microseconds"},
            [ISO] = {.name = "iso",
                     .value = "N",
                     .help = "bytes in an isochronous packet, not 1024 (or 1023)",
                     .min = 1,
                     .max = 1023,
                     .wants = "it goes from 1 to 1023"},
        },
    .create = create,
};
