// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.6, item 112: the requests of items 28-60 in one stream, cut into single bytes
// or not at all, get the same replies. Of those items, what a client may send without waiting for
// a reply in between; changes of pipes first, since they end what is in flight.
#include "tests/conformance/fixture.h"

#include <stdlib.h>
#include <string.h>

enum {
    BULK_OUT = 2,
    BULK_IN = 1,
    ISO_IN = 4,
    PACKET = 512,
    ISO_PACKET = 192,
    STORAGE_SIZE = 122880,
    HALF_SIZE = 65536,
    LONGEST = 1 << 20,
    STALL_AFTER = 4096,
    LATE_US = 4500000,
    START_FRAME_AT = 28,
    STALL = USB_STATUS_STALL,
    MASKED = 0xa5,
    SEGMENT = 1460,
};

static uint8_t pattern[LONGEST];
static const struct usb_iso_packet iso_packet = {.length = ISO_PACKET};

// A vector, or a SUBMIT; and the reply's status and actual_length.
struct request {
    const char *vector;
    struct stage_submit submit; // of a vector: seqnum and direction only
    int32_t status, actual;
};

#define VECTOR(name, seq, in, how, size)                                                           \
    {                                                                                              \
        name, {.seqnum = seq, .direction = in}, how, size                                          \
    }
#define CONTROL(seq, in, room, bytes, how, size)                                                   \
    {                                                                                              \
        NULL, {seq, in, 0, room, .data = pattern, .setup = bytes}, how, size                       \
    }
#define SEND(seq, room, how, size)                                                                 \
    {                                                                                              \
        NULL, {seq, 0, BULK_OUT, room, .data = pattern}, how, size                                 \
    }
#define READ(seq, room, how, size)                                                                 \
    {                                                                                              \
        NULL, {seq, 1, BULK_IN, .length = (room)}, how, size                                       \
    }

static const struct request requests[] = {
    VECTOR("SUB-SETCFG1", 5, 0, 0, 0),
    VECTOR("SUB-SETIF-0-0", 6, 0, 0, 0),
    CONTROL(0x100, 0, 0, "\x01\x0b\x01\x00\x01\x00\x00\x00", 0, 0),
    CONTROL(0x101, 0, 0, "\x01\x0b\x09\x00\x01\x00\x00\x00", STALL, 0), // no such setting
    VECTOR("SUB-CLRHALT-81", 7, 0, 0, 0),
    VECTOR("SUB-SETADDR", 0x27, 0, 0, 0),
    VECTOR("SUB-PORTRESET", 0x28, 0, 0, 0),
    VECTOR("SUB-DEVDESC64", 1, 1, 0, 18),
    VECTOR("SUB-DEVDESC18-M1", 4, 1, 0, 18),
    VECTOR("SUB-BADREQ", 8, 1, STALL, 0),
    VECTOR("SUB-CTRL-OUT7", 9, 0, 0, 7),
    VECTOR("SUB-WLEN-GT-BUF", 0x24, 1, 0, 8),
    VECTOR("SUB-WLEN-LT-BUF", 0x25, 1, 0, 8),
    VECTOR("SUB-DIRMISMATCH", 0x26, 0, STALL, 0),
    CONTROL(0x102, 0, 0, "\x80\x00\x00\x00\x00\x00\x00\x00", 0, 0),
    CONTROL(0x103, 1, 0, "\x80\x00\x00\x00\x00\x00\x00\x00", 0, 0),
    CONTROL(0x104, 1, 4096, "\xc0\x01\x00\x00\x00\x00\x00\x10", 0, 300),
    CONTROL(0x105, 1, 65535, "\xc0\x01\x00\x00\x00\x00\xff\xff", 0, 300),
    CONTROL(0x106, 0, 4096, "\x40\x01\x00\x00\x00\x00\x00\x10", 0, 4096),
    CONTROL(0x107, 0, 0, "\x40\x55\x00\x00\x00\x00\x00\x00", 0, 0), // late
    CONTROL(0x108, 1, 255, "\x80\x06\x00\x03\x00\x00\xff\x00", 0, 4),
    VECTOR("CEZ-CONFIG9", 0xffffff07, 1, 0, 9),
    {NULL,
     {0x109, 1, ISO_IN, ISO_PACKET, .number_of_packets = 1, .packets = &iso_packet},
     0,
     ISO_PACKET},
    READ(0x110, 64, 0, 3),
    VECTOR("SUB-BULKOUT31", 0x0a, 0, 0, 31),
    VECTOR("SUB-BULKIN512", 0x0b, 1, 0, 13),
    VECTOR("SUB-BULKIN512-SNOK", 0x0c, 1, USB_STATUS_SHORT, 13),
    VECTOR("SUB-BULKOUT512-ZLP", 0x0d, 0, 0, 512),
    SEND(0x111, PACKET, 0, PACKET),
    VECTOR("SUB-BULKOUT0", 0x0e, 0, 0, 0),
    READ(0x112, 0, 0, 0),
    SEND(0x113, STORAGE_SIZE, 0, STORAGE_SIZE),
    READ(0x114, STORAGE_SIZE, 0, STORAGE_SIZE),
    READ(0x115, STORAGE_SIZE, 0, HALF_SIZE + 13),
    SEND(0x116, LONGEST, 0, LONGEST),
    READ(0x117, LONGEST, 0, LONGEST),
    SEND(0x118, STORAGE_SIZE, STALL, STALL_AFTER),
    READ(0x119, 500, USB_STATUS_OVERFLOW, 500),
};

enum { REQUESTS = sizeof requests / sizeof *requests };

// --- one run -------------------------------------------------------------------------------------

// What the bulk OUT requests send before the stall.
static uint32_t bytes_out(uint32_t longest)
{
    uint32_t most = longest == LONGEST ? LONGEST : 0;
    return 31 + PACKET + PACKET + STORAGE_SIZE + most + STALL_AFTER;
}

// Byte by byte, payloads of 1 MiB would take seconds: then `longest` is less.
static void script(struct sim_device *d, uint32_t longest)
{
    static const uint32_t blocks[] = {3, 13, 13, 0, STORAGE_SIZE, HALF_SIZE, 13, LONGEST, PACKET};
    static const struct sim_faulty_answer late = {.delay_us = LATE_US};
    for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (blocks[i] <= longest)
            CHECK_EQ(sim_faulty_give(d, 0x81, pattern, blocks[i]), BASE_OK);
    sim_faulty_fail_after(d, BULK_OUT, SIM_STALL, bytes_out(longest));
    sim_faulty_answer(d, 0x40, 0x55, &late);
}

static void queue_requests(struct stage_client *c, uint32_t longest)
{
    uint8_t bytes[GOLDEN_MAX];
    for (unsigned i = 0; i < REQUESTS; i++) {
        const struct request *r = &requests[i];
        if (r->vector)
            stage_queue(c, bytes, golden(bytes, r->vector));
        else if ((uint32_t)r->submit.length <= longest)
            stage_queue_submit(c, &r->submit);
    }
}

// A copy of all replies, to be freed; and their size.
static uint8_t *run(size_t piece, uint32_t longest, size_t *size)
{
    struct fixture f;
    for (uint32_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16);
    fixture_open(&f, &(struct stage_options){.rx_piece = piece});
    script(f.d1, longest);
    struct stage_client *c = fixture_attach(&f);
    queue_requests(c, longest);
    stage_settle(&f.st);
    stage_advance(&f.st, 2ull * LATE_US);
    *size = c->in_size;
    uint8_t *all = malloc(*size);
    CHECK(all);
    memcpy(all, stage_take(c, *size), *size);
    CHECK_EQ(sim_faulty_received(f.d1, BULK_OUT).bytes, bytes_out(longest));
    fixture_close(&f);
    return all;
}

// --- replies -------------------------------------------------------------------------------------

// The reply to each request; empty: none.
struct replies {
    struct base_span of[REQUESTS];
};

static size_t index_of(uint32_t seqnum)
{
    size_t i = 0;
    while (i < REQUESTS && requests[i].submit.seqnum != seqnum)
        i++;
    CHECK(i < REQUESTS);
    return i;
}

static int32_t actual_of(const struct request *q)
{
    bool partial = q->status == USB_STATUS_STALL && q->actual > 0;
    return partial && !stage_abilities.tells_partial ? 0 : q->actual;
}

// Replies to different endpoints may come in any order.
static void sort(struct replies *r, uint8_t *all, size_t size)
{
    for (size_t at = 0; at < size;) {
        struct wire_urb_header h;
        CHECK(size - at >= WIRE_URB_HEADER_SIZE);
        wire_urb_header_unpack(&h, all + at);
        CHECK_EQ(h.command, WIRE_RET_SUBMIT);
        const struct request *q = &requests[index_of(h.seqnum)];
        struct base_span *reply = &r->of[q - requests];
        CHECK_EQ(reply->size, 0);
        CHECK_EQ(h.u.ret_submit.status, q->status);
        CHECK_EQ(h.u.ret_submit.actual_length, actual_of(q));
        *reply = (struct base_span){all + at, WIRE_URB_HEADER_SIZE};
        if (q->submit.direction == WIRE_DIR_IN)
            reply->size += (size_t)actual_of(q);
        reply->size += (size_t)q->submit.number_of_packets * WIRE_ISO_PACKET_SIZE;
        if (q->submit.number_of_packets > 0)
            memset(all + at + START_FRAME_AT, MASKED, 4); // depends on the time
        at += reply->size;
        CHECK(at <= size);
    }
}

static void check_same(size_t piece, uint32_t longest)
{
    static struct replies whole, cut;
    size_t size, cut_size;
    uint8_t *all = run(0, longest, &size), *cut_all = run(piece, longest, &cut_size);
    memset(&whole, 0, sizeof whole);
    memset(&cut, 0, sizeof cut);
    sort(&whole, all, size);
    sort(&cut, cut_all, cut_size);
    CHECK_EQ(cut_size, size);
    for (unsigned i = 0; i < REQUESTS; i++) {
        CHECK(whole.of[i].size > 0 || (uint32_t)requests[i].submit.length > longest);
        CHECK_EQ(cut.of[i].size, whole.of[i].size);
        CHECK_BYTES(cut.of[i].data, whole.of[i].data, whole.of[i].size);
    }
    free(all);
    free(cut_all);
}

TEST(conformance_112_byte_by_byte)
{
    check_same(1, STORAGE_SIZE);
}

TEST(conformance_112_segments_of_ethernet)
{
    check_same(SEGMENT, LONGEST);
}

TEST(conformance_112_just_not_whole_headers)
{
    check_same(WIRE_URB_HEADER_SIZE - 1, LONGEST);
}
