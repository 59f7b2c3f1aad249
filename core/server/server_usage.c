// SPDX-License-Identifier: Apache-2.0
#include "server/server_usage.h"

#include "base/base_text.h"

#include <string.h>

_Static_assert((int)SESSION_STEP_US == (int)SERVER_HISTORY_STEP_US, "the same steps");

void server_usages_init(struct server_usages *u, const struct base_alloc *alloc, uint64_t now_us)
{
    u->alloc = alloc;
    base_list_init(&u->list);
    u->step_us = now_us + SERVER_HISTORY_STEP_US;
    server_history_init(&u->all, 0);
}

static void drop(struct server_usages *u, struct server_usage *usage)
{
    base_list_remove(&usage->link);
    base_free(u->alloc, usage->history);
    base_free(u->alloc, usage);
}

void server_usages_clear(struct server_usages *u)
{
    BASE_LIST_FOR_EACH (struct server_usage, usage, &u->list, link) {
        drop(u, usage);
    }
}

// --- plugging ------------------------------------------------------------------------------------

static uint32_t id_of(const struct usb_device_info *info)
{
    struct usb_device_descriptor d = {0};
    (void)usb_device_descriptor_unpack(&d, info->device_descriptor);
    return (uint32_t)d.idVendor << 16 | d.idProduct;
}

struct server_usage *server_usage_plugged(struct server_usages *u,
                                          const struct usb_device_info *info)
{
    uint32_t id = id_of(info);
    BASE_LIST_FOR_EACH (struct server_usage, usage, &u->list, link) {
        if (usage->plugged || usage->id != id || strcmp(usage->busid, info->busid) != 0 ||
            strcmp(usage->serial, info->serial) != 0)
            continue;
        usage->plugged = true;
        return usage;
    }
    struct server_usage *usage = base_alloc(u->alloc, sizeof *usage);
    if (!usage)
        return NULL;
    (void)base_text_copy(usage->busid, sizeof usage->busid, info->busid);
    (void)base_text_copy(usage->serial, sizeof usage->serial, info->serial);
    usage->id = id;
    usage->plugged = true;
    base_list_append(&u->list, &usage->link);
    return usage;
}

// The one that left first makes room.
static void limit_kept(struct server_usages *u)
{
    struct server_usage *oldest = NULL;
    unsigned kept = 0;
    BASE_LIST_FOR_EACH (struct server_usage, usage, &u->list, link) {
        if (usage->plugged)
            continue;
        oldest = oldest ? oldest : usage;
        kept++;
    }
    if (kept > SERVER_USAGES_KEPT)
        drop(u, oldest);
}

void server_usage_unplugged(struct server_usages *u, struct server_usage *usage)
{
    if (!usage)
        return;
    server_usage_end(usage);
    usage->plugged = false;
    base_list_remove(&usage->link);
    base_list_append(&u->list, &usage->link);
    limit_kept(u);
}

// --- sessions ------------------------------------------------------------------------------------

// In all.
static struct server_moved moved_in_all(const struct server_usage *usage)
{
    struct session_counters c = usage->past.counters;
    if (usage->session)
        server_counters_add(&c, session_counters(usage->session));
    return (struct server_moved){{c.bytes_in, c.bytes_out}, c.urbs_completed + c.urbs_unlinked};
}

void server_usage_begin(struct server_usages *u, struct server_usage *usage, struct session *s)
{
    if (!usage)
        return;
    usage->past.imports++;
    usage->session = s;
    if (usage->history)
        return;
    usage->history = base_alloc(u->alloc, sizeof *usage->history);
    if (!usage->history)
        return;
    server_history_init(usage->history, u->all.hour_steps);
    usage->seen = moved_in_all(usage);
}

void server_counters_add(struct session_counters *to, const struct session_counters *c)
{
    to->urbs_submitted += c->urbs_submitted;
    to->urbs_completed += c->urbs_completed;
    to->urbs_failed += c->urbs_failed;
    to->urbs_unlinked += c->urbs_unlinked;
    to->urbs_refused += c->urbs_refused;
    to->bytes_in += c->bytes_in;
    to->bytes_out += c->bytes_out;
    to->rx_bytes += c->rx_bytes;
    to->tx_bytes += c->tx_bytes;
}

void server_usage_end(struct server_usage *usage)
{
    if (usage && usage->session) {
        usage->past = server_usage_totals(usage);
        usage->session = NULL;
    }
}

struct server_usage_totals server_usage_totals(const struct server_usage *usage)
{
    struct session_type_counters by_type[SESSION_TYPES];
    if (!usage)
        return (struct server_usage_totals){0};
    struct server_usage_totals t = usage->past;
    if (!usage->session)
        return t;
    server_counters_add(&t.counters, session_counters(usage->session));
    session_type_counters(usage->session, by_type);
    for (unsigned type = 0; type < SESSION_TYPES; type++) {
        t.by_type[type].completed += by_type[type].completed;
        t.by_type[type].failed += by_type[type].failed;
        t.by_type[type].unlinked += by_type[type].unlinked;
        t.by_type[type].refused += by_type[type].refused;
    }
    return t;
}

// --- history -------------------------------------------------------------------------------------

// What has moved since the last step.
static struct server_moved moved_of(struct server_usage *usage, uint64_t worked_us)
{
    const struct server_moved now = moved_in_all(usage);
    const struct server_moved moved = {
        {now.bytes[0] - usage->seen.bytes[0], now.bytes[1] - usage->seen.bytes[1]},
        now.urbs - usage->seen.urbs,
    };
    usage->seen = now;
    if (moved.urbs > 0)
        usage->past.last_activity_us = worked_us;
    return moved;
}

// Whatever has moved, did before `worked_us`, that is in the first of the steps that are over now:
// what is done later than that finds it entered.
void server_usage_sample(struct server_usages *u, uint64_t worked_us, uint64_t now_us)
{
    struct server_moved all = {{0}, 0};
    if (!server_usage_due(u, now_us))
        return;
    uint64_t idle = (now_us - u->step_us) / SERVER_HISTORY_STEP_US;
    u->step_us += (idle + 1) * SERVER_HISTORY_STEP_US;
    BASE_LIST_FOR_EACH (struct server_usage, usage, &u->list, link) {
        if (usage->session)
            session_sample(usage->session, idle + 1, u->step_us - SERVER_HISTORY_STEP_US);
        if (!usage->history)
            continue;
        struct server_moved moved = moved_of(usage, worked_us);
        server_history_add(usage->history, &moved);
        server_history_idle(usage->history, idle);
        all.bytes[0] += moved.bytes[0];
        all.bytes[1] += moved.bytes[1];
        all.urbs += moved.urbs;
    }
    server_history_add(&u->all, &all);
    server_history_idle(&u->all, idle);
}

struct server_rates server_usage_rates(const struct server_usage *usage)
{
    return usage && usage->history ? server_history_rates(usage->history)
                                   : (struct server_rates){0};
}
