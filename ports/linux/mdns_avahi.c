// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/mdns_avahi.h"
#include "api/api.h"

#include <avahi-client/client.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/thread-watch.h>
#include <avahi-common/timeval.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGAIN_MS = 10000 };

// All but `poll` and `log`: under the lock of Avahi's thread, which its callbacks run on.
struct mdns {
    AvahiThreadedPoll *poll;
    AvahiClient *client;
    AvahiEntryGroup *group;
    AvahiTimeout *again; // when there was nobody to ask
    const struct log *log;
    char name[API_NAME_SIZE], asked[API_NAME_SIZE]; // as it is, and as it should be
    char id[32], version[32];
    uint16_t usbip_port, http_port, https_port;
    unsigned devices;
    bool complained; // of the daemon that is not there
};

static void announce(struct mdns *m);

static void complain(struct mdns *m, int error)
{
    if (!m->complained)
        log_message(m->log, EVENTLOG_INFO,
                    "not announced on the local network: %s; it is tried on (--no-mdns: never)",
                    avahi_strerror(error));
    m->complained = true;
}

// Somebody else in the network has that name.
static void take_another_name(struct mdns *m)
{
    char *other = avahi_alternative_service_name(m->name);
    if (other)
        snprintf(m->name, sizeof m->name, "%s", other);
    avahi_free(other);
    log_message(m->log, EVENTLOG_WARNING, "the name is taken in the local network: announced as %s",
                m->name);
}

static void group_changed(AvahiEntryGroup *group, AvahiEntryGroupState state, void *ctx)
{
    struct mdns *m = ctx;
    m->group = group; // this may come before avahi_entry_group_new() has returned
    if (state == AVAHI_ENTRY_GROUP_COLLISION) {
        take_another_name(m);
        announce(m);
    } else if (state == AVAHI_ENTRY_GROUP_FAILURE) {
        complain(m, avahi_client_errno(m->client));
    }
}

static AvahiStringList *usbip_text(const struct mdns *m)
{
    AvahiStringList *t = avahi_string_list_new("txtvers=1", "api=/api/v1", "board=linux", NULL);
    t = avahi_string_list_add_printf(t, "id=%s", m->id);
    t = avahi_string_list_add_printf(t, "version=%s", m->version);
    return avahi_string_list_add_printf(t, "devices=%u", m->devices);
}

static int add(struct mdns *m, const char *type, uint16_t port, AvahiStringList *text)
{
    int error = avahi_entry_group_add_service_strlst(m->group, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
                                                     0, m->name, type, NULL, NULL, port, text);
    avahi_string_list_free(text);
    return error;
}

static int add_all(struct mdns *m)
{
    int error = add(m, "_usbip._tcp", m->usbip_port, usbip_text(m));
    if (error == AVAHI_OK)
        error = add(m, "_http._tcp", m->http_port, avahi_string_list_new("path=/", NULL));
    if (error == AVAHI_OK && m->https_port)
        error = add(m, "_https._tcp", m->https_port, avahi_string_list_new("path=/", NULL));
    return error;
}

// From nothing, with the name of now.
static void announce(struct mdns *m)
{
    if (!m->group)
        m->group = avahi_entry_group_new(m->client, group_changed, m);
    if (!m->group) {
        complain(m, avahi_client_errno(m->client));
        return;
    }
    avahi_entry_group_reset(m->group);
    int error;
    while ((error = add_all(m)) == AVAHI_ERR_COLLISION) { // with another one of this machine
        take_another_name(m);
        avahi_entry_group_reset(m->group);
    }
    if (error == AVAHI_OK)
        error = avahi_entry_group_commit(m->group);
    if (error != AVAHI_OK)
        complain(m, error);
}

static void withdraw(struct mdns *m)
{
    if (m->group)
        avahi_entry_group_free(m->group);
    m->group = NULL;
}

static void ask_again(struct mdns *m)
{
    const AvahiPoll *poll = avahi_threaded_poll_get(m->poll);
    struct timeval when;
    avahi_elapse_time(&when, AGAIN_MS, 0);
    poll->timeout_update(m->again, &when);
}

static void client_changed(AvahiClient *client, AvahiClientState state, void *ctx)
{
    struct mdns *m = ctx;
    m->client = client; // this comes before avahi_client_new() has returned
    switch (state) {
    case AVAHI_CLIENT_S_RUNNING:
        m->complained = false;
        announce(m);
        break;
    case AVAHI_CLIENT_S_REGISTERING: // the machine's own name changes
    case AVAHI_CLIENT_S_COLLISION:
        withdraw(m);
        break;
    case AVAHI_CLIENT_CONNECTING:
        complain(m, AVAHI_ERR_NO_DAEMON);
        break;
    case AVAHI_CLIENT_FAILURE: // it has no way back
        complain(m, avahi_client_errno(client));
        ask_again(m);
        break;
    }
}

static void connect_client(AvahiTimeout *timeout, void *ctx)
{
    struct mdns *m = ctx;
    const AvahiPoll *poll = avahi_threaded_poll_get(m->poll);
    int error;
    poll->timeout_update(timeout, NULL);
    withdraw(m);
    if (m->client)
        avahi_client_free(m->client);
    m->client = avahi_client_new(poll, AVAHI_CLIENT_NO_FAIL, client_changed, m, &error);
    if (!m->client) {
        complain(m, error);
        ask_again(m);
    }
}

struct mdns *mdns_start(const struct mdns_config *c)
{
    struct mdns *m = calloc(1, sizeof *m);
    struct timeval now = {0};
    if (!m)
        return NULL;
    m->log = c->log;
    m->usbip_port = c->usbip_port;
    m->http_port = c->http_port;
    m->https_port = c->https_port;
    snprintf(m->id, sizeof m->id, "%s", c->id);
    snprintf(m->version, sizeof m->version, "%s", c->version);
    snprintf(m->name, sizeof m->name, "%s", c->name);
    snprintf(m->asked, sizeof m->asked, "%s", c->name);
    m->poll = avahi_threaded_poll_new();
    if (m->poll) {
        const AvahiPoll *poll = avahi_threaded_poll_get(m->poll);
        m->again = poll->timeout_new(poll, &now, connect_client, m);
    }
    if (!m->poll || !m->again || avahi_threaded_poll_start(m->poll) != 0) {
        if (m->poll)
            avahi_threaded_poll_free(m->poll);
        free(m);
        return NULL;
    }
    return m;
}

void mdns_change(struct mdns *m, const char *name, unsigned devices)
{
    bool renamed = strcmp(m->asked, name) != 0;
    if (!renamed && m->devices == devices)
        return;
    avahi_threaded_poll_lock(m->poll);
    m->devices = devices;
    if (renamed) {
        snprintf(m->asked, sizeof m->asked, "%s", name);
        snprintf(m->name, sizeof m->name, "%s", name);
    }
    if (renamed && m->group) {
        announce(m);
    } else if (m->group && !avahi_entry_group_is_empty(m->group)) {
        AvahiStringList *text = usbip_text(m);
        avahi_entry_group_update_service_txt_strlst(m->group, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
                                                    0, m->name, "_usbip._tcp", NULL, text);
        avahi_string_list_free(text);
    }
    avahi_threaded_poll_unlock(m->poll);
}

void mdns_stop(struct mdns *m)
{
    if (!m)
        return;
    avahi_threaded_poll_stop(m->poll);
    if (m->client)
        avahi_client_free(m->client); // and the group
    avahi_threaded_poll_free(m->poll);
    free(m);
}
