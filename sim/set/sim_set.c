// SPDX-License-Identifier: Apache-2.0
// The list of devices: their places, and plugging them.
#include "sim_set.h"

#include "base/base_text.h"
#include "sim_set_kind.h"

#include <assert.h>
#include <string.h>

static const char hub_port[] = "2";

enum { HUB_PORTS = 4 };

// Room for a busid: the bus, a dash, and the port.
static struct base_text begin_busid(const struct sim_set *set, char busid[SIM_SET_BUSID_SIZE])
{
    struct base_text t;
    base_text_init(&t, busid, SIM_SET_BUSID_SIZE);
    base_text_u64(&t, sim_busnum(set->bus));
    base_text_str(&t, "-");
    return t;
}

static bool taken(const struct sim_set *set, const char *busid)
{
    for (unsigned i = 0; i < set->count; i++)
        if (strcmp(set->place[i].busid, busid) == 0)
            return true;
    return sim_find(set->bus, busid) != NULL;
}

// False: no root port is free.
static bool choose(const struct sim_set *set, char busid[SIM_SET_BUSID_SIZE])
{
    struct base_text t;
    if (set->kind->port) {
        t = begin_busid(set, busid);
        base_text_str(&t, set->kind->port);
        if (!taken(set, busid))
            return true;
    }
    for (unsigned port = SIM_SET_FIRST_FREE_PORT; port <= SIM_SET_LAST_FREE_PORT; port++) {
        t = begin_busid(set, busid);
        base_text_u64(&t, port);
        if (!taken(set, busid))
            return true;
    }
    return false;
}

static struct sim_set_place *reserve(struct sim_set *set, const char *busid)
{
    assert(set->count < SIM_SET_PLACES);
    struct sim_set_place *p = &set->place[set->count++];
    (void)base_text_copy(p->busid, sizeof p->busid, busid);
    return p;
}

// The hub, if a device of it comes and it is not there yet. False: no memory.
static bool reserve_hub(struct sim_set *set)
{
    char busid[SIM_SET_BUSID_SIZE];
    struct base_text t = begin_busid(set, busid);
    base_text_str(&t, hub_port);
    if (taken(set, busid))
        return true;
    struct sim_set_place *hub = reserve(set, busid);
    hub->device = sim_hub_create(set->bus, HUB_PORTS);
    return hub->device != NULL;
}

static enum base_err plan(struct sim_set *set, char *options)
{
    char busid[SIM_SET_BUSID_SIZE];
    if (!choose(set, busid))
        return SIM_SET_REFUSE(set, BASE_ERR_LIMIT,
                              "too many devices, there is no port for one more ", set->kind->name);
    if (strchr(busid, '.') && !reserve_hub(set))
        return sim_set_no_memory(set);
    return set->kind->create(set, options, reserve(set, busid));
}

static enum base_err refuse_name(struct sim_set *set, const char *name)
{
    SIM_SET_REFUSE(set, BASE_ERR_INVALID, "unknown device '", name, "', there are ");
    for (size_t i = 0; i < sim_set_kind_count; i++)
        SIM_SET_REFUSE(set, BASE_ERR_INVALID, i ? ", " : "", sim_set_kinds[i].name);
    return BASE_ERR_INVALID;
}

static enum base_err plan_all(struct sim_set *set, char *list)
{
    enum base_err err = BASE_OK;
    while (list && err == BASE_OK) {
        char *name = list;
        list = sim_set_cut(name, ',');
        char *options = sim_set_cut(name, ':');
        set->kind = NULL;
        for (size_t i = 0; i < sim_set_kind_count; i++)
            if (strcmp(sim_set_kinds[i].name, name) == 0)
                set->kind = &sim_set_kinds[i];
        err = set->kind ? plan(set, options) : refuse_name(set, name);
    }
    return err;
}

static enum base_err plug_all(struct sim_set *set)
{
    for (; set->plugged < set->count; set->plugged++) {
        const struct sim_set_place *p = &set->place[set->plugged];
        enum base_err err = sim_plug(set->bus, p->busid, p->device);
        if (err != BASE_OK)
            return SIM_SET_REFUSE(set, err, "cannot plug a device into port ", p->busid,
                                  err == BASE_ERR_NOMEM ? ", there is not enough memory" : "");
    }
    return BASE_OK;
}

// What is plugged belongs to the bus now: it can only be pulled.
static void give_up(struct sim_set *set)
{
    while (set->count > set->plugged) {
        struct sim_device *d = set->place[--set->count].device;
        if (d)
            d->ops->destroy(d);
    }
    while (set->count > 0)
        (void)sim_unplug(set->bus, set->place[--set->count].busid);
}

enum base_err sim_set_plug(struct sim_bus *bus, const char *spec,
                           const struct sim_set_environment *env, char *why, size_t why_size)
{
    struct sim_set set = {.bus = bus, .env = env};
    base_text_init(&set.why, why, why_size);
    if (spec && strcmp(spec, "none") == 0)
        return BASE_OK;
    if (!spec || !*spec || strcmp(spec, "default") == 0)
        spec = "disk,keyboard,serial,zero,audio";
    size_t size = strlen(spec) + 1;
    char *list = base_alloc(sim_alloc(bus), size);
    if (!list)
        return sim_set_no_memory(&set);
    memcpy(list, spec, size);
    enum base_err err = plan_all(&set, list);
    base_free(sim_alloc(bus), list);
    if (err == BASE_OK)
        err = plug_all(&set);
    if (err != BASE_OK)
        give_up(&set);
    return err;
}
