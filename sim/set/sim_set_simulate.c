// SPDX-License-Identifier: Apache-2.0
// Simulated devices as the API sees them (api/api_simulate.h).
#include "sim_set.h"

#include "base/base_text.h"
#include "sim/device/keyboard/sim_keyboard.h"
#include "sim/device/keyboard/sim_keyboard_layout.h"

#include <string.h>

enum { PRODUCT_INDEX = 15 }; // iProduct in the device descriptor

static const char *product_of(const struct sim_device *d)
{
    unsigned index = d->desc->device[PRODUCT_INDEX];
    for (unsigned i = 1; d->desc->strings && d->desc->strings[i - 1]; i++)
        if (i == index)
            return d->desc->strings[i - 1];
    return "";
}

static enum api_presence presence(struct sim_bus *bus, const char *busid)
{
    static const enum api_presence table[] = {
        [SIM_NEVER] = API_PULLED,      [SIM_PULLED] = API_PULLED, [SIM_WORKS] = API_WORKS,
        [SIM_NO_POWER] = API_NO_POWER, [SIM_NO_HUB] = API_NO_HUB,
    };
    return table[sim_presence(bus, busid)];
}

static void describe(struct sim_bus *bus, const struct sim_device *d, const char *busid,
                     struct api_simulated *out)
{
    *out = (struct api_simulated){
        .kind = d->name ? d->name : "other",
        .presence = presence(bus, busid),
        .types = d->name && strcmp(d->name, sim_keyboard_kind.name) == 0,
    };
    (void)base_text_copy(out->busid, sizeof out->busid, busid);
    (void)base_text_copy(out->product, sizeof out->product, product_of(d));
}

static bool find(void *ctx, const char *busid, struct api_simulated *out)
{
    const struct sim_device *d = sim_find(ctx, busid);
    if (d)
        describe(ctx, d, busid, out);
    return d != NULL;
}

static bool at(void *ctx, unsigned i, struct api_simulated *out)
{
    const char *busid = NULL;
    const struct sim_device *d = sim_at(ctx, i, &busid);
    if (d)
        describe(ctx, d, busid, out);
    return d != NULL;
}

static enum base_err plug(void *ctx, const char *busid)
{
    return sim_replug(ctx, busid);
}

static enum base_err unplug(void *ctx, const char *busid)
{
    return sim_unplug(ctx, busid);
}

static enum base_err type(void *ctx, const char *busid, const char *text, size_t *where)
{
    enum base_err err = sim_keyboard_type(sim_find(ctx, busid), text);
    for (*where = 0; text[*where] && sim_keyboard_key(text[*where]) != 0; ++*where) {
    }
    return err;
}

static bool is_one(const char *spec)
{
    return *spec && !strchr(spec, ',') && strcmp(spec, "default") != 0 && strcmp(spec, "none") != 0;
}

// A new device is in a new port, the last. It has no files: whoever may plug in devices may not
// read what is on this machine.
static enum base_err add(void *ctx, const char *spec, char busid[USB_BUSID_SIZE], char *why,
                         size_t why_size)
{
    const char *last = "", *next;
    if (!is_one(spec)) {
        (void)base_text_copy(why, why_size, "it must be one device");
        return BASE_ERR_INVALID;
    }
    enum base_err err = sim_set_plug(ctx, spec, NULL, why, why_size);
    for (unsigned i = 0; err == BASE_OK && sim_at(ctx, i, &next); i++)
        last = next;
    (void)base_text_copy(busid, USB_BUSID_SIZE, last);
    return err;
}

static bool kind(void *ctx, unsigned i, struct api_simulate_kind *out)
{
    (void)ctx;
    const struct sim_kind *k = sim_set_kinds[i];
    if (k)
        *out = (struct api_simulate_kind){k->name, k->help};
    return k != NULL;
}

void sim_set_simulate(struct api_simulate *out, struct sim_bus *bus)
{
    *out = (struct api_simulate){
        .find = find,
        .at = at,
        .plug = plug,
        .unplug = unplug,
        .type = type,
        .add = add,
        .kind = kind,
        .ctx = bus,
    };
}
