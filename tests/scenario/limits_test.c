// SPDX-License-Identifier: Apache-2.0
// Limits that change while the server runs.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"

enum { KIB = 1024, LONGEST = 64 * KIB, IN = WIRE_DIR_IN, NO_MEMORY = USB_STATUS_NO_MEMORY };

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
    CHECK(stage_open(st, &(struct stage_options){.config = &c}));
    stage_plug(st, "1-1", sim_faulty_create(st->bus, &sim_faulty_d1));
    stage_plug(st, "1-2", sim_faulty_create(st->bus, &sim_faulty_d1));
    stage_settle(st);
}

static void change(struct stage *st, struct server_config c)
{
    server_change_limits(st->server, &c);
    stage_settle(st);
}

static void in(struct stage_client *c, uint32_t seqnum)
{
    stage_submit(c, &(struct stage_submit){seqnum, IN, 1, .length = LONGEST});
}

static uint64_t in_use(struct stage *st)
{
    struct server_totals t;
    server_totals(st->server, &t);
    return t.payload_bytes_in_use;
}

TEST(limits_of_connections_and_devices_change)
{
    struct stage st;
    begin(&st, limits(2, 2, 8));
    (void)stage_attach(&st, "1-1");
    (void)stage_attach(&st, "1-2");
    CHECK(stage_connect(&st) == NULL);
    change(&st, limits(3, 3, 8));
    CHECK(stage_connect(&st) != NULL);
    stage_plug(&st, "1-3", sim_faulty_create(st.bus, &sim_faulty_d1));
    stage_settle(&st);
    CHECK_EQ(server_registry(st.server)->count, 3);
    change(&st, limits(1, 1, 8)); // those that are there stay
    stage_settle(&st);
    CHECK_EQ(server_registry(st.server)->count, 3);
    stage_check_alive(st.clients);
    stage_close(&st);
}

// The total becomes less than what the sessions' reserves add up to: each still gets its own one.
TEST(limits_of_memory_shrink_below_what_is_in_use)
{
    struct stage st;
    begin(&st, limits(8, 8, 8));
    struct stage_client *a = stage_attach(&st, "1-1"), *b = stage_attach(&st, "1-2");
    in(a, 1);
    in(a, 2);
    in(a, 3);
    CHECK_EQ(in_use(&st), 3 * LONGEST);
    change(&st, limits(8, 8, 1));
    in(b, 1);
    CHECK_EQ(in_use(&st), 4 * LONGEST);
    in(b, 2); // waits: more than its reserve
    CHECK_EQ(in_use(&st), 4 * LONGEST);
    change(&st, limits(8, 8, 8));
    stage_advance(&st, 1000); // a turn of the loop
    CHECK_EQ(in_use(&st), 5 * LONGEST);
    stage_close(&st);
}

// The slots of a session are as many as there were when it imported.
TEST(limits_of_urbs_hold_for_new_sessions)
{
    struct stage st;
    struct server_config more = limits(8, 8, 1024);
    begin(&st, limits(8, 8, 1024));
    struct stage_client *a = stage_attach(&st, "1-1");
    more.session.max_urbs = 100;
    change(&st, more);
    struct stage_client *b = stage_attach(&st, "1-2");
    struct session_view va, vb;
    for (uint32_t n = 1; n <= 110; n++) {
        stage_queue_submit(a, &(struct stage_submit){n, IN, 1, .length = 512});
        stage_queue_submit(b, &(struct stage_submit){n, IN, 1, .length = 512});
    }
    stage_settle(&st);
    session_view(a->session, &va);
    session_view(b->session, &vb);
    CHECK_EQ(va.urbs_in_flight, 64);
    CHECK_EQ(vb.urbs_in_flight, 100);
    stage_close(&st);
}
