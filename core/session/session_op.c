// SPDX-License-Identifier: Apache-2.0
// Operation phase: a client asks for the list of devices, or imports one.
#include "session/session_state.h"

#include <assert.h>
#include <string.h>

// --- requests ------------------------------------------------------------------------------------

// A request that is not served is answered in 8 bytes, never with silence: the user of an old tool
// then reads "version mismatch" or "not available" instead of "Request Completed Successfully".
static void refuse_op(struct session *s, const struct wire_op_header *h, enum eventlog_protocol why,
                      uint32_t value)
{
    s->op.version = why == EVENT_BAD_OPERATION ? h->version : WIRE_VERSION;
    session_tx_op(s, h->code & 0x7fff, WIRE_ST_NA, NULL, 0);
    if (why == EVENT_BAD_OPERATION)
        session_fail(s, why, value);
    else
        session_fail_stranger(s, why, value);
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
    if (session_rx_ahead(s) < WIRE_OP_IMPORT_SIZE)
        return false;
    const uint8_t *busid = s->rx.ahead + s->rx.begin + WIRE_OP_HEADER_SIZE;
    enum base_err err = wire_busid_unpack(s->busid, busid);
    make_printable(s->busid);
    s->rx.begin += WIRE_OP_IMPORT_SIZE;
    s->phase = SESSION_PHASE_IMPORT;
    s->op.asks = true;
    s->deadline_us = s->now_us + s->limits->import_timeout_us;
    if (err != BASE_OK)
        (void)session_import_reply(s, WIRE_ST_NODEV, NULL, s->now_us);
    return true;
}

// Somebody's browser, or a port scanner: the log says so instead of a number that nobody knows.
static enum eventlog_protocol language_of(const uint8_t bytes[WIRE_OP_HEADER_SIZE])
{
    static const char methods[][4] = {"GET ", "HEAD", "POST", "PUT ", "DELE",
                                      "OPTI", "PATC", "CONN", "TRAC", "PRI "};
    static const uint8_t tls_handshake[] = {0x16, 3};
    for (unsigned i = 0; i < sizeof methods / sizeof *methods; i++)
        if (memcmp(bytes, methods[i], sizeof *methods) == 0)
            return EVENT_SPEAKS_HTTP;
    return memcmp(bytes, tls_handshake, sizeof tls_handshake) == 0 ? EVENT_SPEAKS_TLS
                                                                   : EVENT_BAD_VERSION;
}

bool session_op_parse(struct session *s)
{
    // One operation at a time: the next request waits until the reply before it is sent.
    if (session_rx_ahead(s) < WIRE_OP_HEADER_SIZE || !base_list_empty(&s->tx.queue))
        return false;
    struct wire_op_header h = wire_op_header_unpack(s->rx.ahead + s->rx.begin);
    if (h.version < WIRE_VERSION_OLDEST || h.version > WIRE_VERSION) {
        refuse_op(s, &h, language_of(s->rx.ahead + s->rx.begin), h.version);
        return false;
    }
    if (h.code != WIRE_OP_REQ_DEVLIST && h.code != WIRE_OP_REQ_IMPORT) {
        refuse_op(s, &h, EVENT_BAD_OPERATION, h.code);
        return false;
    }
    s->op.version = h.version;
    if (h.code == WIRE_OP_REQ_IMPORT)
        return parse_import(s);
    s->rx.begin += WIRE_OP_HEADER_SIZE;
    s->phase = SESSION_PHASE_LIST;
    s->op.asks = true;
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
    session_tx_op(s, WIRE_OP_REP_DEVLIST, bytes ? WIRE_ST_OK : WIRE_ST_NA, bytes, size);
    if (!bytes) {
        session_close(s, EVENT_END_NO_MEMORY, now_us);
        return;
    }
    session_record(s, EVENTLOG_WITH(devlist, .devices = devices));
    s->op.answered = true;
    s->phase = SESSION_PHASE_OP;
    s->deadline_us = now_us + s->limits->op_timeout_us;
    if (s->rx.ended)
        session_close(s, EVENT_END_DONE, now_us);
}

// --- replies -------------------------------------------------------------------------------------

static enum base_err take_device(struct session *s, const struct session_device *d)
{
    s->device = *d;
    if (!session_room_reserve(s))
        return BASE_ERR_NOMEM;
    session_pipes_create(s);
    if (session_tx_create(s) != BASE_OK || session_urbs_create(s) != BASE_OK) {
        session_room_unreserve(s);
        return BASE_ERR_NOMEM;
    }
    s->imported = true;
    s->rx.devid = (uint32_t)d->info->busnum << 16 | d->info->devnum;
    return BASE_OK;
}

static void refuse_import(struct session *s, enum wire_op_status status)
{
    session_record(s, EVENTLOG_WITH(import_refused, .status = status));
    session_tx_op(s, WIRE_OP_REP_IMPORT, status, NULL, 0);
    session_close(s, EVENT_END_DONE, s->now_us);
}

enum base_err session_import_reply(struct session *s, enum wire_op_status status,
                                   const struct session_device *device, uint64_t now_us)
{
    s->now_us = now_us;
    assert(s->phase == SESSION_PHASE_IMPORT);
    if (status != WIRE_ST_OK) {
        refuse_import(s, status);
        return BASE_OK;
    }
    enum base_err err = take_device(s, device);
    if (err != BASE_OK)
        return err;
    struct usb_interface none;
    unsigned interfaces =
        usb_config_interfaces(usb_device_config(s->device.info, s->pipes.active_config), &none, 0);
    wire_device_pack(s->tx.op_record, s->device.info, (uint8_t)interfaces);
    wire_device_name(s->tx.op_record, s->busid); // clients compare it with what they asked for
    memcpy(s->busid, s->device.info->busid, sizeof s->busid);
    session_tx_op(s, WIRE_OP_REP_IMPORT, WIRE_ST_OK, s->tx.op_record, sizeof s->tx.op_record);
    session_record(s, EVENTLOG(imported));
    s->phase = SESSION_PHASE_URB;
    s->since_us = now_us;
    session_past_begin(s);
    s->deadline_us = UINT64_MAX;
    session_touch(s); // a client may send its first SUBMIT behind the request
    return BASE_OK;
}

// --- what the server has to do -------------------------------------------------------------------

struct session_action session_op_ask(struct session *s)
{
    s->op.asks = false;
    return (struct session_action){
        .type = s->phase == SESSION_PHASE_LIST ? SESSION_ACTION_LIST : SESSION_ACTION_IMPORT,
        .name = s->busid,
    };
}

void session_op_overdue(struct session *s)
{
    if (s->phase == SESSION_PHASE_IMPORT)
        refuse_import(s, WIRE_ST_DEV_ERR);
    else
        session_close(s, s->op.answered ? EVENT_END_DONE : EVENT_END_TIMEOUT, s->now_us);
}
