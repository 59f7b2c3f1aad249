// SPDX-License-Identifier: Apache-2.0
// SUBMITs that are answered without being executed: what belongs to them is read away.
#include "session/session_state.h"

#include <string.h>

// Bytes of the descriptors that are answered: all, unless they are more than anybody can have
// meant.
static uint32_t answered_size(uint32_t packets)
{
    return packets <= WIRE_ISO_PACKETS_MAX ? packets * WIRE_ISO_PACKET_SIZE : 0;
}

static void pack_header(struct session *s, const struct wire_urb_header *h, int32_t status)
{
    uint32_t packets = s->refusal.packets_size / WIRE_ISO_PACKET_SIZE;
    int32_t echo = h->u.submit.number_of_packets == -1 ? -1 : 0;
    struct wire_urb_header reply = {
        .command = WIRE_RET_SUBMIT,
        .seqnum = h->seqnum,
        .u.ret_submit = {.status = status,
                         .start_frame = h->u.submit.start_frame,
                         .number_of_packets = packets ? (int32_t)packets : echo,
                         .error_count = (int32_t)packets},
    };
    wire_urb_header_pack(s->refusal.reply->tx.header, &reply);
}

// No packet was executed; offsets and lengths are the client's.
static void finish(struct session *s)
{
    struct session_refusal *r = &s->refusal;
    for (uint32_t at = 0; at < r->packets_size; at += WIRE_ISO_PACKET_SIZE) {
        struct usb_iso_packet p;
        wire_iso_packet_unpack(&p, s->tx.packets + at);
        p.actual_length = 0;
        p.status = USB_STATUS_XDEV;
        wire_iso_packet_pack(s->tx.packets + at, &p);
    }
    session_tx_reply(s, r->reply, r->packets_size);
    *r = (struct session_refusal){0};
}

static unsigned type_of(const struct session *s, const struct wire_urb_header *h)
{
    uint8_t direction = h->direction == WIRE_DIR_IN ? USB_DIR_IN : 0;
    return h->ep > 15 ? SESSION_NO_ENDPOINT : session_pipes_type(s, (uint8_t)(h->ep | direction));
}

bool session_refuse(struct session *s, const struct wire_urb_header *h, int32_t status,
                    uint64_t payload, uint32_t packets)
{
    struct session_refusal *r = &s->refusal;
    uint32_t answered = answered_size(packets);
    if (answered > 0 && s->tx.packets_of)
        return false;
    r->reply = session_reply_get(s);
    if (!r->reply)
        return false;
    r->packets_size = answered;
    pack_header(s, h, status);
    s->counters.urbs_refused++;
    s->pipes.by_type[type_of(s, h)].refused++;
    r->due = payload + (uint64_t)packets * WIRE_ISO_PACKET_SIZE;
    if (r->due == 0)
        finish(s);
    return true;
}

size_t session_refusal_read(struct session *s, const uint8_t *bytes, size_t size)
{
    struct session_refusal *r = &s->refusal;
    size_t n = size < r->due ? size : (size_t)r->due;
    uint64_t payload = r->due > r->packets_size ? r->due - r->packets_size : 0;
    size_t skip = n < payload ? n : (size_t)payload;
    if (n > skip)
        memcpy(s->tx.packets + (r->packets_size - (r->due - skip)), bytes + skip, n - skip);
    r->due -= n;
    if (r->due == 0)
        finish(s);
    return n;
}

void session_refusal_drop(struct session *s)
{
    struct session_refusal *r = &s->refusal;
    if (r->reply)
        session_reply_release(s, r->reply);
    *r = (struct session_refusal){0};
}
