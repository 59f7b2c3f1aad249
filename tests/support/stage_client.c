// SPDX-License-Identifier: Apache-2.0
// What the stage's clients send and want to receive.
#include "tests/support/stage.h"

#include <string.h>

enum { SECOND_US = 1000000, FIRST_ALIVE_SEQNUM = 0x40000000 };

void stage_send_import(struct stage_client *c, const char *busid)
{
    uint8_t request[WIRE_OP_IMPORT_SIZE] = {0};
    struct wire_op_header h = {.version = WIRE_VERSION, .code = WIRE_OP_REQ_IMPORT};
    wire_op_header_pack(request, &h);
    size_t length = strlen(busid); // a name that fills the field has no NUL
    memcpy(request + WIRE_OP_HEADER_SIZE, busid,
           length < WIRE_BUSID_SIZE ? length : WIRE_BUSID_SIZE);
    stage_send(c, request, sizeof request);
}

void stage_import(struct stage_client *c, const char *busid)
{
    static const uint8_t ok[WIRE_OP_HEADER_SIZE] = {0x01, 0x11, 0x00, 0x03};
    struct wire_device d;
    stage_send_import(c, busid);
    stage_expect_bytes(c, ok, sizeof ok);
    wire_device_unpack(&d, stage_take(c, WIRE_DEVICE_SIZE));
    CHECK_STR(d.busid, busid);
    c->devid = d.busnum << 16 | d.devnum;
}

struct stage_client *stage_attach(struct stage *st, const char *busid)
{
    struct stage_client *c = stage_connect(st);
    CHECK(c);
    stage_import(c, busid);
    return c;
}

void stage_queue_submit(struct stage_client *c, const struct stage_submit *s)
{
    struct wire_urb_header h = {
        .command = WIRE_CMD_SUBMIT,
        .seqnum = s->seqnum,
        .devid = c->devid,
        .direction = s->direction,
        .ep = s->ep,
        .u.submit = {.transfer_flags = s->flags,
                     .transfer_buffer_length = s->length,
                     .start_frame = s->start_frame,
                     .number_of_packets = s->number_of_packets,
                     .interval = s->interval},
    };
    uint8_t bytes[WIRE_URB_HEADER_SIZE];
    if (s->setup)
        memcpy(h.u.submit.setup, s->setup, 8);
    wire_urb_header_pack(bytes, &h);
    stage_queue(c, bytes, sizeof bytes);
    if (s->direction == WIRE_DIR_OUT && s->data)
        stage_queue(c, s->data, (size_t)s->length);
    for (int32_t i = 0; s->packets && i < s->number_of_packets; i++) {
        uint8_t packet[WIRE_ISO_PACKET_SIZE];
        wire_iso_packet_pack(packet, &s->packets[i]);
        stage_queue(c, packet, sizeof packet);
    }
}

void stage_submit(struct stage_client *c, const struct stage_submit *s)
{
    stage_queue_submit(c, s);
    stage_settle(c->stage);
}

void stage_in(struct stage_client *c, uint32_t seqnum, uint32_t ep, int32_t length)
{
    stage_submit(c, &(struct stage_submit){seqnum, WIRE_DIR_IN, ep, .length = length});
}

void stage_out(struct stage_client *c, uint32_t seqnum, uint32_t ep, const void *data,
               int32_t length)
{
    stage_submit(c,
                 &(struct stage_submit){seqnum, WIRE_DIR_OUT, ep, .length = length, .data = data});
}

void stage_control(struct stage_client *c, uint32_t seqnum, const char *setup)
{
    stage_submit(c, &(struct stage_submit){.seqnum = seqnum, .setup = setup});
}

void stage_queue_unlink(struct stage_client *c, uint32_t seqnum, uint32_t victim)
{
    struct wire_urb_header h = {.command = WIRE_CMD_UNLINK,
                                .seqnum = seqnum,
                                .devid = c->devid,
                                .u.unlink = {.victim = victim}};
    uint8_t bytes[WIRE_URB_HEADER_SIZE];
    wire_urb_header_pack(bytes, &h);
    stage_queue(c, bytes, sizeof bytes);
}

void stage_unlink(struct stage_client *c, uint32_t seqnum, uint32_t victim)
{
    stage_queue_unlink(c, seqnum, victim);
    stage_settle(c->stage);
}

void stage_expect_silence(struct stage_client *c)
{
    CHECK_EQ(c->in_size, 0);
}

void stage_expect_bytes(struct stage_client *c, const void *bytes, size_t size)
{
    CHECK_BYTES(stage_take(c, size), bytes, size);
}

struct wire_urb_header stage_take_header(struct stage_client *c)
{
    struct wire_urb_header h;
    wire_urb_header_unpack(&h, stage_take(c, WIRE_URB_HEADER_SIZE));
    return h;
}

const uint8_t *stage_expect_ret(struct stage_client *c, uint32_t seqnum, bool in, int32_t status,
                                int32_t actual_length)
{
    struct wire_urb_header h = stage_take_header(c);
    CHECK_EQ(h.command, WIRE_RET_SUBMIT);
    CHECK_EQ(h.seqnum, seqnum);
    CHECK_EQ(h.devid | h.direction | h.ep, 0);
    CHECK_EQ(h.u.ret_submit.status, status);
    CHECK_EQ(h.u.ret_submit.actual_length, actual_length);
    return in ? stage_take(c, (size_t)actual_length) : NULL;
}

void stage_expect_unlinked(struct stage_client *c, uint32_t seqnum, int32_t status)
{
    struct wire_urb_header h = stage_take_header(c);
    CHECK_EQ(h.command, WIRE_RET_UNLINK);
    CHECK_EQ(h.seqnum, seqnum);
    CHECK_EQ(h.devid | h.direction | h.ep, 0);
    CHECK_EQ(h.u.ret_unlink.status, status);
}

void stage_check_alive(struct stage_client *c)
{
    static uint32_t seqnum = FIRST_ALIVE_SEQNUM;
    stage_submit(c, &(struct stage_submit){.seqnum = ++seqnum,
                                           .direction = WIRE_DIR_IN,
                                           .length = 64,
                                           .setup = "\x80\x06\x00\x01\x00\x00\x40\x00"});
    const uint8_t *d = stage_expect_ret(c, seqnum, true, USB_STATUS_OK, USB_DT_DEVICE_SIZE);
    CHECK_EQ(d[0], USB_DT_DEVICE_SIZE);
    CHECK_EQ(d[1], USB_DT_DEVICE);
    stage_expect_silence(c);
}

void stage_check_importable(struct stage *st, const char *busid)
{
    stage_advance(st, 2 * SECOND_US);
    struct stage_client *c = stage_attach(st, busid);
    stage_check_alive(c);
    stage_fin(c);
    stage_advance(st, SECOND_US);
}

void stage_check_closed(struct stage_client *c, const char *busid)
{
    stage_advance(c->stage, 2 * SECOND_US);
    CHECK(stage_closed(c));
    stage_check_importable(c->stage, busid);
}
