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

// Queues header `h`, with the next seqnum, and room for `body` bytes. Returns where these are;
// NULL: not now.
static uint8_t *request(struct fuzz_peer *p, struct wire_urb_header *h, size_t body,
                        struct fuzz_request r)
{
    struct fuzz_request *slot = find(p, 0, 0);
    if (!slot || !room(p, WIRE_URB_HEADER_SIZE + body) || (p->honest && !p->devid))
        return NULL;
    h->seqnum = r.seqnum = ++p->seqnum;
    h->devid = p->devid;
    r.command = h->command;
    *slot = r;
    uint8_t *at = append(p, WIRE_URB_HEADER_SIZE + body);
    wire_urb_header_pack(at, h);
    return at + WIRE_URB_HEADER_SIZE;
}

static void put_payload(uint8_t *at, const struct fuzz_submit *s)
{
    size_t given = s->length < sizeof s->payload ? s->length : sizeof s->payload;
    memcpy(at, s->payload, given);
    memset(at + given, 0xa5, s->length - given);
}

static void put_packets(uint8_t *at, const struct fuzz_submit *s)
{
    uint32_t length = s->packets ? s->length / s->packets : 0;
    for (uint32_t i = 0; i < s->packets; i++) {
        struct usb_iso_packet packet = {.offset = i * length, .length = length};
        wire_iso_packet_pack(at + (size_t)i * WIRE_ISO_PACKET_SIZE, &packet);
    }
}

void fuzz_peer_submit(struct fuzz_peer *p, const struct fuzz_submit *s)
{
    bool in = (s->ep & USB_DIR_IN) != 0;
    struct wire_urb_header h = {
        .command = WIRE_CMD_SUBMIT,
        .direction = in,
        .ep = s->ep & 0x0f,
        .u.submit = {.transfer_flags = s->flags,
                     .transfer_buffer_length = (int32_t)s->length,
                     .number_of_packets = (int32_t)s->packets},
    };
    struct fuzz_request r = {
        .length = (int32_t)s->length, .packets = (int32_t)s->packets, .in = in};
    size_t payload = in ? 0 : s->length;
    memcpy(h.u.submit.setup, s->setup, 8);
    uint8_t *body = request(p, &h, payload + (size_t)s->packets * WIRE_ISO_PACKET_SIZE, r);
    if (!body)
        return;
    if (!in)
        put_payload(body, s);
    put_packets(body + payload, s);
}

void fuzz_peer_unlink(struct fuzz_peer *p, uint32_t victim)
{
    struct wire_urb_header h = {.command = WIRE_CMD_UNLINK, .u.unlink.victim = victim};
    (void)request(p, &h, 0, (struct fuzz_request){.victim = victim});
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

// The packets' lengths must add up to what the header said.
static void got_iso_packet(struct fuzz_peer *p)
{
    struct usb_iso_packet packet;
    wire_iso_packet_unpack(&packet, p->buffer);
    fuzz_require(packet.actual_length <= packet.length);
    p->packed -= packet.actual_length;
    if (--p->packets > 0) {
        await(p, WIRE_ISO_PACKET_SIZE, got_iso_packet);
        return;
    }
    fuzz_require(p->packed == 0);
    await(p, WIRE_URB_HEADER_SIZE, got_urb_header);
}

// Exactly one reply for each SUBMIT, and what it carries fits the request.
static void check_submitted(struct fuzz_peer *p, const struct wire_urb_header *h)
{
    struct fuzz_request *r = find(p, WIRE_CMD_SUBMIT, h->seqnum);
    fuzz_require(r);
    fuzz_require(h->u.ret_submit.actual_length >= 0);
    fuzz_require(h->u.ret_submit.actual_length <= r->length);
    fuzz_require(h->u.ret_submit.status <= 0);
    // A refusal for want of memory has none for the descriptors either; Linux stays in frame.
    bool refused = h->u.ret_submit.status == USB_STATUS_NO_MEMORY;
    int32_t packets = h->u.ret_submit.number_of_packets;
    fuzz_require(packets == r->packets || (refused && packets == 0));
    p->body = r->in ? (uint64_t)h->u.ret_submit.actual_length : 0;
    p->packed = h->u.ret_submit.actual_length;
    p->packets = packets;
    if (p->packets > 0)
        await(p, WIRE_ISO_PACKET_SIZE, got_iso_packet);
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
    await(p, WIRE_URB_HEADER_SIZE, got_urb_header);
    if (h.command == WIRE_RET_SUBMIT)
        check_submitted(p, &h);
    else
        check_unlinked(p, &h);
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
