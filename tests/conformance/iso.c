// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/iso.h"

#include "tests/support/stage_backend.h"

#include <string.h>

struct stage_client *iso_attach(struct fixture *f)
{
    struct stage_client *c = fixture_attach(f);
    iso_select(c, true);
    return c;
}

void iso_select(struct stage_client *c, bool endpoints)
{
    const char *setup =
        endpoints ? "\x01\x0b\x01\x00\x01\x00\x00\x00" : "\x01\x0b\x00\x00\x01\x00\x00\x00";
    fixture_control(c, setup, NULL, USB_STATUS_OK, 0);
}

const uint8_t *iso_data(void)
{
    static uint8_t bytes[ISO_BYTES_MAX];
    for (uint32_t i = 0; bytes[1] == 0 && i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    return bytes;
}

void iso_fill(struct iso_urb *u, uint32_t seqnum, uint32_t ep, unsigned count, uint32_t size)
{
    CHECK(count <= ISO_PACKETS_MAX && count * size <= ISO_BYTES_MAX);
    memset(u, 0, sizeof *u);
    u->seqnum = seqnum;
    u->ep = ep;
    u->length = (int32_t)(count * size);
    u->count = count;
    for (unsigned i = 0; i < count; i++)
        u->packets[i] = (struct usb_iso_packet){.offset = i * size, .length = size};
}

void iso_queue(struct stage_client *c, const struct iso_urb *u)
{
    stage_queue_submit(c, &(struct stage_submit){
                              .seqnum = u->seqnum,
                              .direction = u->ep == ISO_IN ? WIRE_DIR_IN : WIRE_DIR_OUT,
                              .ep = u->ep,
                              .length = u->length,
                              .data = iso_data(),
                              .flags = 0x2, // ISO_ASAP
                              .number_of_packets = (int32_t)u->count,
                              .interval = 8,
                              .packets = u->packets,
                          });
}

void iso_submit(struct stage_client *c, const struct iso_urb *u)
{
    iso_queue(c, u);
    stage_settle(c->stage);
}

void iso_check_frame(uint32_t have, uint32_t want)
{
    CHECK_EQ(have, stage_abilities.tells_frames ? want : 0);
}

void iso_expect(struct stage_client *c, const struct iso_urb *u, struct iso_reply *r)
{
    static uint8_t data[ISO_BYTES_MAX];
    struct wire_urb_header h = stage_take_header(c);
    uint32_t sum = 0, errors = 0;
    CHECK_EQ(h.command, WIRE_RET_SUBMIT);
    CHECK_EQ(h.seqnum, u->seqnum);
    CHECK_EQ(h.devid | h.direction | h.ep, 0);
    CHECK_EQ(h.u.ret_submit.number_of_packets, u->count);
    r->status = h.u.ret_submit.status;
    r->actual_length = h.u.ret_submit.actual_length;
    r->start_frame = (uint32_t)h.u.ret_submit.start_frame;
    r->error_count = (uint32_t)h.u.ret_submit.error_count;
    r->count = u->count;
    r->data = data;
    CHECK(r->actual_length >= 0 && r->actual_length <= u->length);
    if (u->ep == ISO_IN && r->actual_length > 0)
        memcpy(data, stage_take(c, (size_t)r->actual_length), (size_t)r->actual_length);
    for (unsigned i = 0; i < u->count; i++) {
        struct usb_iso_packet *p = &r->packets[i];
        wire_iso_packet_unpack(p, stage_take(c, WIRE_ISO_PACKET_SIZE));
        CHECK_EQ(p->offset, u->packets[i].offset);
        CHECK_EQ(p->length, u->packets[i].length);
        CHECK(p->actual_length <= p->length);
        sum += p->actual_length;
        errors += p->status != USB_STATUS_OK;
    }
    CHECK_EQ(sum, r->actual_length);
    CHECK_EQ(errors, r->error_count);
}

void iso_expect_failure(struct stage_client *c, const struct iso_urb *u, int32_t status)
{
    static struct iso_reply r;
    iso_expect(c, u, &r);
    CHECK_EQ(r.status, status);
    CHECK_EQ(r.actual_length, 0);
    CHECK_EQ(r.error_count, u->count);
}

void iso_expect_success(struct stage_client *c, const struct iso_urb *u, struct iso_reply *r,
                        uint8_t first)
{
    uint32_t at = 0;
    iso_expect(c, u, r);
    CHECK_EQ(r->status, USB_STATUS_OK);
    CHECK_EQ(r->error_count, 0);
    for (unsigned i = 0; i < u->count; i++) {
        CHECK_EQ(r->packets[i].actual_length, u->packets[i].length);
        for (uint32_t k = 0; u->ep == ISO_IN && k < u->packets[i].length; k++)
            CHECK_EQ(r->data[at++], (uint8_t)(first + i));
    }
}
