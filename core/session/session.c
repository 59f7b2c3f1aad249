// SPDX-License-Identifier: Apache-2.0
// Life of a connection: operation phase, import, closing, time.
#include "base/base_text.h"
#include "session/session_state.h"

#include <assert.h>
#include <string.h>

struct session *session_create(const struct base_alloc *alloc, const struct session_limits *limits,
                               struct eventlog *log, uint32_t id, const char *peer, uint64_t now_us)
{
    struct session *s = base_alloc(alloc, sizeof *s);
    if (!s)
        return NULL;
    s->alloc = alloc;
    s->limits = limits;
    s->log = log;
    s->id = id;
    s->version = WIRE_VERSION;
    s->now_us = s->since_us = now_us;
    s->deadline_us = now_us + limits->op_timeout_us;
    (void)base_text_copy(s->peer, sizeof s->peer, peer);
    struct base_list *lists[] = {&s->tx_queue, &s->free_urbs, &s->free_replies, &s->waiting,
                                 &s->early,    &s->active,    &s->op_tx.link};
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        base_list_init(lists[i]);
    session_record(s, EVENTLOG(connection_opened));
    return s;
}

void session_destroy(struct session *s)
{
    assert(session_is_idle(s));
    session_drop_tx(s);
    if (s->imported)
        s->budget->reserved -= s->reserve;
    session_urbs_destroy(s);
    session_figures_destroy(s);
    base_free(s->alloc, s);
}

void session_record(struct session *s, struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = s->now_us, .session = s->id, .what = what};
    memcpy(e.peer, s->peer, sizeof e.peer);
    memcpy(e.busid, s->busid, sizeof e.busid);
    eventlog_record(s->log, &e);
}

void session_fail(struct session *s, enum eventlog_protocol why, uint32_t value)
{
    session_record(s, EVENTLOG_WITH(protocol_error, .error = why, .value = value));
    session_close(s, EVENT_END_PROTOCOL, s->now_us);
}

// --- operation phase -----------------------------------------------------------------------------

// A request that is not served is answered in 8 bytes, never with silence: the user of an old tool
// then reads "version mismatch" or "not available" instead of "Request Completed Successfully".
static void refuse_op(struct session *s, const struct wire_op_header *h, enum eventlog_protocol why,
                      uint32_t value)
{
    s->version = why == EVENT_BAD_VERSION ? WIRE_VERSION : h->version;
    session_queue_op(s, h->code & 0x7fff, WIRE_ST_NA, NULL, 0);
    session_fail(s, why, value);
}

// What is shown to people and logged holds no control characters; no device has a '?' in its busid.
static void make_printable(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

static bool parse_import(struct session *s)
{
    if (s->ahead_end - s->ahead_begin < WIRE_OP_IMPORT_SIZE)
        return false;
    const uint8_t *busid = s->ahead + s->ahead_begin + WIRE_OP_HEADER_SIZE;
    enum base_err err = wire_busid_unpack(s->busid, busid);
    make_printable(s->busid);
    s->ahead_begin += WIRE_OP_IMPORT_SIZE;
    s->phase = SESSION_PHASE_IMPORT;
    s->asked = false;
    s->deadline_us = s->now_us + s->limits->import_timeout_us;
    if (err != BASE_OK)
        (void)session_import_reply(s, WIRE_ST_NODEV, NULL, s->now_us);
    return true;
}

bool session_op_parse(struct session *s)
{
    // One operation at a time: the next request waits until the reply before it is sent.
    if (s->ahead_end - s->ahead_begin < WIRE_OP_HEADER_SIZE || !base_list_empty(&s->tx_queue))
        return false;
    struct wire_op_header h = wire_op_header_unpack(s->ahead + s->ahead_begin);
    if (h.version < WIRE_VERSION_OLDEST || h.version > WIRE_VERSION) {
        refuse_op(s, &h, EVENT_BAD_VERSION, h.version);
        return false;
    }
    if (h.code != WIRE_OP_REQ_DEVLIST && h.code != WIRE_OP_REQ_IMPORT) {
        refuse_op(s, &h, EVENT_BAD_OPERATION, h.code);
        return false;
    }
    s->version = h.version;
    if (h.code == WIRE_OP_REQ_IMPORT)
        return parse_import(s);
    s->ahead_begin += WIRE_OP_HEADER_SIZE;
    s->phase = SESSION_PHASE_LIST;
    s->asked = false;
    return true;
}

void session_list_reply(struct session *s, uint8_t *bytes, size_t size, unsigned devices,
                        uint64_t now_us)
{
    s->now_us = now_us;
    if (s->phase != SESSION_PHASE_LIST) { // closed in between
        base_free(s->alloc, bytes);
        return;
    }
    session_queue_op(s, WIRE_OP_REP_DEVLIST, bytes ? WIRE_ST_OK : WIRE_ST_NA, bytes, size);
    if (!bytes) {
        session_close(s, EVENT_END_NO_MEMORY, now_us);
        return;
    }
    session_record(s, EVENTLOG_WITH(devlist, .devices = devices));
    s->answered_one = true;
    s->phase = SESSION_PHASE_OP;
    s->deadline_us = now_us + s->limits->op_timeout_us;
    if (s->peer_ended)
        session_close(s, EVENT_END_DONE, now_us);
}

// --- import --------------------------------------------------------------------------------------

static enum base_err take_device(struct session *s, const struct session_device *d)
{
    uint64_t reserve = session_pool_rounded(s->limits->max_urb_bytes);
    if (d->budget->in_use + d->budget->reserved + reserve > d->budget->total ||
        session_urbs_create(s) != BASE_OK)
        return BASE_ERR_NOMEM;
    struct usb_device_descriptor desc = {0};
    (void)usb_device_descriptor_unpack(&desc, d->info->device_descriptor);
    bool super = d->info->speed == USB_SPEED_SUPER;
    s->imported = true;
    s->info = d->info;
    s->backend_device = d->backend_device;
    s->pool = d->pool;
    s->budget = d->budget;
    s->reserve = reserve;
    s->budget->reserved += reserve;
    s->devid = (uint32_t)d->info->busnum << 16 | d->info->devnum;
    s->active_config = d->info->active_config;
    usb_endpoint_table_build(&s->endpoints, usb_device_config(d->info, s->active_config),
                             s->alternate, super ? 512 : desc.bMaxPacketSize0);
    session_figures_create(s);
    return BASE_OK;
}

static void refuse_import(struct session *s, enum wire_op_status status)
{
    session_record(s, EVENTLOG_WITH(import_refused, .status = status));
    session_queue_op(s, WIRE_OP_REP_IMPORT, status, NULL, 0);
    session_close(s, EVENT_END_DONE, s->now_us);
}

enum base_err session_import_reply(struct session *s, enum wire_op_status status,
                                   const struct session_device *device, uint64_t now_us)
{
    s->now_us = now_us;
    assert(s->phase == SESSION_PHASE_IMPORT);
    enum base_err err = status == WIRE_ST_OK ? take_device(s, device) : BASE_OK;
    if (err != BASE_OK)
        status = WIRE_ST_NA;
    if (status != WIRE_ST_OK) {
        refuse_import(s, status);
        return err;
    }
    struct usb_interface none;
    unsigned interfaces =
        usb_config_interfaces(usb_device_config(s->info, s->active_config), &none, 0);
    wire_device_pack(s->op_record, s->info, (uint8_t)interfaces);
    session_queue_op(s, WIRE_OP_REP_IMPORT, WIRE_ST_OK, s->op_record, sizeof s->op_record);
    session_record(s, EVENTLOG(imported));
    s->phase = SESSION_PHASE_URB;
    s->since_us = now_us;
    s->deadline_us = UINT64_MAX;
    session_parse(s); // a client may send its first SUBMIT behind the request
    return BASE_OK;
}

// --- closing -------------------------------------------------------------------------------------

void session_close(struct session *s, enum eventlog_end why, uint64_t now_us)
{
    s->now_us = now_us;
    if (s->phase == SESSION_PHASE_CLOSING)
        return;
    if (s->imported)
        session_record(s, EVENTLOG_WITH(session_ended, .urbs = (uint32_t)s->counters.urbs_completed,
                                        .reason = why));
    else
        session_record(s, EVENTLOG_WITH(connection_closed, .reason = why));
    bool nobody_reads = why == EVENT_END_PEER_LOST || why == EVENT_END_CROWDED ||
                        (why == EVENT_END_PEER_CLOSED && s->imported);
    s->phase = SESSION_PHASE_CLOSING;
    s->deadline_us = now_us + s->limits->linger_us;
    session_urbs_close(s);
    if (s->rx_skip_reply)
        base_list_append(&s->free_replies, &s->rx_skip_reply->tx.link);
    s->rx_skip_reply = NULL;
    s->broken |= nobody_reads;
    if (s->broken)
        session_drop_tx(s);
}

void session_unplugged(struct session *s, uint64_t now_us)
{
    session_close(s, EVENT_END_UNPLUGGED, now_us);
    if (s->control_op)
        session_urb_release(s, s->control_op);
    s->control_op = NULL;
}

void session_rx_end(struct session *s, bool lost, uint64_t now_us)
{
    s->now_us = now_us;
    s->peer_ended = true;
    if (lost && s->phase == SESSION_PHASE_CLOSING) {
        s->broken = true;
        session_drop_tx(s);
    } else if (lost) {
        session_close(s, EVENT_END_PEER_LOST, now_us);
    } else if (s->phase != SESSION_PHASE_LIST) { // an asked DEVLIST is still answered
        bool done = s->answered_one && !s->imported;
        session_close(s, done ? EVENT_END_DONE : EVENT_END_PEER_CLOSED, now_us);
    }
}

enum session_port_state session_port_state(const struct session *s)
{
    if (s->phase != SESSION_PHASE_CLOSING)
        return SESSION_PORT_OPEN;
    if (s->broken)
        return SESSION_PORT_CLOSE;
    if (!base_list_empty(&s->tx_queue))
        return SESSION_PORT_OPEN;
    return s->peer_ended ? SESSION_PORT_CLOSE : SESSION_PORT_FINISH;
}

bool session_is_idle(const struct session *s)
{
    return s->active_count == 0 && !s->control_op;
}

bool session_is_closing(const struct session *s)
{
    return s->phase == SESSION_PHASE_CLOSING;
}

// --- actions and time ----------------------------------------------------------------------------

static struct session_action ask(struct session *s, enum session_action_type type)
{
    if (s->asked)
        return (struct session_action){0};
    s->asked = true;
    return (struct session_action){.type = type, .busid = s->busid};
}

struct session_action session_next_action(struct session *s)
{
    s->look_again = false;
    if (s->starved) // looked at now: only what comes free from here on is a reason to look again
        s->starved_at = s->budget->in_use;
    switch (s->phase) {
    case SESSION_PHASE_LIST:
        return ask(s, SESSION_ACTION_LIST);
    case SESSION_PHASE_IMPORT:
        return ask(s, SESSION_ACTION_IMPORT);
    case SESSION_PHASE_URB:
        if (s->held)
            session_parse(s);
        break;
    case SESSION_PHASE_OP:
    case SESSION_PHASE_CLOSING:
        break;
    }
    return session_urb_action(s);
}

static void patience_ends(struct session *s)
{
    switch (s->phase) {
    case SESSION_PHASE_OP:
    case SESSION_PHASE_LIST:
        session_close(s, s->answered_one ? EVENT_END_DONE : EVENT_END_TIMEOUT, s->now_us);
        break;
    case SESSION_PHASE_IMPORT:
        refuse_import(s, WIRE_ST_DEV_ERR);
        break;
    case SESSION_PHASE_URB:
        break;
    case SESSION_PHASE_CLOSING:
        s->broken = true;
        session_drop_tx(s);
        break;
    }
}

void session_tick(struct session *s, uint64_t now_us)
{
    s->now_us = now_us;
    if (now_us >= s->deadline_us)
        patience_ends(s);
    session_unlink_tick(s);
    if (s->held)
        session_parse(s);
}

// Is there an action that nobody has taken yet? Room that came free with the last bytes sent, here
// or in another session, can bring one about.
static bool action_due(const struct session *s)
{
    bool asks = s->phase == SESSION_PHASE_LIST || s->phase == SESSION_PHASE_IMPORT;
    bool room = s->starved && s->budget->in_use < s->starved_at;
    return (asks && !s->asked) || s->cancels_due > 0 || s->look_again || room;
}

uint64_t session_next_deadline(const struct session *s)
{
    if (action_due(s))
        return 0;
    if (s->broken)
        return UINT64_MAX;
    uint64_t best = session_unlink_deadline(s);
    if (s->deadline_us < best)
        best = s->deadline_us;
    if (s->held && s->hold_deadline_us < best)
        best = s->hold_deadline_us;
    return best;
}

// --- what others may see -------------------------------------------------------------------------

void session_view(const struct session *s, struct session_view *v)
{
    *v = (struct session_view){
        .id = s->id,
        .peer = s->peer,
        .busid = s->imported ? s->busid : "",
        .since_us = s->since_us,
        .urbs_in_flight = s->active_count + (s->control_op != NULL),
        .bytes_in_flight = s->bytes,
        .active_config = s->active_config,
        .counters = s->counters,
    };
}

bool session_endpoint_view(const struct session *s, bool in, unsigned number, uint64_t now_us,
                           struct session_endpoint_view *v)
{
    const struct session_figures *f = s->figures[in][number];
    if (!f)
        return false;
    *v = (struct session_endpoint_view){.ep = s->endpoints.ep[in][number], .figures = f};
    v->ep.address = (uint8_t)(number | (in ? USB_DIR_IN : 0u));
    BASE_LIST_FOR_EACH (const struct session_urb, u, &s->active, tx.link) {
        if (u->address != v->ep.address)
            continue;
        if (v->pending++ == 0) // the list is in the order of submission
            v->oldest_us = now_us - u->submitted_us;
    }
    return true;
}
