// SPDX-License-Identifier: Apache-2.0
// Which device a client means. What it may not have does not exist for it: another device of the
// same name is found all the same, and a name that two have is not ambiguous.
#include "server/server_state.h"

#include <string.h>

struct access_identity server_identity(const struct server_link *l)
{
    return (struct access_identity){
        .kind = ACCESS_IDENTITY_ADDRESS,
        .address = session_peer_address(l->session)->address,
    };
}

// The device with that serial number that left last.
static const char *busid_of_serial(const struct usbip_server *server, const char *serial)
{
    const char *busid = NULL;
    BASE_LIST_FOR_EACH (const struct server_usage, u, &server->usages.list, link) {
        if (strcmp(u->serial, serial) == 0)
            busid = u->busid;
    }
    return busid;
}

const char *server_busid(struct usbip_server *server, const char *name)
{
    const struct registry *r = &server->registry;
    const struct registry_device *d = registry_find_named(&server->registry, name);
    const char *busid = d ? d->info.busid : NULL;
    for (unsigned i = 0; i < r->naming_count && !busid; i++) {
        const struct access_naming *n = &r->namings[i];
        if (strcmp(n->names.alias, name) == 0)
            busid = n->by == ACCESS_FOLLOW_PORT ? n->key : busid_of_serial(server, n->key);
    }
    return busid ? busid : name;
}

struct finding {
    struct registry_device *device; // the first that the client may have
    unsigned count;                 // of those
    struct registry_device *leased; // the first that is leased to others meanwhile
    struct registry_device *denied; // the first that it may not have
    struct access_answer why;
};

static void find(const struct usbip_server *server, const struct access_identity *who,
                 enum registry_name kind, const char *name, struct finding *f)
{
    BASE_LIST_FOR_EACH (struct registry_device, d, &server->registry.devices, link) {
        if (d->state == REGISTRY_HUB || strcmp(registry_name(d, kind), name) != 0)
            continue;
        struct access_answer a = registry_ask(d, server->access, who);
        bool leased = a.yes && registry_leased_away(d, who);
        if (leased)
            f->leased = f->leased ? f->leased : d;
        else if (a.yes && f->count++ == 0)
            f->device = d;
        if (a.yes || f->denied)
            continue;
        f->denied = d;
        f->why = a;
    }
}

struct registry_device *server_find(struct usbip_server *server, const struct server_link *l,
                                    const char *name)
{
    const struct access_identity who = server_identity(l);
    struct finding f = {.count = 0};
    for (enum registry_name kind = REGISTRY_BUSID; kind < REGISTRY_NAMES && f.count == 0; kind++)
        find(server, &who, kind, name, &f);
    if (f.count == 1)
        return f.device;
    if (f.count == 0 && f.leased) // it is there, and is found to be busy
        return f.leased;
    if (f.count > 1)
        server_record_of(server, l, name, EVENTLOG_WITH(name_ambiguous, .devices = f.count));
    else if (f.denied)
        server_record_of(server, l, f.denied->info.busid,
                         EVENTLOG_WITH(access_denied, .reason = f.why.reason, .rule = f.why.rule));
    else // takes as long as if there were one
        (void)access_decide(server->access, &who, NULL);
    return NULL;
}
