// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.1, items 1-16: DEVLIST and IMPORT.
#include "server/server_lease.h"
#include "tests/conformance/fixture.h"

#include <string.h>

enum {
    RECORD_AT = 12, // of the first record in an OP_REP_DEVLIST
    D1_ENTRY_SIZE = WIRE_DEVICE_SIZE + 2 * WIRE_INTERFACE_SIZE,
    D2_PRODUCT = 0x0002,
    BUSID_AT = 256, // in a record
};

// --- DEVLIST -------------------------------------------------------------------------------------

FIXTURE_TEST(conformance_001_empty_list)
{
    fixture_unplug(f, "1-1");
    fixture_unplug(f, "1-2");
    struct stage_client *c = fixture_connect(f);
    fixture_exchange(c, "OP-DEVLIST", "R-DEVLIST-0");
}

// Offsets from the start of the reply, as docs/wire.md 1.3 gives them for the first record.
FIXTURE_TEST(conformance_002_list_of_two)
{
    static const uint8_t head[RECORD_AT] = {0x01, 0x11, 0x00, 0x05, 0, 0, 0, 0, 0, 0, 0, 2};
    // busnum, devnum, speed, ids, classes, configuration, counts
    static const uint8_t d1[] = {0,    0,    0,    1,    0,    0,    0, 2, 0, 0, 0, 3,
                                 0x12, 0x09, 0x00, 0x01, 0x01, 0x00, 0, 0, 0, 1, 1, 2};
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-DEVLIST");
    CHECK_EQ(c->in_size, RECORD_AT + 2 * D1_ENTRY_SIZE);
    const uint8_t *reply = stage_take(c, c->in_size);
    CHECK_BYTES(reply, head, sizeof head);
    CHECK(reply[0x00c] != 0);
    CHECK_STR((const char *)reply + 0x10c, "1-1");
    CHECK_BYTES(reply + 0x12c, d1, sizeof d1);
    CHECK_STR((const char *)reply + 0x10c + D1_ENTRY_SIZE, "1-2");
    CHECK_EQ(base_get_be32(reply + 0x130 + D1_ENTRY_SIZE), 3);
    CHECK_EQ(base_get_be16(reply + 0x13a + D1_ENTRY_SIZE), D2_PRODUCT);
}

static void check_zero(const uint8_t *from, const uint8_t *end)
{
    CHECK(from < end);
    for (; from < end; from++)
        CHECK_EQ(*from, 0);
}

static void check_padding(const uint8_t *record)
{
    const uint8_t *path_end = memchr(record, 0, BUSID_AT);
    const uint8_t *busid_end = memchr(record + BUSID_AT, 0, WIRE_BUSID_SIZE);
    CHECK(path_end && busid_end);
    check_zero(path_end, record + BUSID_AT);
    check_zero(busid_end, record + BUSID_AT + WIRE_BUSID_SIZE);
    for (unsigned i = 0; i < record[WIRE_DEVICE_SIZE - 1]; i++)
        CHECK_EQ(record[WIRE_DEVICE_SIZE + i * WIRE_INTERFACE_SIZE + 3], 0);
}

FIXTURE_TEST(conformance_003_padding_is_zero)
{
    check_padding(fixture_record(&f->st, "1-1"));
    check_padding(fixture_record(&f->st, "1-2"));
}

static const uint8_t *record_with_interfaces(struct fixture *f, unsigned interfaces)
{
    struct sim_faulty_options options = sim_faulty_d1;
    options.interfaces = interfaces;
    fixture_unplug(f, "1-2");
    stage_plug(&f->st, "1-2", sim_faulty_create(f->st.bus, &options));
    return fixture_record(&f->st, "1-2"); // also checks that the whole list has the right size
}

// Interface 1 has two alternate settings, but one record.
FIXTURE_TEST(conformance_004_interface_records)
{
    static const unsigned counts[] = {0, 1, 5};
    for (unsigned i = 0; i < 3; i++) {
        const uint8_t *record = record_with_interfaces(f, counts[i]);
        CHECK(record);
        CHECK_EQ(record[WIRE_DEVICE_SIZE - 1], counts[i]);
    }
}

static const char *skip_number(const char *s)
{
    CHECK(*s >= '0' && *s <= '9');
    while (*s >= '0' && *s <= '9')
        s++;
    return s;
}

// ^[0-9]+-[0-9]+(\.[0-9]+)*$
static void check_busid(const char *busid)
{
    const char *s = skip_number(busid);
    CHECK_EQ(*s, '-');
    s = skip_number(s + 1);
    while (*s == '.')
        s = skip_number(s + 1);
    CHECK_EQ(*s, '\0');
}

// Devices behind a hub and of every speed are in the list too.
FIXTURE_TEST(conformance_005_busids_and_numbers)
{
    struct sim_faulty_options full = sim_faulty_d1;
    full.speed = USB_SPEED_FULL;
    bool seen[256] = {0};
    size_t size, at = 4;
    stage_plug(&f->st, "1-3", sim_hub_create(f->st.bus, 4));
    stage_plug(&f->st, "1-3.4", sim_faulty_create(f->st.bus, &full));
    stage_plug(&f->st, "1-3.2", sim_hub_create(f->st.bus, 4));
    stage_plug(&f->st, "1-3.2.1", sim_faulty_create(f->st.bus, &sim_faulty_d1));
    const uint8_t *list = fixture_devlist(&f->st, &size);
    unsigned count = stage_abilities.translates ? 4 : 3;
    CHECK_EQ(base_get_be32(list), count); // hubs are not exported
    for (unsigned i = 0; i < count; i++) {
        struct wire_device d;
        wire_device_unpack(&d, list + at);
        check_busid(d.busid);
        CHECK_EQ(d.busnum, 1);
        CHECK(d.devnum >= 1 && d.devnum <= 255 && !seen[d.devnum]);
        CHECK(d.speed >= 1 && d.speed <= 5);
        seen[d.devnum] = true;
        at += WIRE_DEVICE_SIZE + (size_t)d.bNumInterfaces * WIRE_INTERFACE_SIZE;
    }
}

// The connection serves a second DEVLIST, and ends in order when nobody asks any more. A client
// that is slow to read loses nothing: the engine never says "close now" while bytes are left. The
// socket's half (no reset overtakes the reply) is in the port tests
// loop_last_reply_survives_unread_input and loop_answers_after_half_close.
FIXTURE_TEST(conformance_006_after_the_list)
{
    struct stage_client *c = fixture_connect(f);
    c->deaf = true;
    fixture_send(c, "OP-DEVLIST");
    fixture_send(c, "OP-DEVLIST");
    stage_advance(&f->st, 5 * FIXTURE_SECOND_US);
    CHECK(!stage_closed(c));
    c->deaf = false;
    stage_settle(&f->st);
    CHECK_EQ(c->in_size, 2 * (RECORD_AT + 2 * D1_ENTRY_SIZE));
    stage_take(c, c->in_size);
    fixture_send(c, "OP-DEVLIST");
    CHECK_EQ(c->in_size, RECORD_AT + 2 * D1_ENTRY_SIZE);
    stage_take(c, c->in_size);
    stage_advance(&f->st, 30 * FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    stage_expect_silence(c);
}

// --- IMPORT --------------------------------------------------------------------------------------

static void check_import_reply(struct stage_client *c, const uint8_t record[WIRE_DEVICE_SIZE])
{
    static const uint8_t ok[WIRE_OP_HEADER_SIZE] = {0x01, 0x11, 0x00, 0x03};
    stage_expect_bytes(c, ok, sizeof ok);
    stage_expect_bytes(c, record, WIRE_DEVICE_SIZE);
    c->devid = FIXTURE_DEVID;
}

FIXTURE_TEST(conformance_007_import)
{
    const uint8_t *record = fixture_record(&f->st, "1-1");
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-IMPORT");
    check_import_reply(c, record);
    stage_advance(&f->st, 5 * FIXTURE_SECOND_US);
    stage_expect_silence(c);
    stage_check_alive(c);
}

static void import_in_pieces(struct fixture *f, size_t first, size_t piece)
{
    uint8_t bytes[GOLDEN_MAX];
    size_t size = golden(bytes, "OP-IMPORT");
    const uint8_t *record = fixture_record(&f->st, "1-1");
    struct stage_client *c = fixture_connect(f);
    for (size_t at = 0, n = first; at < size; at += n, n = piece) {
        stage_expect_silence(c);
        stage_send(c, bytes + at, n);
        stage_advance(&f->st, 200000);
    }
    check_import_reply(c, record);
    stage_expect_silence(c);
    stage_fin(c);
}

FIXTURE_TEST(conformance_008_import_in_pieces)
{
    import_in_pieces(f, WIRE_OP_HEADER_SIZE, 32);
    import_in_pieces(f, 1, 1);
}

FIXTURE_TEST(conformance_009_import_and_submit_in_one_segment)
{
    uint8_t bytes[2 * GOLDEN_MAX];
    const uint8_t *record = fixture_record(&f->st, "1-1");
    struct stage_client *c = fixture_connect(f);
    size_t size = golden(bytes, "OP-IMPORT");
    size += golden(bytes + size, "SUB-DEVDESC64");
    stage_send(c, bytes, size);
    check_import_reply(c, record);
    fixture_expect(c, "RET-DEVDESC64");
    stage_expect_silence(c);
}

static void check_refused(struct fixture *f, struct stage_client *c, const char *reply)
{
    fixture_expect(c, reply);
    stage_advance(&f->st, 2 * FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    stage_advance(&f->st, 20 * FIXTURE_SECOND_US);
    stage_expect_silence(c); // and no second answer later
}

FIXTURE_TEST(conformance_010_import_of_nothing)
{
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-IMPORT-NONE");
    check_refused(f, c, "R-IMPORT-NODEV");
}

// Not "close", nor FIN, before the refusal is on its way.
FIXTURE_TEST(conformance_010_slow_reader)
{
    struct stage_client *c = fixture_connect(f);
    c->deaf = true;
    fixture_send(c, "OP-IMPORT-NONE");
    stage_advance(&f->st, FIXTURE_SECOND_US);
    CHECK(!stage_closed(c));
    c->deaf = false;
    stage_settle(&f->st);
    check_refused(f, c, "R-IMPORT-NODEV");
}

FIXTURE_TEST(conformance_011_busid_without_end)
{
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-IMPORT-UNTERM");
    check_refused(f, c, "R-IMPORT-NODEV");
}

static void refuse_busid(struct fixture *f, const void *busid, size_t size)
{
    uint8_t request[GOLDEN_MAX];
    (void)golden(request, "OP-IMPORT");
    memset(request + WIRE_OP_HEADER_SIZE, 0, WIRE_BUSID_SIZE);
    memcpy(request + WIRE_OP_HEADER_SIZE, busid, size);
    struct stage_client *c = fixture_connect(f);
    stage_send(c, request, WIRE_OP_IMPORT_SIZE);
    check_refused(f, c, "R-IMPORT-NODEV");
}

FIXTURE_TEST(conformance_012_strange_busids)
{
    static const char *const texts[] = {" 1-1", "1-1 ", "1-10", "1-", "1", "1-1.", "1-1\n", "%s%n"};
    uint8_t same[WIRE_BUSID_SIZE];
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-IMPORT-TRAV");
    check_refused(f, c, "R-IMPORT-NODEV");
    memset(same, 0xff, sizeof same);
    refuse_busid(f, same, sizeof same);
    memset(same, 0, sizeof same);
    refuse_busid(f, same, sizeof same);
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        refuse_busid(f, texts[i], strlen(texts[i]));
    stage_check_importable(&f->st, "1-1");
}

FIXTURE_TEST(conformance_013_junk_behind_the_busid)
{
    uint8_t request[GOLDEN_MAX];
    size_t size = golden(request, "OP-IMPORT");
    memset(request + WIRE_OP_HEADER_SIZE + sizeof "1-1", 'x', WIRE_BUSID_SIZE - sizeof "1-1");
    const uint8_t *record = fixture_record(&f->st, "1-1");
    struct stage_client *c = fixture_connect(f);
    stage_send(c, request, size);
    check_import_reply(c, record);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_014_import_of_a_busy_device)
{
    struct stage_client *first = fixture_attach(f), *second = fixture_connect(f);
    fixture_send(second, "OP-IMPORT");
    check_refused(f, second, "R-IMPORT-BUSY");
    stage_check_alive(first);
}

// --- a device that is hidden ---------------------------------------------------------------------

static void hide_d1_from(struct fixture *f, const char *address)
{
    struct base_block block;
    CHECK(base_block_parse(address, &block));
    const struct access_rule rule = {.by = ACCESS_BY_BUSID,
                                     .text = "1-1",
                                     .blocks = &block,
                                     .block_count = 1,
                                     .effect = ACCESS_HIDE};
    const struct access_list list = {.rules = &rule, .rule_count = 1};
    CHECK_EQ(server_change_access(f->st.server, &list, f->st.now_us), BASE_OK);
}

static void check_hidden(struct fixture *f, unsigned others)
{
    struct stage_client *c = stage_connect_from(&f->st, "198.51.100.7");
    fixture_send(c, "OP-DEVLIST");
    CHECK_EQ(c->in_size, RECORD_AT + others * D1_ENTRY_SIZE);
    CHECK_EQ(base_get_be32(stage_take(c, c->in_size) + WIRE_OP_HEADER_SIZE), others);
    stage_fin(c);
    c = stage_connect_from(&f->st, "198.51.100.7");
    fixture_send(c, "OP-IMPORT");
    check_refused(f, c, "R-IMPORT-NODEV");
}

FIXTURE_TEST(conformance_016_hidden_device)
{
    hide_d1_from(f, "198.51.100.0/24");
    check_hidden(f, 1);
    struct stage_client *holder = fixture_attach(f); // and D2 is in use as well
    check_hidden(f, 0);
    stage_check_alive(holder);
}

FIXTURE_TEST(conformance_014_leased_device)
{
    struct server_lease lease = {.busid = "1-1", .owner = "a", .maker = "a"};
    lease.until_us = f->st.now_us + 60 * FIXTURE_SECOND_US;
    CHECK(base_block_parse("192.0.2.0/24", &lease.addresses));
    CHECK_EQ(server_lease_take(f->st.server, &lease, "a", f->st.now_us), BASE_OK);
    struct stage_client *c = stage_connect_from(&f->st, "198.51.100.7");
    fixture_send(c, "OP-DEVLIST");
    CHECK_EQ(base_get_be32(stage_take(c, c->in_size) + WIRE_OP_HEADER_SIZE), 1);
    stage_fin(c);
    struct stage_client *holder = fixture_attach(f); // from 192.0.2.1
    c = stage_connect_from(&f->st, "198.51.100.7");
    fixture_send(c, "OP-IMPORT");
    check_refused(f, c, "R-IMPORT-BUSY");
    stage_check_alive(holder);
}

// --- a device that fails -------------------------------------------------------------------------

static void check_device_error(struct fixture *f)
{
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-IMPORT");
    stage_advance(&f->st, 10 * FIXTURE_SECOND_US);
    check_refused(f, c, "R-IMPORT-DEVERR");
    stage_advance(&f->st, 120 * FIXTURE_SECOND_US);
    stage_expect_silence(c);
}

static void plug_broken(struct fixture *f, const uint8_t *config, uint16_t size)
{
    struct sim_faulty_options options = sim_faulty_d1;
    options.configs[0] = config;
    options.config_sizes[0] = size;
    fixture_unplug(f, "1-1");
    stage_plug(&f->st, "1-1", sim_faulty_create(f->st.bus, &options));
}

// Cannot be claimed; is claimed too late (the late success is given back); does not enumerate.
FIXTURE_TEST(conformance_015_device_that_fails)
{
    static const uint8_t longer_than_it_is[] = {200, 2, 200, 0, 1, 1, 0, 0x80, 50};
    static const uint8_t no_configuration[] = {9, 4, 9, 0, 1, 1, 0, 0x80, 50};
    sim_delay_open(f->st.bus, "1-1", 0, BASE_ERR_IO);
    check_device_error(f);
    sim_delay_open(f->st.bus, "1-1", 3 * FIXTURE_SECOND_US, BASE_ERR_GONE);
    check_device_error(f);
    sim_delay_open(f->st.bus, "1-1", 60 * FIXTURE_SECOND_US, BASE_OK);
    check_device_error(f);
    sim_delay_open(f->st.bus, "1-1", 0, BASE_OK);
    stage_check_importable(&f->st, "1-1");
    plug_broken(f, longer_than_it_is, sizeof longer_than_it_is);
    check_device_error(f);
    plug_broken(f, no_configuration, sizeof no_configuration);
    check_device_error(f);
}
