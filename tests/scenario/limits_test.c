// SPDX-License-Identifier: Apache-2.0
// Limits that change while the server runs, and which there may be.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"

enum { LONGEST = 65536, IN = WIRE_DIR_IN };

static struct server_config limits(unsigned connections, unsigned devices, unsigned longest_urbs)
{
    struct server_config c;
    server_config_default(&c);
    c.session.max_urb_bytes = LONGEST;
    c.session.max_urbs = 64;
    c.max_connections = connections;
    c.max_devices = devices;
    c.session.budget_bytes = c.total_budget_bytes = (uint64_t)longest_urbs * LONGEST;
    return c;
}

static void begin(struct stage *st, struct server_config c)
{
    stage_open_d1(st, &c);
}

static void change(struct stage *st, struct server_config c)
{
    server_change_limits(st->server, &c);
    stage_settle(st);
}

static const uint8_t no_room[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_NA};

STAGE_TEST(limits_of_connections_and_devices_change, begin(st, limits(2, 2, 8)))
{
    (void)stage_attach(st, "1-1");
    (void)stage_attach(st, "1-2");
    change(st, limits(2, 3, 8));
    stage_plug(st, "1-3", sim_faulty_create(st->bus, &sim_faulty_d1));
    stage_settle(st);
    CHECK_EQ(server_registry(st->server)->count, 3);
    struct stage_client *third = stage_connect(st);
    stage_send_import(third, "1-3");
    stage_expect_bytes(third, no_room, sizeof no_room);
    change(st, limits(3, 3, 8));
    stage_check_importable(st, "1-3");
    change(st, limits(1, 1, 8)); // those that are there stay
    stage_settle(st);
    CHECK_EQ(server_registry(st->server)->count, 3);
    stage_check_alive(st->clients);
}

// The total becomes less than what the sessions' reserves add up to: each still gets its own one.
STAGE_TEST(limits_of_memory_shrink_below_what_is_in_use, begin(st, limits(8, 8, 8)))
{
    struct stage_client *a = stage_attach(st, "1-1"), *b = stage_attach(st, "1-2");
    stage_in(a, 1, 1, LONGEST);
    stage_in(a, 2, 1, LONGEST);
    stage_in(a, 3, 1, LONGEST);
    CHECK_EQ(stage_payload_in_use(st), 3 * LONGEST);
    change(st, limits(8, 8, 1));
    stage_in(b, 1, 1, LONGEST);
    CHECK_EQ(stage_payload_in_use(st), 4 * LONGEST);
    stage_in(b, 2, 1, LONGEST); // waits: more than its reserve
    CHECK_EQ(stage_payload_in_use(st), 4 * LONGEST);
    change(st, limits(8, 8, 8));
    stage_advance(st, 1000); // a turn of the loop
    CHECK_EQ(stage_payload_in_use(st), 5 * LONGEST);
}

// The slots of a session are as many as there were when it imported.
STAGE_TEST(limits_of_urbs_hold_for_new_sessions, begin(st, limits(8, 8, 1024)))
{
    struct server_config more = limits(8, 8, 1024);
    struct stage_client *a = stage_attach(st, "1-1");
    more.session.max_urbs = 100;
    change(st, more);
    struct stage_client *b = stage_attach(st, "1-2");
    struct session_view va, vb;
    for (uint32_t n = 1; n <= 110; n++) {
        stage_queue_submit(a, &(struct stage_submit){n, IN, 1, .length = 512});
        stage_queue_submit(b, &(struct stage_submit){n, IN, 1, .length = 512});
    }
    stage_settle(st);
    session_view(a->session, &va);
    session_view(b->session, &vb);
    CHECK_EQ(va.urbs_in_flight, 64);
    CHECK_EQ(vb.urbs_in_flight, 100);
}

TEST(limits_are_checked)
{
    const char *why;
    struct server_config c;
    server_config_default(&c);
    CHECK_EQ(server_config_check(&c, &why), BASE_OK);
    CHECK(!why);
    c.session.max_urbs = 63;
    CHECK_EQ(server_config_check(&c, &why), BASE_ERR_INVALID);
    CHECK(why);
    server_config_default(&c);
    c.session.budget_bytes = c.session.max_urb_bytes - 1;
    CHECK_EQ(server_config_check(&c, &why), BASE_ERR_INVALID);
    server_config_default(&c);
    c.total_budget_bytes = c.session.budget_bytes - 1;
    CHECK_EQ(server_config_check(&c, &why), BASE_ERR_INVALID);
    server_config_default(&c);
    c.session.max_urb_bytes = 4095;
    CHECK_EQ(server_config_check(&c, &why), BASE_ERR_INVALID);
    server_config_default(&c);
    c.eventlog_capacity = 0;
    CHECK_EQ(server_config_check(&c, &why), BASE_ERR_INVALID);
}
