// SPDX-License-Identifier: Apache-2.0
// Rules and names change while the server runs.
#include "server/server_state.h"

#include <string.h>

static const struct access_list open_to_all = {.mode = ACCESS_OPEN};

void server_access_begin(struct usbip_server *server)
{
    server->access = &open_to_all;
}

static void free_access(struct usbip_server *server)
{
    base_free(server->alloc, server->own_access);
    server->own_access = NULL;
}

void server_access_end(struct usbip_server *server)
{
    free_access(server);
    base_free(server->alloc, server->namings);
}

static void end_denied(struct usbip_server *server)
{
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        if (!l->device || session_is_closing(l->session))
            continue;
        const struct access_identity who = server_identity(l);
        struct access_answer a = registry_ask(l->device, server->access, &who);
        if (a.yes && registry_rest(l->device) == REGISTRY_REFUSED) // its host has it back
            a = (struct access_answer){.reason = ACCESS_IS_NOT_EXPORTED};
        if (!a.yes)
            server_deny(server, l, a);
    }
}

static void tell_exports(struct usbip_server *server)
{
    BASE_LIST_FOR_EACH (struct registry_device, d, &server->registry.devices, link) {
        server_export_tell(server, d, false);
    }
}

static void record_change(struct usbip_server *server, const struct access_list *old,
                          const struct access_list *new)
{
    if (new->mode != old->mode)
        server_record(server, NULL, NULL,
                      EVENTLOG_WITH(access_changed, .mode = new->mode, .rules = new->rule_count));
    else if (!access_answers_equal(new, old))
        server_record(
            server, NULL, NULL,
            EVENTLOG_WITH(access_rules_changed, .mode = new->mode, .rules = new->rule_count));
}

static void put_access(struct usbip_server *server, struct access_list *copy)
{
    record_change(server, server->access, copy);
    free_access(server);
    server->access = server->own_access = copy;
}

static void put_names(struct usbip_server *server, struct access_naming *copy, unsigned count)
{
    static const struct access_names none = {.hidden = false};
    struct access_naming *old = server->namings;
    server->namings = copy;
    BASE_LIST_FOR_EACH (struct registry_device, d, &server->registry.devices, link) {
        const struct access_naming *n =
            access_naming_find(copy, count, d->info.busid, d->info.serial);
        if (!access_names_equal(&d->names, n ? &n->names : &none))
            server_record(server, d->info.busid, NULL, EVENTLOG(device_renamed));
    }
    registry_set_namings(&server->registry, copy, count);
    base_free(server->alloc, old);
}

enum base_err server_change_rules(struct usbip_server *server, const struct access_list *list,
                                  const struct access_naming *namings, unsigned count,
                                  uint64_t now_us)
{
    bool same = access_equal(list, server->access);
    struct access_naming *names = base_alloc(server->alloc, (count ? count : 1) * sizeof *names);
    struct access_list *access = same ? NULL : access_copy(list, server->alloc);
    if (!names || (!same && !access)) {
        base_free(server->alloc, names);
        base_free(server->alloc, access);
        return BASE_ERR_NOMEM;
    }
    if (count)
        memcpy(names, namings, count * sizeof *names);
    server->now_us = now_us;
    if (access)
        put_access(server, access);
    put_names(server, names, count);
    tell_exports(server);
    end_denied(server);
    return BASE_OK;
}

enum base_err server_change_access(struct usbip_server *server, const struct access_list *list,
                                   uint64_t now_us)
{
    return server_change_rules(server, list, server->registry.namings,
                               server->registry.naming_count, now_us);
}

enum base_err server_change_names(struct usbip_server *server, const struct access_naming *namings,
                                  unsigned count, uint64_t now_us)
{
    return server_change_rules(server, server->access, namings, count, now_us);
}

const struct access_list *server_access(const struct usbip_server *server)
{
    return server->access;
}
