// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/judge.h"

static struct judge_request *request(struct judge *j, uint32_t seqnum)
{
    CHECK(seqnum < JUDGE_SEQNUMS);
    return &j->request[seqnum];
}

void judge_submit(struct judge *j, struct stage_client *c, const struct stage_submit *s, bool iso)
{
    struct judge_request *r = request(j, s->seqnum);
    CHECK_EQ(r->open, JUDGE_NONE);
    *r = (struct judge_request){.open = JUDGE_SUBMIT,
                                .in = s->direction == WIRE_DIR_IN,
                                .iso = iso,
                                .length = s->length,
                                .packets = s->number_of_packets};
    CHECK(!iso || s->number_of_packets <= JUDGE_ISO_PACKETS);
    for (int32_t i = 0; iso && i < s->number_of_packets; i++)
        r->packet[i] = s->packets[i];
    j->open++;
    stage_queue_submit(c, s);
}

void judge_unlink(struct judge *j, struct stage_client *c, uint32_t seqnum, uint32_t victim)
{
    struct judge_request *r = request(j, seqnum);
    CHECK_EQ(r->open, JUDGE_NONE);
    *r = (struct judge_request){.open = JUDGE_UNLINK, .victim = victim};
    j->open++;
    stage_queue_unlink(c, seqnum, victim);
}

static void close_request(struct judge *j, struct judge_request *r)
{
    r->open = JUDGE_NONE;
    j->open--;
}

// Descriptors at `p`; what they say must fit the request and the header.
static size_t judge_packets(const struct judge_request *r, const uint8_t *p, size_t left,
                            const struct wire_urb_header *h)
{
    int32_t sum = 0, errors = 0;
    CHECK(left >= (size_t)r->packets * WIRE_ISO_PACKET_SIZE);
    for (int32_t i = 0; i < r->packets; i++) {
        struct usb_iso_packet packet;
        wire_iso_packet_unpack(&packet, p + (size_t)i * WIRE_ISO_PACKET_SIZE);
        CHECK_EQ(packet.offset, r->packet[i].offset);
        CHECK_EQ(packet.length, r->packet[i].length);
        CHECK(packet.actual_length <= packet.length);
        sum += (int32_t)packet.actual_length;
        errors += packet.status != USB_STATUS_OK;
    }
    CHECK_EQ(sum, h->u.ret_submit.actual_length);
    CHECK_EQ(errors, h->u.ret_submit.error_count);
    return (size_t)r->packets * WIRE_ISO_PACKET_SIZE;
}

// The bytes behind the header.
static size_t judge_ret_submit(struct judge *j, const struct wire_urb_header *h, const uint8_t *p,
                               size_t left)
{
    struct judge_request *r = request(j, h->seqnum);
    int32_t actual = h->u.ret_submit.actual_length, status = h->u.ret_submit.status;
    CHECK_EQ(r->open, JUDGE_SUBMIT);
    close_request(j, r);
    // These two say that the client itself has taken the URB back; drivers would stop polling.
    CHECK(status != USB_STATUS_CANCELLED && status != USB_STATUS_NO_ENDPOINT);
    j->ok += status == USB_STATUS_OK;
    j->failed += status != USB_STATUS_OK;
    CHECK(actual >= 0 && (actual == 0 || actual <= r->length));
    size_t data = r->in ? (size_t)actual : 0;
    CHECK(left >= data);
    bool refused = r->iso && h->u.ret_submit.number_of_packets == 0 && status < 0;
    if (r->iso && !refused) {
        CHECK_EQ(h->u.ret_submit.number_of_packets, r->packets);
        return data + judge_packets(r, p + data, left - data, h);
    }
    CHECK_EQ(h->u.ret_submit.number_of_packets, r->packets == -1 ? -1 : 0);
    CHECK_EQ(h->u.ret_submit.error_count, 0);
    return data;
}

// After it, there must be no RET_SUBMIT for the victim.
static void judge_ret_unlink(struct judge *j, const struct wire_urb_header *h)
{
    struct judge_request *r = request(j, h->seqnum);
    CHECK_EQ(r->open, JUDGE_UNLINK);
    close_request(j, r);
    struct judge_request *victim = r->victim < JUDGE_SEQNUMS ? request(j, r->victim) : NULL;
    bool was_open = victim && victim->open == JUDGE_SUBMIT;
    CHECK_EQ(h->u.ret_unlink.status, was_open ? USB_STATUS_CANCELLED : USB_STATUS_OK);
    if (was_open)
        close_request(j, victim);
    j->unlinked += was_open;
    j->too_late += !was_open;
}

void judge_replies(struct judge *j, struct stage_client *c)
{
    size_t size = c->in_size;
    const uint8_t *all = size > 0 ? stage_take(c, size) : NULL;
    for (size_t at = 0; at < size;) {
        struct wire_urb_header h;
        CHECK(size - at >= WIRE_URB_HEADER_SIZE);
        wire_urb_header_unpack(&h, all + at);
        at += WIRE_URB_HEADER_SIZE;
        CHECK_EQ(h.devid | h.direction | h.ep, 0);
        if (h.command == WIRE_RET_SUBMIT) {
            at += judge_ret_submit(j, &h, all + at, size - at);
        } else {
            CHECK_EQ(h.command, WIRE_RET_UNLINK);
            judge_ret_unlink(j, &h);
        }
    }
}
