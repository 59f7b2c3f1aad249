// SPDX-License-Identifier: Apache-2.0
#include "fuzz/fuzz_peer.h"

#include "fuzz/fuzz.h"
#include "wire/wire_op.h"
#include "wire/wire_urb.h"

#include <string.h>

static void got_nothing_expected(struct fuzz_peer *p)
{
    fuzz_require(!p->honest);
}

static void await(struct fuzz_peer *p, size_t want, void (*got)(struct fuzz_peer *p))
{
    p->have = 0;
    p->want = want;
    p->got = got;
}

void fuzz_peer_connect(struct fuzz_peer *p, struct session *s)
{
    memset(p, 0, sizeof *p);
    p->honest = true;
    p->session = s;
    if (s) {
        struct session_view view;
        session_view(s, &view);
        p->id = view.id;
    }
    await(p, 1, got_nothing_expected);
}

// --- requests ------------------------------------------------------------------------------------

static bool room(const struct fuzz_peer *p, size_t size)
{
    return p->session && !p->ended && size <= sizeof p->queue - p->queued;
}

static uint8_t *append(struct fuzz_peer *p, size_t size)
{
    uint8_t *at = p->queue + p->queued;
    memset(at, 0, size);
    p->queued += size;
    return at;
}

void fuzz_peer_raw(struct fuzz_peer *p, const uint8_t *bytes, size_t size)
{
    if (!room(p, size) || size == 0)
        return;
    memcpy(append(p, size), bytes, size);
    p->honest = false;
}

static void got_op_header(struct fuzz_peer *p);

// An honest client asks once, and not after an import.
static bool may_ask(struct fuzz_peer *p, size_t size)
{
    return room(p, size) && (!p->honest || (!p->op && !p->devid && p->got == got_nothing_expected));
}

static uint8_t *append_op(struct fuzz_peer *p, uint16_t request, uint16_t reply, size_t size)
{
    uint8_t *at = append(p, size);
    wire_op_header_pack(at, &(struct wire_op_header){.version = WIRE_VERSION, .code = request});
    p->op = reply;
    await(p, WIRE_OP_HEADER_SIZE, got_op_header);
    return at;
}

void fuzz_peer_devlist(struct fuzz_peer *p)
{
    if (may_ask(p, WIRE_OP_HEADER_SIZE))
        (void)append_op(p, WIRE_OP_REQ_DEVLIST, WIRE_OP_REP_DEVLIST, WIRE_OP_HEADER_SIZE);
}

void fuzz_peer_import(struct fuzz_peer *p, const char *busid)
{
    if (!may_ask(p, WIRE_OP_IMPORT_SIZE))
        return;
    uint8_t *at = append_op(p, WIRE_OP_REQ_IMPORT, WIRE_OP_REP_IMPORT, WIRE_OP_IMPORT_SIZE);
    memcpy(at + WIRE_OP_HEADER_SIZE, busid, strlen(busid));
}

static struct fuzz_request *find(struct fuzz_peer *p, uint32_t command, uint32_t seqnum)
{
    for (unsigned i = 0; i < FUZZ_PEER_REQUESTS; i++)
        if (p->requests[i].command == command && (!command || p->requests[i].seqnum == seqnum))
            return &p->requests[i];
    return NULL;
}

// Queues header `h`, with the next seqnum, and `body` bytes of payload.
static void request(struct fuzz_peer *p, struct wire_urb_header *h, size_t body,
                    struct fuzz_request r)
{
    struct fuzz_request *slot = find(p, 0, 0);
    if (!slot || !room(p, WIRE_URB_HEADER_SIZE + body) || (p->honest && !p->devid))
        return;
    h->seqnum = r.seqnum = ++p->seqnum;
    h->devid = p->devid;
    r.command = h->command;
    *slot = r;
    uint8_t *at = append(p, WIRE_URB_HEADER_SIZE + body);
    wire_urb_header_pack(at, h);
    memset(at + WIRE_URB_HEADER_SIZE, (uint8_t)h->seqnum, body);
}

void fuzz_peer_submit(struct fuzz_peer *p, uint8_t ep, uint32_t length, const uint8_t setup[8],
                      uint32_t flags)
{
    bool in = (ep & USB_DIR_IN) != 0;
    struct wire_urb_header h = {
        .command = WIRE_CMD_SUBMIT,
        .direction = in,
        .ep = ep & 0x0f,
        .u.submit = {.transfer_flags = flags, .transfer_buffer_length = (int32_t)length},
    };
    memcpy(h.u.submit.setup, setup, 8);
    request(p, &h, in ? 0 : length, (struct fuzz_request){.length = (int32_t)length, .in = in});
}

void fuzz_peer_unlink(struct fuzz_peer *p, uint32_t victim)
{
    struct wire_urb_header h = {.command = WIRE_CMD_UNLINK, .u.unlink.victim = victim};
    request(p, &h, 0, (struct fuzz_request){.victim = victim});
}

void fuzz_peer_spoil(struct fuzz_peer *p, size_t at, uint8_t bit)
{
    if (!p->queued)
        return;
    p->queue[at % p->queued] ^= (uint8_t)(1u << (bit & 7));
    p->honest = false;
}

// --- replies -------------------------------------------------------------------------------------

static void got_urb_header(struct fuzz_peer *p);

static void got_import_record(struct fuzz_peer *p)
{
    struct wire_device d;
    wire_device_unpack(&d, p->buffer);
    fuzz_require(d.busnum >= 1 && d.busnum <= 255 && d.devnum >= 1 && d.devnum <= 255);
    p->devid = d.busnum << 16 | d.devnum;
    await(p, WIRE_URB_HEADER_SIZE, got_urb_header);
}

static void got_list_record(struct fuzz_peer *p)
{
    struct wire_device d;
    wire_device_unpack(&d, p->buffer);
    p->body = (uint64_t)d.bNumInterfaces * WIRE_INTERFACE_SIZE;
    if (--p->devices == 0)
        await(p, 1, got_nothing_expected);
    else
        await(p, WIRE_DEVICE_SIZE, got_list_record);
}

static void got_list_count(struct fuzz_peer *p)
{
    p->devices = base_get_be32(p->buffer);
    if (p->devices == 0)
        await(p, 1, got_nothing_expected);
    else
        await(p, WIRE_DEVICE_SIZE, got_list_record);
}

static void got_op_header(struct fuzz_peer *p)
{
    struct wire_op_header h = wire_op_header_unpack(p->buffer);
    fuzz_require(h.version == WIRE_VERSION && h.code == p->op && h.status <= WIRE_ST_NODEV);
    p->op = 0;
    if (h.status != WIRE_ST_OK)
        await(p, 1, got_nothing_expected);
    else if (h.code == WIRE_OP_REP_IMPORT)
        await(p, WIRE_DEVICE_SIZE, got_import_record);
    else
        await(p, 4, got_list_count);
}

// Exactly one reply for each SUBMIT, and what it carries fits the request.
static void check_submitted(struct fuzz_peer *p, const struct wire_urb_header *h)
{
    struct fuzz_request *r = find(p, WIRE_CMD_SUBMIT, h->seqnum);
    fuzz_require(r);
    fuzz_require(h->u.ret_submit.actual_length >= 0);
    fuzz_require(h->u.ret_submit.actual_length <= r->length);
    fuzz_require(h->u.ret_submit.number_of_packets == 0 && h->u.ret_submit.status <= 0);
    p->body = r->in ? (uint64_t)h->u.ret_submit.actual_length : 0;
    r->command = 0;
}

// -ECONNRESET ends the victim; after anything else the victim's own reply must be behind us.
static void check_unlinked(struct fuzz_peer *p, const struct wire_urb_header *h)
{
    struct fuzz_request *r = find(p, WIRE_CMD_UNLINK, h->seqnum);
    fuzz_require(r);
    struct fuzz_request *victim = find(p, WIRE_CMD_SUBMIT, r->victim);
    if (h->u.ret_unlink.status == USB_STATUS_CANCELLED) {
        fuzz_require(victim);
        victim->command = 0;
    } else {
        fuzz_require(h->u.ret_unlink.status == 0 && !victim);
    }
    r->command = 0;
}

static void got_urb_header(struct fuzz_peer *p)
{
    struct wire_urb_header h;
    wire_urb_header_unpack(&h, p->buffer);
    fuzz_require(h.devid == 0 && h.direction == 0 && h.ep == 0);
    fuzz_require(h.command == WIRE_RET_SUBMIT || h.command == WIRE_RET_UNLINK);
    if (h.command == WIRE_RET_SUBMIT)
        check_submitted(p, &h);
    else
        check_unlinked(p, &h);
    await(p, WIRE_URB_HEADER_SIZE, got_urb_header);
}

// A body comes before the next `want` bytes.
void fuzz_peer_receive(struct fuzz_peer *p, const uint8_t *bytes, size_t size)
{
    while (size > 0 && p->honest) {
        if (p->body > 0) {
            size_t n = size < p->body ? size : (size_t)p->body;
            p->body -= n;
            bytes += n;
            size -= n;
            continue;
        }
        p->buffer[p->have++] = *bytes++;
        size--;
        if (p->have == p->want)
            p->got(p);
    }
}
