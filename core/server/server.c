// SPDX-License-Identifier: Apache-2.0
#include "server/server_state.h"

#include <assert.h>

// --- life ----------------------------------------------------------------------------------------

struct usbip_server *server_create(const struct server_config *config,
                                   const struct base_alloc *alloc, uint64_t now_us)
{
    struct usbip_server *server = base_alloc(alloc, sizeof *server);
    if (!server)
        return NULL;
    server->log = config->eventlog_memory.bytes
                      ? eventlog_create_in(alloc, &config->eventlog_memory)
                      : eventlog_create(alloc, config->eventlog_capacity);
    if (!server->log) {
        base_free(alloc, server);
        return NULL;
    }
    server->alloc = alloc;
    server->config = *config;
    server->config.eventlog_capacity = eventlog_capacity(server->log);
    server->budget.total = config->total_budget_bytes;
    server->now_us = now_us;
    server->totals.started_us = now_us;
    struct base_list *lists[] = {&server->links,   &server->ready,  &server->timers,
                                 &server->changed, &server->leases, &server->budget.starving};
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        base_list_init(lists[i]);
    registry_init(&server->registry, alloc, config->max_devices);
    server_usages_init(&server->usages, alloc, now_us);
    server_access_begin(server);
    eventlog_begin_clock(server->log, config->unix_us, now_us);
    server_record(server, NULL, NULL,
                  EVENTLOG_WITH(server_started, .reason = config->start,
                                .damaged_events = eventlog_dropped(server->log)));
    return server;
}

void server_change_limits(struct usbip_server *server, const struct server_config *config)
{
    server->config.max_connections = config->max_connections;
    server->config.max_devices = server->registry.max = config->max_devices;
    server->config.never_take_over = config->never_take_over;
    server->config.session.max_urbs = config->session.max_urbs;
    server->config.session.silent_us = config->session.silent_us;
    server->config.session.max_urb_bytes = config->session.max_urb_bytes; // the sessions see it
    server->config.session.budget_bytes = config->session.budget_bytes;
    server->config.total_budget_bytes = server->budget.total = config->total_budget_bytes;
    session_budget_grew(&server->budget);
}

static void *raw_alloc(void *ctx, uint32_t size)
{
    struct server_slot *slot = ctx;
    return slot->backend->buffer_alloc(slot->backend, size);
}

static void raw_free(void *ctx, void *p, uint32_t size)
{
    struct server_slot *slot = ctx;
    slot->backend->buffer_free(slot->backend, p, size);
}

enum base_err server_add_backend(struct usbip_server *server, struct usbip_backend *backend)
{
    if (server->backend_count == SERVER_MAX_BACKENDS)
        return BASE_ERR_LIMIT;
    struct server_slot *slot = &server->backends[server->backend_count++];
    slot->backend = backend;
    slot->pool = (struct session_pool){
        .raw_alloc = raw_alloc,
        .raw_free = raw_free,
        .ctx = slot,
        .cache_limit = server->config.pool_cache_bytes,
    };
    return BASE_OK;
}

static void free_link(struct usbip_server *server, struct server_link *l)
{
    struct session_view view;
    session_view(l->session, &view);
    server_counters_add(&server->totals.ended, &view.counters);
    server->totals.protocol_errors += session_failed(l->session);
    session_latency_add(l->session, server->latency);
    session_destroy(l->session);
    base_list_remove(&l->list);
    base_list_remove(&l->notice.link);
    base_list_remove(&l->changed);
    base_list_remove(&l->timer);
    base_free(server->alloc, l);
}

void server_destroy(struct usbip_server *server)
{
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        session_rx_end(l->session, true, server->now_us);
        l->disconnected = true;
    }
    server_step(server, server->now_us); // sessions whose URBs come back at once end here
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        assert(session_is_idle(l->session)); // else: server_stop() and server_stopped() first
        free_link(server, l);
    }
    registry_clear(&server->registry);
    server_usages_clear(&server->usages);
    server_leases_clear(server);
    server_access_end(server);
    for (unsigned i = 0; i < server->backend_count; i++)
        session_pool_trim(&server->backends[i].pool);
    eventlog_destroy(server->log);
    base_free(server->alloc, server);
}

// --- connections ---------------------------------------------------------------------------------

static struct session *refuse_connection(struct usbip_server *server, const struct base_peer *peer,
                                         enum eventlog_refusal why)
{
    server->totals.connections_refused++;
    server_record(server, NULL, peer, EVENTLOG_WITH(connection_refused, .reason = why));
    return NULL;
}

struct session *server_connected(struct usbip_server *server, const struct base_peer *peer,
                                 uint64_t now_us)
{
    server->now_us = now_us;
    if (server->stopping)
        return refuse_connection(server, peer, EVENT_REFUSED_STOPPING);
    if (!server_room_for_connection(server))
        return refuse_connection(server, peer, EVENT_REFUSED_LIMIT);
    struct server_link *l = base_alloc(server->alloc, sizeof *l);
    if (!l)
        return refuse_connection(server, peer, EVENT_REFUSED_NO_MEMORY);
    l->id = ++server->last_id;
    l->deadline_us = UINT64_MAX;
    l->notice.list = &server->ready;
    base_list_init(&l->notice.link);
    base_list_init(&l->changed);
    base_list_init(&l->timer);
    l->session = session_create(server->alloc, &server->config.session, server->log, l->id, peer,
                                &l->notice, now_us);
    if (!l->session) {
        base_free(server->alloc, l);
        return refuse_connection(server, peer, EVENT_REFUSED_NO_MEMORY);
    }
    base_list_append(&server->links, &l->list);
    server->totals.connections++;
    return l->session;
}

static struct server_link *link_of(const struct session *s)
{
    return BASE_CONTAINER(session_notice(s), struct server_link, notice);
}

void server_disconnected(struct usbip_server *server, struct session *s, uint64_t now_us)
{
    server->now_us = now_us;
    session_rx_end(s, true, now_us);
    link_of(s)->disconnected = true;
}

bool server_disconnect(struct usbip_server *server, uint32_t session, uint64_t now_us)
{
    server->now_us = now_us;
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        if (l->id != session || session_is_closing(l->session))
            continue;
        session_close(l->session, EVENT_END_OPERATOR, now_us);
        return true;
    }
    return false;
}

// --- work ----------------------------------------------------------------------------------------

static void answer_list(struct usbip_server *server, struct server_link *l)
{
    const struct access_identity who = server_identity(l);
    const struct registry_audience audience = {
        .access = server->access,
        .who = &who,
        .in_use_too = server->config.list_in_use,
        .not_silent = server->config.never_take_over,
    };
    size_t size = 0;
    unsigned devices = 0;
    uint8_t *bytes = registry_devlist(&server->registry, &audience, &size, &devices);
    session_list_reply(l->session, bytes, size, devices, server->now_us);
}

// False: there was none.
static bool carry_out_action(struct usbip_server *server, struct server_link *l)
{
    struct session_action a = session_next_action(l->session, server->now_us);
    struct registry_device *d = l->device;
    switch (a.type) {
    case SESSION_ACTION_NONE:
        return false;
    case SESSION_ACTION_LIST:
        answer_list(server, l);
        break;
    case SESSION_ACTION_IMPORT:
        server_import(server, l, a.name);
        break;
    case SESSION_ACTION_SUBMIT:
        d->backend->submit(d->backend, a.urb);
        break;
    case SESSION_ACTION_CANCEL:
        d->backend->cancel(d->backend, a.urb);
        break;
    case SESSION_ACTION_CONTROL:
        d->backend->control(d->backend, d->backend_device, &a.op);
        break;
    }
    return true;
}

// The order of deadlines. Most come as the latest (connections have the same patience) or are among
// the next ones (milliseconds against seconds).
static void set_timer(struct usbip_server *server, struct server_link *l, uint64_t deadline_us)
{
    if (l->deadline_us == deadline_us && base_list_empty(&l->timer) == (deadline_us == UINT64_MAX))
        return;
    base_list_remove(&l->timer);
    l->deadline_us = deadline_us;
    if (deadline_us == UINT64_MAX)
        return;
    struct base_list *before = &server->timers;
    if (!base_list_empty(before) &&
        deadline_us < BASE_CONTAINER(before->prev, struct server_link, timer)->deadline_us) {
        do
            before = before->next;
        while (BASE_CONTAINER(before, struct server_link, timer)->deadline_us <= deadline_us);
    }
    base_list_append(before, &l->timer);
}

static uint64_t first_deadline(const struct usbip_server *server)
{
    const struct base_list *first = server->timers.next;
    return first == &server->timers ? UINT64_MAX
                                    : BASE_CONTAINER(first, struct server_link, timer)->deadline_us;
}

// All that the session wants now, and what follows from its end.
static void look_after(struct usbip_server *server, struct server_link *l)
{
    if (l->deadline_us <= server->now_us)
        session_tick(l->session, server->now_us);
    while (carry_out_action(server, l)) {
    }
    server_room_for_urbs(server);
    server_follow_peer(server, l);
    server_let_go(l);
    bool over = l->disconnected && !l->device && session_is_idle(l->session);
    bool closing = session_is_closing(l->session);
    if (over)
        free_link(server, l);
    if (closing)
        server_serve_room(server);
    if (over)
        return;
    set_timer(server, l, session_next_deadline(l->session));
    base_list_remove(&l->changed);
    base_list_append(&server->changed, &l->changed);
}

static void take_due(struct usbip_server *server)
{
    while (first_deadline(server) <= server->now_us) {
        struct server_link *l =
            BASE_CONTAINER(base_list_pop(&server->timers), struct server_link, timer);
        session_give_notice(&l->notice);
    }
    if (server->switching > 0 && server_ports_due(server))
        server_take_events(server);
}

void server_step(struct usbip_server *server, uint64_t now_us)
{
    if (server_usage_due(&server->usages, now_us))
        server_usage_sample(&server->usages, server->now_us, now_us);
    server->now_us = now_us;
    server_leases_due(server);
    server_take_events(server);
    take_due(server);
    while (!base_list_empty(&server->ready)) {
        struct base_list *first = base_list_pop(&server->ready);
        look_after(server, BASE_CONTAINER(first, struct server_link, notice.link));
        if (base_list_empty(&server->ready))
            server_take_events(server);
    }
}

struct session *server_next_changed(struct usbip_server *server)
{
    struct base_list *first = base_list_pop(&server->changed);
    return first ? BASE_CONTAINER(first, struct server_link, changed)->session : NULL;
}

uint64_t server_next_deadline(struct usbip_server *server)
{
    uint64_t best = base_list_empty(&server->ready) ? first_deadline(server) : 0;
    uint64_t ports_us = server->switching > 0 ? server_ports_deadline(server) : UINT64_MAX;
    uint64_t leases_us = server_leases_deadline(server);
    best = ports_us < best ? ports_us : best;
    best = leases_us < best ? leases_us : best;
    for (unsigned i = 0; i < server->backend_count; i++) {
        struct usbip_backend *b = server->backends[i].backend;
        uint64_t t = b->next_deadline(b);
        best = t < best ? t : best;
    }
    return best;
}

void server_stop(struct usbip_server *server, uint64_t now_us)
{
    server->now_us = now_us;
    if (server->stopping)
        return;
    server->stopping = true;
    server_record(server, NULL, NULL, EVENTLOG(server_stopping));
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        session_close(l->session, EVENT_END_STOPPING, now_us);
    }
    server_ports_stop(server);
}

bool server_stopped(const struct usbip_server *server)
{
    BASE_LIST_FOR_EACH (struct registry_device, d, &server->registry.devices, link) {
        enum registry_state state = d->state;
        if (state == REGISTRY_OPENING || state == REGISTRY_IN_USE || state == REGISTRY_CLEANING)
            return false;
    }
    return server->stopping && base_list_empty(&server->links) && server_ports_quiet(server);
}

// --- what others may see -------------------------------------------------------------------------

struct eventlog *server_eventlog(struct usbip_server *server)
{
    return server->log;
}

struct registry *server_registry(struct usbip_server *server)
{
    return &server->registry;
}

const struct server_config *server_config(const struct usbip_server *server)
{
    return &server->config;
}

void server_totals(const struct usbip_server *server, struct server_totals *t)
{
    *t = server->totals;
    t->payload_bytes_in_use = server->budget.in_use;
    BASE_LIST_FOR_EACH (const struct server_link, l, &server->links, list)
        t->protocol_errors += session_failed(l->session);
    for (unsigned i = 0; i < server->backend_count; i++)
        t->payload_bytes_cached += server->backends[i].pool.cached_bytes;
}

const struct server_usages *server_usages(struct usbip_server *server, uint64_t now_us)
{
    server_usage_sample(&server->usages, server->now_us, now_us);
    return &server->usages;
}

void server_latency(const struct usbip_server *server, struct session_latency by_type[4])
{
    for (unsigned type = 0; type < 4; type++)
        by_type[type] = server->latency[type];
    BASE_LIST_FOR_EACH (const struct server_link, l, &server->links, list)
        session_latency_add(l->session, by_type);
}

struct session *server_next_session(const struct usbip_server *server, const struct session *after)
{
    const struct base_list *at = after ? &link_of(after)->list : &server->links;
    if (at->next == &server->links)
        return NULL;
    return BASE_CONTAINER(at->next, struct server_link, list)->session;
}
