// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.1, items 17-27: versions, requests that nobody serves, clients that say
// nothing, leave, or are no USB/IP clients at all.
#include "tests/conformance/fixture.h"

enum {
    SILENT_CLIENTS = 64,
    RANDOM_SIZE = 1024,
    RANDOM_SEEDS = 64,
    D1_ENTRY_SIZE = WIRE_DEVICE_SIZE + 2 * WIRE_INTERFACE_SIZE,
    LIST_OF_TWO_SIZE = 12 + 2 * D1_ENTRY_SIZE,
};

static bool listed(struct fixture *f, const char *busid)
{
    return fixture_record(&f->st, busid) != NULL;
}

// Policy: devices in use are left out, as Linux's usbipd does; a setting turns that round.
FIXTURE_TEST(conformance_017_list_while_in_use)
{
    struct stage_client *c = stage_attach(&f->st, "1-1");
    CHECK(!listed(f, "1-1"));
    CHECK(listed(f, "1-2"));
    stage_check_alive(c);
    stage_fin(c);
    CHECK(listed(f, "1-1"));
}

TEST(conformance_017_list_while_in_use_by_setting)
{
    struct server_config config;
    struct fixture f;
    server_config_default(&config);
    config.list_in_use = true;
    fixture_open(&f, &(struct stage_options){.config = &config});
    struct stage_client *c = stage_attach(&f.st, "1-1");
    CHECK(listed(&f, "1-1"));
    CHECK(listed(&f, "1-2"));
    stage_check_alive(c);
    fixture_close(&f);
}

// The list, under the version of the request.
static void check_old_version(struct fixture *f, const char *vector, uint8_t version)
{
    const uint8_t head[] = {0x01, version, 0x00, 0x05, 0, 0, 0, 0, 0, 0, 0, 2};
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, vector);
    CHECK_EQ(c->in_size, LIST_OF_TWO_SIZE);
    stage_expect_bytes(c, head, sizeof head);
}

static void check_version_refused(struct fixture *f, uint8_t high, uint8_t low)
{
    static const uint8_t refusal[] = {0x01, 0x11, 0x00, 0x05, 0, 0, 0, WIRE_ST_NA};
    const uint8_t request[] = {high, low, 0x80, 0x05, 0, 0, 0, 0};
    struct stage_client *c = fixture_connect(f);
    stage_send(c, request, sizeof request);
    stage_expect_bytes(c, refusal, sizeof refusal);
    stage_expect_silence(c);
    CHECK(stage_closed(c));
}

FIXTURE_TEST(conformance_018_versions)
{
    check_old_version(f, "OP-DEVLIST-V106", 0x06);
    check_old_version(f, "OP-DEVLIST-V100", 0x00);
    check_version_refused(f, 0x01, 0x12);
    check_version_refused(f, 0x00, 0xff);
    check_version_refused(f, 0x02, 0x00);
}

static void check_op_refused(struct fixture *f, const char *vector, uint8_t code)
{
    const uint8_t refusal[] = {0x01, 0x11, 0x00, code, 0, 0, 0, WIRE_ST_NA};
    struct stage_client *other = stage_attach(&f->st, "1-1"), *c = fixture_connect(f);
    fixture_send(c, vector);
    stage_expect_bytes(c, refusal, sizeof refusal);
    stage_expect_silence(c);
    stage_advance(&f->st, 2 * FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    stage_check_alive(other);
    CHECK(listed(f, "1-2"));
    stage_fin(other);
}

FIXTURE_TEST(conformance_019_unknown_operations)
{
    check_op_refused(f, "OP-UNKNOWN", 0x09);
    check_op_refused(f, "OP-CRYPKEY", 0x04);
}

FIXTURE_TEST(conformance_020_request_with_a_status)
{
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-DEVLIST-ST1");
    CHECK_EQ(c->in_size, LIST_OF_TWO_SIZE); // served as if it were 0
}

// --- clients that say nothing --------------------------------------------------------------------

static struct stage_client *send_some(struct fixture *f, size_t size)
{
    uint8_t bytes[GOLDEN_MAX];
    CHECK(size < golden(bytes, "OP-IMPORT"));
    struct stage_client *c = fixture_connect(f);
    stage_send(c, bytes, size);
    return c;
}

// The socket's half (a deadline wakes poll()) is in the port test
// loop_closes_on_a_peer_that_never_does.
FIXTURE_TEST(conformance_021_silent_clients)
{
    struct stage_client *c[] = {send_some(f, 0), send_some(f, 4), send_some(f, 39)};
    stage_advance(&f->st, 5 * FIXTURE_SECOND_US);
    for (unsigned i = 0; i < 3; i++)
        CHECK(!stage_closed(c[i]));
    CHECK(listed(f, "1-1"));
    stage_check_importable(&f->st, "1-1");
    stage_advance(&f->st, 25 * FIXTURE_SECOND_US);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(stage_closed(c[i]));
        stage_expect_silence(c[i]);
    }
}

// The limit is for the whole request: a byte now and then does not move it.
FIXTURE_TEST(conformance_021_dripping_client)
{
    uint8_t bytes[GOLDEN_MAX];
    size_t size = golden(bytes, "OP-IMPORT");
    struct stage_client *c = fixture_connect(f);
    for (size_t at = 0; at < size - 1 && !stage_closed(c); at++) {
        stage_send(c, bytes + at, 1);
        stage_advance(&f->st, FIXTURE_SECOND_US);
    }
    CHECK(stage_closed(c));
}

// With sockets: the port tests loop_many_connections and loop_crowd_gives_way.
FIXTURE_TEST(conformance_022_many_silent_clients)
{
    for (unsigned i = 0; i < SILENT_CLIENTS; i++)
        (void)send_some(f, i % 40);
    CHECK(listed(f, "1-1"));
    stage_check_importable(&f->st, "1-1");
}

// At the limit the oldest connection without a device gives way; one with a device never does.
TEST(conformance_022_connection_limit)
{
    struct stage_client *silent[SILENT_CLIENTS];
    struct server_config config;
    struct fixture f;
    server_config_default(&config);
    config.max_connections = SILENT_CLIENTS;
    fixture_open(&f, &(struct stage_options){.config = &config});
    struct stage_client *busy = stage_attach(&f.st, "1-2");
    for (unsigned i = 0; i < SILENT_CLIENTS - 1; i++)
        silent[i] = send_some(&f, i % 40);
    CHECK(!stage_closed(silent[0]));
    CHECK(listed(&f, "1-1"));
    CHECK(stage_closed(silent[0]));
    CHECK(!stage_closed(silent[1]));
    stage_check_alive(busy);
    fixture_close(&f);
}

// --- clients that leave --------------------------------------------------------------------------

static void import_and_leave(struct fixture *f, bool reset)
{
    struct stage_client *c = fixture_connect(f);
    c->deaf = true;
    fixture_send(c, "OP-IMPORT");
    if (reset)
        stage_reset(c);
    else
        stage_fin(c);
    stage_advance(&f->st, 2 * FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    CHECK(listed(f, "1-1"));
}

static void import_unread(struct fixture *f)
{
    import_and_leave(f, false);
    import_and_leave(f, true);
}

FIXTURE_TEST(conformance_023_import_and_close_without_reading)
{
    fixture_check_no_leak(f, import_unread);
    stage_check_importable(&f->st, "1-1");
}

// While the claim is still under way: it is given back as soon as it is there.
FIXTURE_TEST(conformance_023_close_during_the_claim)
{
    sim_delay_open(f->st.bus, "1-1", FIXTURE_SECOND_US, BASE_OK);
    fixture_check_no_leak(f, import_unread);
    sim_delay_open(f->st.bus, "1-1", FIXTURE_SECOND_US, BASE_ERR_IO);
    fixture_check_no_leak(f, import_unread);
    sim_delay_open(f->st.bus, "1-1", 0, BASE_OK);
    stage_check_importable(&f->st, "1-1");
}

// While it waits for the device to be cleaned: the next one in the row gets it.
static void leave_while_waiting(struct fixture *f)
{
    struct stage_client *first = stage_attach(&f->st, "1-1"), *second = fixture_connect(f);
    stage_fin(first);
    fixture_send(second, "OP-IMPORT");
    struct stage_client *third = fixture_connect(f);
    fixture_send(third, "OP-IMPORT");
    stage_fin(second);
    stage_advance(&f->st, 2 * FIXTURE_SECOND_US);
    stage_expect_silence(second);
    CHECK_EQ(third->in_size, FIXTURE_IMPORT_REPLY_SIZE);
    stage_fin(third);
    stage_advance(&f->st, 2 * FIXTURE_SECOND_US);
    CHECK(listed(f, "1-1"));
}

FIXTURE_TEST(conformance_023_close_while_waiting)
{
    sim_delay_close(f->st.bus, "1-1", FIXTURE_SECOND_US);
    fixture_check_no_leak(f, leave_while_waiting);
}

static void import_unused(struct fixture *f)
{
    struct stage_client *c = stage_attach(&f->st, "1-1");
    stage_fin(c);
    stage_advance(&f->st, 2 * FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
}

FIXTURE_TEST(conformance_024_import_without_an_urb)
{
    fixture_check_no_leak(f, import_unused);
    stage_check_importable(&f->st, "1-1");
}

FIXTURE_TEST(conformance_025_slow_claim)
{
    sim_delay_open(f->st.bus, "1-1", 3 * FIXTURE_SECOND_US, BASE_OK);
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-IMPORT");
    stage_advance(&f->st, 3 * FIXTURE_SECOND_US - 1);
    stage_expect_silence(c);
    CHECK(!stage_closed(c));
    stage_advance(&f->st, 7 * FIXTURE_SECOND_US + 1);
    CHECK_EQ(c->in_size, FIXTURE_IMPORT_REPLY_SIZE);
    CHECK_EQ(base_get_be32(stage_take(c, c->in_size) + 4), WIRE_ST_OK);
    c->devid = FIXTURE_DEVID;
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_026_two_lists_in_one_segment)
{
    uint8_t bytes[2 * GOLDEN_MAX];
    size_t size = golden(bytes, "OP-DEVLIST");
    size += golden(bytes + size, "OP-DEVLIST");
    struct stage_client *c = fixture_connect(f);
    stage_send(c, bytes, size);
    CHECK_EQ(c->in_size, 2 * LIST_OF_TWO_SIZE);
    const uint8_t *replies = stage_take(c, c->in_size);
    CHECK_BYTES(replies, replies + LIST_OF_TWO_SIZE, LIST_OF_TWO_SIZE);
}

// --- no USB/IP clients at all --------------------------------------------------------------------

// At most one refusal of 8 bytes, then the end.
static void check_stranger(struct fixture *f, const void *bytes, size_t size)
{
    struct stage_client *c = fixture_connect(f);
    stage_send(c, bytes, size);
    stage_advance(&f->st, 30 * FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    CHECK(c->in_size == 0 || c->in_size == WIRE_OP_HEADER_SIZE);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

FIXTURE_TEST(conformance_027_strangers)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n";
    static const uint8_t hello[] = {0x16, 0x03, 0x01, 0x00, 0x2f, 0x01,
                                    0x00, 0x00, 0x2b, 0x03, 0x03};
    uint8_t bytes[RANDOM_SIZE];
    struct stage_client *other = stage_attach(&f->st, "1-2");
    check_stranger(f, http, sizeof http - 1);
    check_stranger(f, hello, sizeof hello);
    for (uint32_t seed = 0; seed < RANDOM_SEEDS; seed++) {
        uint32_t state = seed;
        for (unsigned i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)next_random(&state);
        check_stranger(f, bytes, sizeof bytes);
    }
    stage_check_alive(other);
    stage_check_importable(&f->st, "1-1");
}
