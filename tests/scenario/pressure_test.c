// SPDX-License-Identifier: Apache-2.0
// When memory or slots run out: what waits, what is refused, and that an UNLINK always gets
// through.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"

enum {
    MS = 1000,
    SECOND = 1000 * MS,
    LONGEST = 65536,      // max_urb_bytes here
    BUDGET = 4 * LONGEST, // per session
    NO_MEMORY = USB_STATUS_NO_MEMORY,
    LONG = 32 * 1024 * 1024,
};

static uint8_t payload[LONGEST];
static const char set_alternate[] = "\x01\x0b\x01\x00\x01\x00\x00\x00"; // interface 1, setting 1
static const char set_config[] = "\x00\x09\x01\x00\x00\x00\x00\x00";

static struct server_config tight(void)
{
    struct server_config c;
    server_config_default(&c);
    c.session.max_urb_bytes = LONGEST;
    c.session.max_urbs = 64;
    c.session.budget_bytes = BUDGET;
    c.total_budget_bytes = 6 * LONGEST;
    return c;
}

// `config` NULL: tight.
static void begin(struct stage *st, const struct server_config *config)
{
    struct server_config c = config ? *config : tight();
    stage_open_d1(st, &c);
}

STAGE_TEST(pressure_unlink_behind_an_out_that_does_not_fit_is_read, begin(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t n = 1; n <= 4; n++)
        stage_in(c, n, 1, LONGEST); // the whole budget; the device NAKs for ever
    stage_out(c, 5, 2, payload, LONGEST);
    stage_unlink(c, 6, 1);
    stage_advance(st, 900 * MS);
    stage_expect_silence(c); // back-pressure
    stage_advance(st, 100 * MS);
    stage_expect_ret(c, 5, false, NO_MEMORY, 0); // refused, and out of the way
    stage_expect_unlinked(c, 6, USB_STATUS_CANCELLED);
    stage_out(c, 7, 2, payload, LONGEST);
    stage_expect_ret(c, 7, false, 0, LONGEST); // there is room again
    stage_check_alive(c);
}

STAGE_TEST(pressure_out_goes_on_when_room_comes_free_in_time, begin(st, NULL))
{
    struct sim_device *d = sim_find(st->bus, "1-1");
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t n = 1; n <= 4; n++)
        stage_in(c, n, 1, LONGEST);
    stage_out(c, 5, 2, payload, 3 * 512);
    stage_advance(st, 500 * MS);
    CHECK_EQ(sim_faulty_received(d, 2).bytes, 0);
    CHECK_EQ(sim_faulty_give(d, 0x81, "x", 1), BASE_OK);
    stage_settle(st);
    stage_expect_ret(c, 1, true, 0, 1);
    stage_expect_ret(c, 5, false, 0, 3 * 512);
    CHECK_EQ(sim_faulty_received(d, 2).bytes, 3 * 512);
}

STAGE_TEST(pressure_endpoint_0_has_a_slot_of_its_own, begin(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t n = 1; n <= 64; n++)
        stage_in(c, n, 1, 512); // all slots
    stage_check_alive(c);       // GET_DESCRIPTOR, answered at once
    stage_check_alive(c);
    stage_in(c, 65, 1, 512);
    stage_advance(st, SECOND);
    stage_expect_ret(c, 65, true, NO_MEMORY, 0);
    stage_check_alive(c);
}

STAGE_TEST(pressure_in_waits_for_memory_in_order_and_can_be_unlinked, begin(st, NULL))
{
    struct sim_device *d = sim_find(st->bus, "1-1");
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t n = 1; n <= 7; n++)
        stage_in(c, n, 1, LONGEST); // 5, 6 and 7 find no memory
    stage_advance(st, 3600u * SECOND / 10);
    stage_expect_silence(c);
    stage_unlink(c, 100, 6);
    stage_expect_unlinked(c, 100, USB_STATUS_CANCELLED);
    stage_check_alive(c);
    for (uint32_t n = 1; n <= 7; n++) {
        char byte = (char)('0' + n);
        if (n == 6)
            continue;
        CHECK_EQ(sim_faulty_give(d, 0x81, &byte, 1), BASE_OK);
        stage_settle(st);
        CHECK_EQ(*stage_expect_ret(c, n, true, 0, 1), byte);
    }
}

STAGE_TEST(pressure_every_session_has_its_reserve, begin(st, NULL))
{
    struct stage_client *hoarder = stage_attach(st, "1-1"), *other = stage_attach(st, "1-2");
    for (uint32_t n = 1; n <= 4; n++)
        stage_in(hoarder, n, 1, LONGEST);
    for (uint32_t n = 1; n <= 3; n++)
        stage_in(other, n, 1, LONGEST); // two fit in the total budget, one of them is the reserve
    CHECK_EQ(stage_payload_in_use(st), 6 * LONGEST);
    stage_unlink(other, 10, 1);
    stage_unlink(other, 11, 2);
    stage_unlink(other, 12, 3);
    for (uint32_t n = 10; n <= 12; n++)
        stage_expect_unlinked(other, n, USB_STATUS_CANCELLED);
    stage_out(other, 20, 2, payload, LONGEST);
    stage_expect_ret(other, 20, false, 0, LONGEST);
}

TEST(pressure_no_import_without_a_reserve)
{
    static const uint8_t refused[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_NA};
    struct stage st;
    struct server_config c = tight();
    c.total_budget_bytes = c.session.budget_bytes = LONGEST;
    begin(&st, &c);
    struct stage_client *first = stage_attach(&st, "1-1"), *second = stage_connect(&st);
    stage_send_import(second, "1-2");
    stage_expect_bytes(second, refused, sizeof refused);
    stage_advance(&st, SECOND);
    CHECK(stage_closed(second));
    stage_check_alive(first);
    stage_fin(first);
    stage_check_importable(&st, "1-2");
    stage_close(&st);
}

// The device at 1-2 waits for memory that only the other session can give back.
TEST(pressure_memory_freed_in_one_session_wakes_another)
{
    struct stage st;
    struct server_config config = tight();
    config.total_budget_bytes = 5 * LONGEST;
    begin(&st, &config);
    struct sim_device *second = sim_find(st.bus, "1-2");
    struct stage_client *a = stage_attach(&st, "1-1"), *b = stage_attach(&st, "1-2");
    for (uint32_t n = 1; n <= 4; n++)
        stage_in(a, n, 1, LONGEST);
    stage_in(b, 1, 1, LONGEST);
    stage_in(b, 2, 1, LONGEST); // starved
    CHECK_EQ(sim_faulty_give(second, 0x81, "12", 2), BASE_OK);
    CHECK_EQ(sim_faulty_give(second, 0x81, "345", 3), BASE_OK);
    a->deaf = true; // the memory comes free with the last byte sent, not with the completion
    CHECK_EQ(sim_faulty_give(sim_find(st.bus, "1-1"), 0x81, "x", 1), BASE_OK);
    stage_settle(&st);
    stage_expect_ret(b, 1, true, 0, 2);
    stage_expect_ret(b, 2, true, 0, 3);
    stage_in(b, 3, 1, LONGEST);
    stage_in(b, 4, 1, LONGEST);
    CHECK_EQ(stage_payload_in_use(&st), 5 * LONGEST);
    CHECK_EQ(sim_faulty_give(second, 0x81, "6", 1), BASE_OK);
    a->deaf = false;
    stage_settle(&st);
    CHECK_EQ(stage_payload_in_use(&st), 4 * LONGEST); // a: 3, b: number 4, no longer starved
    stage_expect_ret(b, 3, true, 0, 1);
    stage_close(&st);
}

STAGE_TEST(pressure_slots_run_out_and_come_back, begin(st, NULL))
{
    struct sim_device *d = sim_find(st->bus, "1-1");
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t n = 1; n <= 65; n++)
        stage_in(c, n, 1, 512);
    stage_expect_silence(c);
    stage_unlink(c, 1000, 1); // behind the 65th, which waits for a slot
    stage_expect_silence(c);
    stage_advance(st, SECOND);
    stage_expect_ret(c, 65, true, NO_MEMORY, 0);
    stage_expect_unlinked(c, 1000, USB_STATUS_CANCELLED);
    for (uint32_t n = 2; n <= 64; n++) {
        CHECK_EQ(sim_faulty_give(d, 0x81, &n, 4), BASE_OK);
        stage_settle(st);
        CHECK_BYTES(stage_expect_ret(c, n, true, 0, 4), &n, 4);
    }
    stage_check_alive(c);
}

// URBs that starve before a pipe change are ended by it, those behind it go on.
STAGE_TEST(pressure_pipe_change_ends_what_still_waits_for_memory, begin(st, NULL))
{
    struct sim_device *d = sim_find(st->bus, "1-1");
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t n = 1; n <= 5; n++)
        stage_in(c, n, 1, LONGEST);
    stage_control(c, 6, set_config);
    stage_in(c, 7, 1, 512);
    stage_expect_ret(c, 5, true, USB_STATUS_SHUTDOWN, 0); // it never reached the device
    for (uint32_t n = 1; n <= 4; n++)
        stage_expect_ret(c, n, true, USB_STATUS_SHUTDOWN, 0);
    stage_expect_ret(c, 6, false, 0, 0);
    CHECK_EQ(sim_faulty_give(d, 0x81, "new", 3), BASE_OK);
    stage_settle(st);
    stage_expect_ret(c, 7, true, 0, 3);
}

// The server span at full speed here: memory had come free, and the session that waited for some
// could not use it before its pipe change ended.
STAGE_TEST(pressure_room_during_a_slow_pipe_change_does_not_spin, begin(st, NULL))
{
    sim_delay_control(st->bus, "1-1", 5 * SECOND);
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t n = 1; n <= 5; n++)
        stage_in(c, n, 1, LONGEST);     // the fifth starves
    stage_control(c, 6, set_alternate); // of the other interface: they stay
    stage_in(c, 7, 1, LONGEST);
    stage_unlink(c, 8, 1);
    stage_advance(st, SECOND);
    stage_expect_unlinked(c, 8, USB_STATUS_CANCELLED);
    CHECK(server_next_deadline(st->server) > st->now_us);
    stage_advance(st, 5 * SECOND);
    stage_expect_ret(c, 6, false, 0, 0);
    sim_delay_control(st->bus, "1-1", 0);
}

// And here: the SUBMIT's time for room came while its session could only wait for its last bytes.
STAGE_TEST(pressure_close_while_a_submit_is_held_does_not_spin, begin(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t n = 1; n <= 4; n++)
        stage_in(c, n, 1, LONGEST);
    stage_out(c, 5, 2, payload, LONGEST);
    c->deaf = true;
    CHECK_EQ(sim_faulty_give(sim_find(st->bus, "1-1"), 0x81, "x", 1), BASE_OK);
    stage_settle(st);
    server_stop(st->server, st->now_us);
    stage_advance(st, 1500 * MS); // it checks that time goes on
    CHECK(!stage_closed(c));
    stage_advance(st, 500 * MS);
    CHECK(stage_closed(c));
}

static void begin_long(struct stage *st)
{
    struct server_config c;
    server_config_default(&c);
    c.session.max_urb_bytes = LONG;
    stage_open_d1(st, &c);
}

// Windows sends up to 32 MiB at once. One of them is no part of the session's budget, so that what
// is pending beside it does not keep it out; the total counts it.
STAGE_TEST(pressure_one_long_urb_goes_beyond_the_budget, begin_long(st))
{
    static uint8_t data[LONG];
    struct sim_device *d = sim_find(st->bus, "1-1");
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t i = 0; i < LONG; i += 509)
        data[i] = (uint8_t)i;
    stage_in(c, 1, 3, 8); // has its memory
    stage_out(c, 2, 2, data, LONG);
    stage_expect_ret(c, 2, false, USB_STATUS_OK, LONG);
    CHECK_EQ(sim_faulty_received(d, 2).bytes, LONG);
    sim_faulty_stream(d, 0x81, true);
    stage_in(c, 3, 1, LONG);
    stage_expect_ret(c, 3, true, USB_STATUS_OK, LONG);
    sim_faulty_accept(d, 2, 0);
    stage_out(c, 4, 2, data, LONG); // NAKed
    stage_out(c, 5, 2, data, LONG); // a second one
    stage_advance(st, SECOND);
    stage_expect_ret(c, 5, false, NO_MEMORY, 0);
    stage_in(c, 6, 1, 512); // the budget itself is still there
    stage_expect_ret(c, 6, true, USB_STATUS_OK, 512);
    stage_check_alive(c);
}
