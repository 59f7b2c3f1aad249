// SPDX-License-Identifier: Apache-2.0
// A device is some client's alone for a while: it is busy for the others, who do not see it.
#include "server/server_lease.h"
#include "sim/device/disk/sim_disk.h"
#include "tests/support/stage.h"

#include <string.h>

enum { MS = 1000, SECOND = 1000 * MS };

#define ANNA "10.0.0.7"
#define OTHER "10.0.0.8"

static const uint8_t busy[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_DEV_BUSY};
static const uint8_t nodev[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_NODEV};

static enum base_err try_lease(struct stage *st, const char *busid, const char *to, uint64_t for_us,
                               const char *maker)
{
    struct server_lease lease = {.owner = "anna", .until_us = st->now_us + for_us};
    (void)base_text_copy(lease.busid, sizeof lease.busid, busid);
    (void)base_text_copy(lease.maker, sizeof lease.maker, maker);
    (void)base_text_copy(lease.identity, sizeof lease.identity, maker);
    CHECK(base_block_parse(to, &lease.addresses));
    return server_lease_take(st->server, &lease, maker, st->now_us);
}

static void lease(struct stage *st, const char *busid, const char *to, uint64_t for_us)
{
    CHECK_EQ(try_lease(st, busid, to, for_us, "anna"), BASE_OK);
}

static bool is_leased(struct stage *st, const char *busid)
{
    return server_lease(st->server, busid, st->now_us);
}

static unsigned listed(struct stage *st, const char *address)
{
    uint8_t request[WIRE_OP_HEADER_SIZE];
    struct stage_client *c = stage_connect_from(st, address);
    wire_op_header_pack(request, &(struct wire_op_header){WIRE_VERSION, WIRE_OP_REQ_DEVLIST, 0});
    stage_send(c, request, sizeof request);
    CHECK(c->in_size >= WIRE_OP_HEADER_SIZE + 4);
    unsigned devices = base_get_be32(stage_take(c, c->in_size) + WIRE_OP_HEADER_SIZE);
    stage_fin(c);
    return devices;
}

static struct stage_client *attach_from(struct stage *st, const char *address, const char *busid)
{
    struct stage_client *c = stage_connect_from(st, address);
    stage_import(c, busid);
    return c;
}

static void check_importable_from(struct stage *st, const char *address, const char *busid)
{
    stage_fin(attach_from(st, address, busid));
    stage_advance(st, SECOND);
}

static void check_refused(struct stage *st, const char *address, const char *name,
                          const uint8_t reply[8])
{
    struct stage_client *c = stage_connect_from(st, address);
    stage_send_import(c, name);
    stage_expect_bytes(c, reply, 8);
    CHECK(stage_closed(c));
}

static void check_sentence(struct stage *st, enum eventlog_type type, const char *want)
{
    char text[200] = "";
    const struct eventlog_event *e;
    for (uint64_t after = 0; (e = eventlog_next(server_eventlog(st->server), after)) != NULL;
         after = e->number)
        if (e->what.type == type)
            (void)eventlog_text(e, text, sizeof text);
    CHECK_STR(text, want);
}

// --- what it does --------------------------------------------------------------------------------

STAGE_TEST(lease_keeps_others_out, stage_open_d1(st, NULL))
{
    lease(st, "1-1", ANNA, 60 * SECOND);
    CHECK_EQ(listed(st, ANNA), 2);
    CHECK_EQ(listed(st, OTHER), 1);
    check_refused(st, OTHER, "1-1", busy);
    check_sentence(st, EVENT_LEASE_IN_FORCE,
                   "session 3: 10.0.0.8:1024 may not have 1-1 now: it is leased to others");
    check_importable_from(st, ANNA, "1-1");
    check_importable_from(st, OTHER, "1-2");
    check_sentence(st, EVENT_LEASE_TAKEN, "anna has leased 1-1 for 60 s");
}

STAGE_TEST(lease_to_a_block, stage_open_d1(st, NULL))
{
    lease(st, "1-1", "10.0.0.0/29", 60 * SECOND);
    check_importable_from(st, ANNA, "1-1");
    check_refused(st, OTHER, "1-1", busy);
    check_refused(st, "2001:db8::7", "1-1", busy);
}

// IPv4 in IPv6 is IPv4: of the client, and of the lease.
STAGE_TEST(lease_to_a_mapped_address, stage_open_d1(st, NULL))
{
    lease(st, "1-1", "::ffff:10.0.0.7", 60 * SECOND);
    check_importable_from(st, ANNA, "1-1");
    lease(st, "1-1", ANNA, 60 * SECOND);
    check_importable_from(st, "::ffff:10.0.0.7", "1-1");
    check_refused(st, "::ffff:10.0.0.8", "1-1", busy);
}

// Until he lets go.
STAGE_TEST(lease_leaves_the_device_to_who_has_it, stage_open_d1(st, NULL))
{
    struct stage_client *c = attach_from(st, OTHER, "1-1");
    lease(st, "1-1", ANNA, 60 * SECOND);
    stage_settle(st);
    stage_check_alive(c);
    check_refused(st, ANNA, "1-1", busy);
    stage_fin(c);
    stage_advance(st, SECOND);
    check_refused(st, OTHER, "1-1", busy);
    check_importable_from(st, ANNA, "1-1");
}

// Opened for somebody is had by him.
STAGE_TEST(lease_that_begins_while_the_device_is_opened, stage_open_d1(st, NULL))
{
    sim_delay_open(st->bus, "1-1", 700 * MS, BASE_OK);
    struct stage_client *c = stage_connect_from(st, OTHER);
    stage_send_import(c, "1-1");
    lease(st, "1-1", ANNA, 60 * SECOND);
    stage_advance(st, SECOND);
    CHECK_EQ(c->in_size, WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE);
    CHECK(!stage_closed(c));
}

STAGE_TEST(lease_that_begins_while_an_import_waits, stage_open_d1(st, NULL))
{
    sim_delay_close(st->bus, "1-1", 700 * MS);
    stage_fin(attach_from(st, OTHER, "1-1"));
    struct stage_client *other = stage_connect_from(st, OTHER);
    struct stage_client *anna = stage_connect_from(st, ANNA);
    stage_send_import(other, "1-1");
    stage_send_import(anna, "1-1");
    stage_expect_silence(other);
    lease(st, "1-1", ANNA, 60 * SECOND);
    stage_advance(st, SECOND);
    stage_expect_bytes(other, busy, sizeof busy);
    CHECK_EQ(anna->in_size, WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE);
}

// Only those whom the lease is for make the server ask whether who has it is still there.
STAGE_TEST(lease_and_a_holder_that_is_silent, stage_open_d1(st, NULL))
{
    struct stage_client *dead = attach_from(st, OTHER, "1-1");
    stage_advance(st, 60 * SECOND);
    stage_heard(dead, 60 * SECOND, 15);
    lease(st, "1-1", ANNA, 600 * (uint64_t)SECOND);
    check_refused(st, OTHER, "1-1", busy);
    CHECK_EQ(listed(st, OTHER), 1);
    CHECK_EQ(listed(st, ANNA), 2);
    CHECK_EQ(session_peer(dead->session), SESSION_PEER_SILENT);
    struct stage_client *anna = stage_connect_from(st, ANNA);
    stage_send_import(anna, "1-1");
    stage_expect_silence(anna);
    CHECK_EQ(session_peer(dead->session), SESSION_PEER_PROBED);
    stage_advance(st, 5 * SECOND);
    if (dead->session)
        stage_heard(dead, 65 * SECOND, 20);
    stage_advance(st, 5 * SECOND);
    CHECK(stage_closed(dead));
    CHECK_EQ(anna->in_size, WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE);
}

// --- rules are stronger --------------------------------------------------------------------------

STAGE_TEST(lease_gives_nobody_what_rules_deny, stage_open_d1(st, NULL))
{
    struct base_block anna;
    CHECK(base_block_parse(ANNA, &anna));
    const struct access_rule rule = {
        .by = ACCESS_BY_BUSID,
        .text = "1-1",
        .blocks = &anna,
        .block_count = 1,
        .effect = ACCESS_HIDE,
    };
    const struct access_list list = {.rules = &rule, .rule_count = 1};
    lease(st, "1-1", ANNA, 60 * SECOND);
    struct stage_client *c = attach_from(st, ANNA, "1-1");
    CHECK_EQ(server_change_access(st->server, &list, st->now_us), BASE_OK);
    stage_settle(st);
    CHECK(stage_closed(c));
    CHECK_EQ(listed(st, ANNA), 1);
    check_refused(st, ANNA, "1-1", nodev);
    check_refused(st, OTHER, "1-1", busy);
}

static void plug_disk(struct stage *st, const char *busid)
{
    struct sim_disk_options o = {.number = 1};
    CHECK_EQ(sim_storage_ram(&o.storage, &st->heap.alloc, 64 * 1024), BASE_OK);
    stage_plug(st, busid, sim_disk_create(st->bus, &o));
}

static void begin_with_twins(struct stage *st)
{
    CHECK(stage_open(st, &(struct stage_options){.rx_piece = 0}));
    plug_disk(st, "1-1");
    plug_disk(st, "1-2");
}

// Of two devices with one serial number the one that is leased to others is not there.
STAGE_TEST(lease_leaves_the_other_device_of_the_same_name, begin_with_twins(st))
{
    const char *serial = registry_find(server_registry(st->server), "1-1")->info.serial;
    check_refused(st, OTHER, serial, nodev); // which one?
    lease(st, "1-1", ANNA, 60 * SECOND);
    check_importable_from(st, OTHER, serial);
    lease(st, "1-2", ANNA, 60 * SECOND);
    check_refused(st, OTHER, serial, busy);
}

// --- its end -------------------------------------------------------------------------------------

STAGE_TEST(lease_ends_by_itself, stage_open_d1(st, NULL))
{
    lease(st, "1-1", ANNA, 60 * SECOND);
    lease(st, "1-2", ANNA, 30 * SECOND);
    stage_advance(st, 30 * SECOND - 1);
    CHECK_EQ(server_next_deadline(st->server), st->now_us + 1);
    CHECK(is_leased(st, "1-2"));
    check_refused(st, OTHER, "1-2", busy);
    stage_advance(st, 1);
    CHECK(!is_leased(st, "1-2"));
    check_importable_from(st, OTHER, "1-2");
    check_refused(st, OTHER, "1-1", busy);
    stage_advance(st, 30 * SECOND);
    check_sentence(st, EVENT_LEASE_ENDED, "the lease of 1-1 has ended: its time is over");
    CHECK_EQ(stage_count_events(st, EVENT_LEASE_ENDED), 2);
    CHECK_EQ(server_lease_count(st->server), 0);
    check_importable_from(st, OTHER, "1-1");
}

// Between two steps of the server it is over at its end, too.
STAGE_TEST(lease_that_is_over_is_over_for_who_asks_first, stage_open_d1(st, NULL))
{
    lease(st, "1-1", ANNA, 60 * SECOND);
    st->now_us += 60 * SECOND;
    CHECK(!is_leased(st, "1-1"));
    CHECK(!server_lease_end(st->server, "1-1", EVENT_LEASE_TAKEN_BACK, "berta", st->now_us));
    check_sentence(st, EVENT_LEASE_ENDED, "the lease of 1-1 has ended: its time is over");
    lease(st, "1-1", ANNA, 60 * SECOND);
    st->now_us += 60 * SECOND;
    CHECK_EQ(try_lease(st, "1-1", OTHER, 60 * SECOND, "berta"), BASE_OK);
}

STAGE_TEST(lease_is_taken_back, stage_open_d1(st, NULL))
{
    lease(st, "1-1", ANNA, 60 * SECOND);
    CHECK(server_lease_end(st->server, "1-1", EVENT_LEASE_TAKEN_BACK, "berta", st->now_us));
    check_sentence(st, EVENT_LEASE_ENDED, "the lease of 1-1 has ended: taken back by berta");
    CHECK(!server_lease_end(st->server, "1-1", EVENT_LEASE_TAKEN_BACK, "berta", st->now_us));
    check_importable_from(st, OTHER, "1-1");
    CHECK_EQ(server_next_deadline(st->server), UINT64_MAX);
}

// The time of day moves by years: nothing of it counts.
STAGE_TEST(lease_does_not_follow_the_time_of_day, stage_open_d1(st, NULL))
{
    struct eventlog *log = server_eventlog(st->server);
    eventlog_set_clock(log, UINT64_C(1795348800) * SECOND, st->now_us);
    lease(st, "1-1", ANNA, 60 * SECOND);
    eventlog_set_clock(log, UINT64_C(1995348800) * SECOND, st->now_us);
    stage_advance(st, 59 * SECOND);
    check_refused(st, OTHER, "1-1", busy);
    eventlog_set_clock(log, UINT64_C(1595348800) * SECOND, st->now_us);
    stage_advance(st, SECOND);
    check_importable_from(st, OTHER, "1-1");
}

// --- whose it is ---------------------------------------------------------------------------------

STAGE_TEST(lease_is_changed_by_its_maker_only, stage_open_d1(st, NULL))
{
    lease(st, "1-1", ANNA, 60 * SECOND);
    CHECK_EQ(try_lease(st, "1-1", OTHER, 60 * SECOND, "berta"), BASE_ERR_BUSY);
    check_refused(st, OTHER, "1-1", busy);
    lease(st, "1-1", OTHER, 10 * SECOND); // shorter, and for somebody else
    CHECK_EQ(server_lease_count(st->server), 1);
    check_refused(st, ANNA, "1-1", busy);
    check_importable_from(st, OTHER, "1-1");
    stage_advance(st, 10 * SECOND);
    check_importable_from(st, ANNA, "1-1");
}

// It is of the busid, whatever is plugged in there.
STAGE_TEST(lease_survives_a_replug, stage_open_d1(st, NULL))
{
    lease(st, "1-1", ANNA, 60 * SECOND);
    CHECK_EQ(sim_unplug(st->bus, "1-1"), BASE_OK);
    stage_settle(st);
    CHECK(is_leased(st, "1-1"));
    check_refused(st, OTHER, "1-1", nodev);
    stage_replug(st, "1-1");
    check_refused(st, OTHER, "1-1", busy);
    CHECK_EQ(listed(st, OTHER), 1);
    CHECK_EQ(sim_unplug(st->bus, "1-1"), BASE_OK);
    stage_settle(st);
    stage_advance(st, 60 * SECOND);
    stage_replug(st, "1-1");
    check_importable_from(st, OTHER, "1-1");
}

static void open_for_two(struct stage *st)
{
    struct server_config config;
    server_config_default(&config);
    config.max_devices = 2;
    stage_open_d1(st, &config);
}

// One for each device that there may be, also for those that are not there any more.
STAGE_TEST(lease_of_one_more_than_devices, open_for_two(st))
{
    lease(st, "1-1", ANNA, 60 * SECOND);
    lease(st, "1-2", ANNA, 60 * SECOND);
    CHECK_EQ(try_lease(st, "1-3", ANNA, 60 * SECOND, "anna"), BASE_ERR_LIMIT);
    lease(st, "1-2", ANNA, 30 * SECOND);
    stage_advance(st, 30 * SECOND);
    lease(st, "1-3", ANNA, 60 * SECOND);
}

STAGE_TEST(lease_without_memory, stage_open_d1(st, NULL))
{
    st->heap.fail_at = st->heap.calls + 1;
    st->heap.fail_once = true;
    CHECK_EQ(try_lease(st, "1-1", ANNA, 60 * SECOND, "anna"), BASE_ERR_NOMEM);
    CHECK(!is_leased(st, "1-1"));
    CHECK_EQ(server_lease_count(st->server), 0);
    check_importable_from(st, OTHER, "1-1");
}
