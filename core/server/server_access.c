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
        if (!a.yes)
            server_deny(server, l, a);
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

enum base_err server_change_access(struct usbip_server *server, const struct access_list *list,
                                   uint64_t now_us)
{
    server->now_us = now_us;
    if (access_equal(list, server->access))
        return BASE_OK;
    struct access_list *copy = access_copy(list, server->alloc);
    if (!copy)
        return BASE_ERR_NOMEM;
    record_change(server, server->access, copy);
    free_access(server);
    server->access = server->own_access = copy;
    end_denied(server);
    return BASE_OK;
}

static void rename_devices(struct usbip_server *server, unsigned count)
{
    BASE_LIST_FOR_EACH (struct registry_device, d, &server->registry.devices, link) {
        const struct access_naming *n =
            access_naming_find(server->namings, count, d->info.busid, d->info.serial);
        const struct access_names none = {.hidden = false};
        if (!access_names_equal(&d->names, n ? &n->names : &none))
            server_record(server, d->info.busid, NULL, EVENTLOG(device_renamed));
    }
    registry_set_namings(&server->registry, server->namings, count);
}

enum base_err server_change_names(struct usbip_server *server, const struct access_naming *namings,
                                  unsigned count, uint64_t now_us)
{
    struct access_naming *copy = base_alloc(server->alloc, (count ? count : 1) * sizeof *copy);
    if (!copy)
        return BASE_ERR_NOMEM;
    if (count)
        memcpy(copy, namings, count * sizeof *copy);
    struct access_naming *old = server->namings;
    server->now_us = now_us;
    server->namings = copy;
    rename_devices(server, count);
    base_free(server->alloc, old);
    end_denied(server);
    return BASE_OK;
}

const struct access_list *server_access(const struct usbip_server *server)
{
    return server->access;
}
