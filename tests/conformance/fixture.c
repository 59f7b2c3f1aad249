// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/fixture.h"

#include <string.h>

enum { CONTROL_SEQNUM = 0x30000000, BULK_SEQNUM = 0x20000000, REPETITIONS = 100 };

void fixture_open(struct fixture *f, const struct stage_options *options)
{
    struct sim_faulty_options d2 = sim_faulty_d1;
    *f = (struct fixture){0};
    CHECK(stage_open(&f->st, options));
    f->d1 = sim_faulty_create(f->st.bus, &sim_faulty_d1);
    stage_plug(&f->st, "1-1", f->d1); // first: gets devnum 2
    d2.product++;
    f->d2 = sim_faulty_create(f->st.bus, &d2);
    stage_plug(&f->st, "1-2", f->d2);
}

void fixture_close(struct fixture *f)
{
    stage_close(&f->st);
}

void fixture_run(void (*body)(struct fixture *f), size_t piece)
{
    struct stage_options options = {.rx_piece = piece, .tx_piece = piece};
    struct fixture f;
    fixture_open(&f, &options);
    body(&f);
    fixture_close(&f);
}

struct stage_client *fixture_connect(struct fixture *f)
{
    struct stage_client *c = stage_connect(&f->st);
    CHECK(c);
    return c;
}

void fixture_unplug(struct fixture *f, const char *busid)
{
    CHECK_EQ(sim_unplug(f->st.bus, busid), BASE_OK);
    stage_settle(&f->st);
}

struct stage_client *fixture_attach(struct fixture *f)
{
    if (!f->neighbour)
        f->neighbour = stage_attach(&f->st, "1-2");
    struct stage_client *c = stage_attach(&f->st, "1-1");
    CHECK_EQ(c->devid, FIXTURE_DEVID);
    return c;
}

// --- vectors -------------------------------------------------------------------------------------

void fixture_send(struct stage_client *c, const char *vector)
{
    uint8_t bytes[GOLDEN_MAX];
    size_t size = golden(bytes, vector);
    stage_send(c, bytes, size);
}

void fixture_expect(struct stage_client *c, const char *vector)
{
    uint8_t bytes[GOLDEN_MAX];
    size_t size = golden(bytes, vector);
    stage_expect_bytes(c, bytes, size);
}

void fixture_exchange(struct stage_client *c, const char *vector, const char *reply)
{
    fixture_send(c, vector);
    fixture_expect(c, reply);
    stage_expect_silence(c);
}

// --- transfers -----------------------------------------------------------------------------------

const uint8_t *fixture_control(struct stage_client *c, const char setup[8], const void *out,
                               int32_t status, int32_t actual)
{
    static uint32_t seqnum = CONTROL_SEQNUM;
    struct usb_setup s = usb_setup_unpack((const uint8_t *)setup);
    bool in = s.wLength > 0 && (s.bmRequestType & USB_DIR_IN) != 0;
    stage_submit(
        c,
        &(struct stage_submit){
            .seqnum = ++seqnum, .direction = in, .length = s.wLength, .data = out, .setup = setup});
    return stage_expect_ret(c, seqnum, in, status, actual);
}

void fixture_no_answer(struct sim_device *d)
{
    const struct sim_faulty_answer never = {.result = SIM_NAK},
                                   late = {.delay_us = FIXTURE_SECOND_US / 10};
    sim_faulty_answer(d, 0x40, 0x55, stage_abilities.takes_back_control ? &never : &late);
}

void fixture_give(struct fixture *f, uint8_t ep, const void *data, uint32_t size)
{
    CHECK_EQ(sim_faulty_give(f->d1, ep, data, size), BASE_OK);
    stage_settle(&f->st);
}

void fixture_check_bulk_in(struct sim_device *d, struct stage_client *c)
{
    static uint32_t seqnum = BULK_SEQNUM;
    uint8_t packet[5] = {'d', 'a', 't', 'a', (uint8_t)++seqnum};
    CHECK_EQ(sim_faulty_give(d, 0x81, packet, sizeof packet), BASE_OK);
    stage_in(c, seqnum, 1, 512);
    CHECK_BYTES(stage_expect_ret(c, seqnum, true, USB_STATUS_OK, sizeof packet), packet,
                sizeof packet);
}

// --- post-conditions -----------------------------------------------------------------------------

void fixture_check_closed(struct fixture *f, struct stage_client *c)
{
    stage_expect_silence(c);
    stage_check_closed(c, "1-1");
    stage_expect_silence(c);
    if (f->neighbour)
        stage_check_alive(f->neighbour);
}

struct footprint {
    uint64_t live_bytes, payload_in_use; // without the free buffers that the pools keep
    unsigned sessions;
};

static struct footprint footprint(const struct fixture *f)
{
    struct server_totals totals;
    server_totals(f->st.server, &totals);
    struct footprint now = {
        .live_bytes = f->st.heap.live_bytes - totals.payload_bytes_cached,
        .payload_in_use = totals.payload_bytes_in_use,
    };
    const struct session *s = NULL;
    while ((s = server_next_session(f->st.server, s)) != NULL)
        now.sessions++;
    return now;
}

void fixture_check_no_leak(struct fixture *f, void (*step)(struct fixture *f))
{
    step(f);
    struct footprint before = footprint(f);
    for (unsigned i = 0; i < REPETITIONS; i++)
        step(f);
    struct footprint after = footprint(f);
    CHECK_EQ(after.sessions, before.sessions);
    CHECK_EQ(after.live_bytes, before.live_bytes);
    CHECK_EQ(after.payload_in_use, before.payload_in_use);
}

// --- DEVLIST -------------------------------------------------------------------------------------

const uint8_t *fixture_devlist(struct stage *st, size_t *size)
{
    static const uint8_t ok[WIRE_OP_HEADER_SIZE] = {0x01, 0x11, 0x00, 0x05};
    struct stage_client *c = stage_connect(st);
    CHECK(c);
    fixture_send(c, "OP-DEVLIST");
    stage_fin(c);
    stage_expect_bytes(c, ok, sizeof ok);
    *size = c->in_size;
    return stage_take(c, c->in_size);
}

const uint8_t *fixture_record(struct stage *st, const char *busid)
{
    size_t size, at = 4;
    const uint8_t *list = fixture_devlist(st, &size), *found = NULL;
    CHECK(size >= at);
    for (uint32_t i = 0; i < base_get_be32(list); i++) {
        struct wire_device d;
        CHECK(size >= at + WIRE_DEVICE_SIZE);
        wire_device_unpack(&d, list + at);
        if (strcmp(d.busid, busid) == 0)
            found = list + at;
        at += WIRE_DEVICE_SIZE + (size_t)d.bNumInterfaces * WIRE_INTERFACE_SIZE;
    }
    CHECK_EQ(at, size);
    return found;
}
