// SPDX-License-Identifier: Apache-2.0
#include "server/server_lease.h"
#include "server/server_state.h"

#include "base/base_text.h"

#include <string.h>

static void record(struct usbip_server *server, const char *busid, const char *by,
                   struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = server->now_us, .what = what};
    (void)base_text_copy(e.busid, sizeof e.busid, busid);
    (void)base_text_copy(e.peer, sizeof e.peer, by);
    eventlog_record(server->log, &e);
}

static struct server_lease *find(const struct usbip_server *server, const char *busid)
{
    BASE_LIST_FOR_EACH (struct server_lease, l, &server->leases, link) {
        if (strcmp(l->busid, busid) == 0)
            return l;
    }
    return NULL;
}

const struct server_lease *server_lease(const struct usbip_server *server, const char *busid,
                                        uint64_t now_us)
{
    const struct server_lease *l = find(server, busid);
    return l && l->until_us > now_us ? l : NULL;
}

unsigned server_lease_count(const struct usbip_server *server)
{
    return server->lease_count;
}

void server_lease_plugged(const struct usbip_server *server, struct registry_device *d)
{
    const struct server_lease *l = find(server, d->info.busid);
    d->leased_to = l ? &l->addresses : NULL;
}

static void tell_device(struct usbip_server *server, const char *busid)
{
    struct registry_device *d = registry_find(&server->registry, busid);
    if (d)
        server_lease_plugged(server, d);
}

// --- life ----------------------------------------------------------------------------------------

static void end(struct usbip_server *server, struct server_lease *l, enum eventlog_lease why,
                const char *by)
{
    base_list_remove(&l->link);
    server->lease_count--;
    tell_device(server, l->busid);
    record(server, l->busid, by, EVENTLOG_WITH(lease_ended, .reason = why));
    base_free(server->alloc, l);
}

void server_leases_due(struct usbip_server *server)
{
    while (server_leases_deadline(server) <= server->now_us)
        end(server, BASE_CONTAINER(server->leases.next, struct server_lease, link),
            EVENT_LEASE_RAN_OUT, NULL);
}

void server_leases_clear(struct usbip_server *server)
{
    BASE_LIST_FOR_EACH (struct server_lease, l, &server->leases, link) {
        base_free(server->alloc, l);
    }
}

// Its place among those that end earlier and later.
static void put(struct usbip_server *server, struct server_lease *l)
{
    struct base_list *before = &server->leases;
    while (before->prev != &server->leases &&
           BASE_CONTAINER(before->prev, struct server_lease, link)->until_us > l->until_us)
        before = before->prev;
    base_list_append(before, &l->link);
}

enum base_err server_lease_take(struct usbip_server *server, const struct server_lease *lease,
                                const char *by, uint64_t now_us)
{
    server->now_us = now_us;
    server_leases_due(server);
    struct server_lease *l = find(server, lease->busid);
    if (l && strcmp(l->identity, lease->identity) != 0)
        return BASE_ERR_BUSY;
    if (!l && server->lease_count >= server->config.max_devices)
        return BASE_ERR_LIMIT;
    if (l)
        base_list_remove(&l->link);
    else if ((l = base_alloc(server->alloc, sizeof *l)) != NULL)
        server->lease_count++;
    else
        return BASE_ERR_NOMEM;
    *l = *lease;
    put(server, l);
    tell_device(server, l->busid);
    record(server, l->busid, by,
           EVENTLOG_WITH(lease_taken, .seconds = (uint32_t)((l->until_us - now_us) / 1000000)));
    return BASE_OK;
}

bool server_lease_end(struct usbip_server *server, const char *busid, enum eventlog_lease why,
                      const char *by, uint64_t now_us)
{
    server->now_us = now_us;
    server_leases_due(server);
    struct server_lease *l = find(server, busid);
    if (l)
        end(server, l, why, by);
    return l;
}
