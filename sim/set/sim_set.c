// SPDX-License-Identifier: Apache-2.0
// The list of devices: their places, and plugging them.
#include "sim_set.h"

#include "base/base_number.h"
#include "sim_set_option.h"

#include <string.h>

enum {
    HUB_PORTS = 4,
    BUSID_SIZE = 10,     // as "1-2.1" and "255-255"
    FIRST_FREE_PORT = 5, // of the root ports, behind the places of the default set
    LAST_ROOT_PORT = 255,
};

struct place {
    char busid[BUSID_SIZE];
    struct sim_device *device;
};

struct set {
    struct sim_bus *bus;
    const struct sim_files *files;
    struct base_text why;
    struct place *place; // in the order of plugging
    unsigned room, count, plugged;
};

static enum base_err refuse(struct set *set, enum base_err err, const char *before,
                            const char *name, const char *behind)
{
    base_text_str(&set->why, before);
    base_text_str(&set->why, name);
    base_text_str(&set->why, behind);
    return err;
}

static enum base_err no_memory(struct set *set)
{
    return refuse(set, BASE_ERR_NOMEM, "there is not enough memory", NULL, NULL);
}

// --- places --------------------------------------------------------------------------------------

// Room for a busid: the bus, a dash, and the port.
static struct base_text begin_busid(const struct set *set, char busid[BUSID_SIZE])
{
    struct base_text t;
    base_text_init(&t, busid, BUSID_SIZE);
    base_text_u64(&t, sim_busnum(set->bus));
    base_text_str(&t, "-");
    return t;
}

static bool taken(const struct set *set, const char *busid)
{
    for (unsigned i = 0; i < set->count; i++)
        if (strcmp(set->place[i].busid, busid) == 0)
            return true;
    return sim_find(set->bus, busid) != NULL;
}

// False: no root port is free.
static bool choose(const struct set *set, const char *port, char busid[BUSID_SIZE])
{
    struct base_text t;
    if (port) {
        t = begin_busid(set, busid);
        base_text_str(&t, port);
        if (!taken(set, busid))
            return true;
    }
    for (unsigned root = FIRST_FREE_PORT; root <= LAST_ROOT_PORT; root++) {
        t = begin_busid(set, busid);
        base_text_u64(&t, root);
        if (!taken(set, busid))
            return true;
    }
    return false;
}

// Is `busid` behind a hub that is not there yet? `hub` is its busid then.
static bool lacks_hub(const struct set *set, const char *busid, char hub[BUSID_SIZE])
{
    (void)base_text_copy(hub, BUSID_SIZE, busid);
    return sim_set_cut(hub, '.') && !taken(set, hub);
}

static unsigned root_port(const char *busid)
{
    const char *port = strchr(busid, '-') + 1;
    uint64_t number = 0;
    (void)base_number_take(&port, LAST_ROOT_PORT, &number);
    return (unsigned)number;
}

static void put(struct set *set, const char *busid, struct sim_device *d)
{
    struct place *p = &set->place[set->count++];
    (void)base_text_copy(p->busid, sizeof p->busid, busid);
    p->device = d;
}

// --- from text to devices ------------------------------------------------------------------------

static enum base_err plan(struct set *set, const struct sim_kind *kind, char *options)
{
    struct sim_spec spec = {.kind = kind, .bus = set->bus, .files = set->files, .why = &set->why};
    char busid[BUSID_SIZE], hub[BUSID_SIZE];
    bool found = choose(set, kind->port, busid);
    bool with_hub = found && lacks_hub(set, busid, hub);
    if (!found || set->count + with_hub >= set->room)
        return refuse(set, BASE_ERR_LIMIT, "too many devices, there is no port for one more ",
                      kind->name, NULL);
    if (with_hub) {
        struct sim_device *d = sim_hub_create(set->bus, HUB_PORTS);
        if (!d)
            return no_memory(set);
        put(set, hub, d);
    }
    spec.root_port = root_port(busid);
    struct sim_device *d = sim_set_read_options(&spec, options) ? kind->create(&spec) : NULL;
    if (!d)
        return spec.err != BASE_OK ? spec.err : no_memory(set);
    d->name = kind->name;
    put(set, busid, d);
    return BASE_OK;
}

static enum base_err plan_default(struct set *set)
{
    enum base_err err = BASE_OK;
    for (unsigned i = 0; sim_set_kinds[i] && err == BASE_OK; i++)
        if (sim_set_kinds[i]->port)
            err = plan(set, sim_set_kinds[i], NULL);
    return err;
}

static enum base_err plan_name(struct set *set, char *name)
{
    char *options = sim_set_cut(name, ':');
    for (unsigned i = 0; sim_set_kinds[i]; i++)
        if (strcmp(sim_set_kinds[i]->name, name) == 0)
            return plan(set, sim_set_kinds[i], options);
    if (strcmp(name, "default") == 0 && !options)
        return plan_default(set);
    if (strcmp(name, "default") == 0)
        return refuse(set, BASE_ERR_INVALID, "default: it has no options", NULL, NULL);
    refuse(set, BASE_ERR_INVALID, "unknown device '", name, "', there are ");
    sim_set_names(&set->why, false);
    return BASE_ERR_INVALID;
}

static enum base_err plan_list(struct set *set, char *list)
{
    enum base_err err = BASE_OK;
    while (list && err == BASE_OK) {
        char *name = list;
        list = sim_set_cut(name, ',');
        err = plan_name(set, name);
    }
    return err;
}

// --- plugging ------------------------------------------------------------------------------------

static enum base_err plug_all(struct set *set)
{
    for (; set->plugged < set->count; set->plugged++) {
        const struct place *p = &set->place[set->plugged];
        enum base_err err = sim_plug(set->bus, p->busid, p->device);
        if (err != BASE_OK)
            return refuse(set, err, "cannot plug a device into port ", p->busid,
                          err == BASE_ERR_NOMEM ? ", there is not enough memory" : NULL);
    }
    return BASE_OK;
}

// What is plugged belongs to the bus now: it can only be pulled.
static void give_up(struct set *set)
{
    while (set->count > set->plugged) {
        struct sim_device *d = set->place[--set->count].device;
        d->ops->destroy(d);
    }
    while (set->count > 0)
        (void)sim_unplug(set->bus, set->place[--set->count].busid);
}

enum base_err sim_set_plug(struct sim_bus *bus, const char *spec, const struct sim_files *files,
                           char *why, size_t why_size)
{
    struct set set = {.bus = bus, .files = files, .room = sim_room(bus)};
    base_text_init(&set.why, why, why_size);
    if (spec && strcmp(spec, "none") == 0)
        return BASE_OK;
    if (!spec || !*spec)
        spec = "default";
    size_t places_size = set.room * sizeof set.place[0], list_size = strlen(spec) + 1;
    set.place = base_alloc(sim_alloc(bus), places_size + list_size);
    if (!set.place)
        return no_memory(&set);
    enum base_err err = plan_list(&set, memcpy(set.place + set.room, spec, list_size));
    if (err == BASE_OK)
        err = plug_all(&set);
    if (err != BASE_OK)
        give_up(&set);
    base_free(sim_alloc(bus), set.place);
    return err;
}
