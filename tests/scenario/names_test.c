// SPDX-License-Identifier: Apache-2.0
// What devices are called: IMPORT looks for busid, alias and serial number, and echoes the name.
#include "sim/device/disk/sim_disk.h"
#include "tests/support/stage.h"

#include <string.h>

enum { SECOND = 1000000, DISK_BYTES = 64 * 1024 };

static const uint8_t nodev[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_NODEV};

// A disk with that serial number.
static void plug_disk(struct stage *st, const char *busid, uint32_t number)
{
    struct sim_disk_options o = {.number = number};
    CHECK_EQ(sim_storage_ram(&o.storage, &st->heap.alloc, DISK_BYTES), BASE_OK);
    stage_plug(st, busid, sim_disk_create(st->bus, &o));
}

static void begin(struct stage *st)
{
    const struct stage_options o = {.rx_piece = 0};
    CHECK(stage_open(st, &o));
    plug_disk(st, "1-1", 1);
    plug_disk(st, "1-2", 2);
}

static const char *serial_of(struct stage *st, const char *busid)
{
    const struct registry_device *d = registry_find(server_registry(st->server), busid);
    CHECK(d && d->info.serial[0]);
    return d->info.serial;
}

static struct access_naming naming(enum access_follow by, const char *key, const char *alias)
{
    struct access_naming n = {.by = by};
    strcpy(n.key, key);
    strcpy(n.names.alias, alias);
    return n;
}

static void change(struct stage *st, const struct access_naming *namings, unsigned count)
{
    CHECK_EQ(server_change_names(st->server, namings, count, st->now_us), BASE_OK);
    stage_settle(st);
}

static void check_none(struct stage *st, const char *name)
{
    struct stage_client *c = stage_connect(st);
    stage_send_import(c, name);
    stage_expect_bytes(c, nodev, sizeof nodev);
}

// Whose busid an attached client has, by what the server knows of its session.
static void check_is(struct stage *st, const char *name, const char *busid)
{
    struct session_view v;
    struct stage_client *c = stage_attach(st, name); // the echo is as asked
    session_view(c->session, &v);
    CHECK_STR(v.busid, busid);
    stage_check_alive(c);
    stage_fin(c);
    stage_advance(st, SECOND);
}

STAGE_TEST(names_import_by_alias_that_follows_the_port, begin(st))
{
    const struct access_naming n = naming(ACCESS_FOLLOW_PORT, "1-2", "printer");
    check_none(st, "printer");
    change(st, &n, 1);
    check_is(st, "printer", "1-2");
    check_none(st, "Printer");
    check_none(st, "print");
    CHECK_EQ(sim_unplug(st->bus, "1-2"), BASE_OK);
    stage_settle(st);
    check_none(st, "printer");
    plug_disk(st, "1-2", 7); // another one in the same port
    check_is(st, "printer", "1-2");
}

STAGE_TEST(names_import_by_alias_that_follows_the_serial_number, begin(st))
{
    const struct access_naming n =
        naming(ACCESS_FOLLOW_SERIAL, serial_of(st, "1-2"), "lab.stick_2-x");
    change(st, &n, 1);
    check_is(st, "lab.stick_2-x", "1-2");
    CHECK_EQ(sim_unplug(st->bus, "1-2"), BASE_OK);
    stage_settle(st);
    plug_disk(st, "1-4", 2);
    check_is(st, "lab.stick_2-x", "1-4");
    check_none(st, "1-2");
}

STAGE_TEST(names_import_by_serial_number, begin(st))
{
    check_is(st, serial_of(st, "1-2"), "1-2");
    check_is(st, serial_of(st, "1-1"), "1-1");
}

// An alias goes before a serial number, a busid before both.
STAGE_TEST(names_are_looked_for_in_order, begin(st))
{
    const struct access_naming n =
        naming(ACCESS_FOLLOW_PORT, "1-2", serial_of(st, "1-1")); // nobody forbids that here
    change(st, &n, 1);
    check_is(st, serial_of(st, "1-1"), "1-2");
    const struct access_naming busid = naming(ACCESS_FOLLOW_PORT, "1-2", "1-1");
    change(st, &busid, 1);
    check_is(st, "1-1", "1-1");
}

STAGE_TEST(names_serial_number_of_two_devices, begin(st))
{
    char serial[USB_NAME_SIZE], text[200], want[200] = "";
    struct base_text t;
    strcpy(serial, serial_of(st, "1-2"));
    plug_disk(st, "1-3", 2);
    check_none(st, serial);
    const struct eventlog_event *e, *last = NULL;
    for (uint64_t after = 0; (e = eventlog_next(server_eventlog(st->server), after)) != NULL;
         after = e->number)
        last = e->what.type == EVENT_NAME_AMBIGUOUS ? e : last;
    CHECK(last);
    (void)eventlog_text(last, text, sizeof text);
    base_text_init(&t, want, sizeof want);
    base_text_str(&t, "session 1: 192.0.2.1:1024 asked for ");
    base_text_str(&t, serial);
    base_text_str(&t, ", which is the name of 2 devices");
    CHECK_STR(text, want);
    check_is(st, "1-3", "1-3");
    CHECK_EQ(sim_unplug(st->bus, "1-2"), BASE_OK);
    stage_settle(st);
    check_is(st, serial, "1-3");
}

// What a client may not see makes nothing ambiguous.
STAGE_TEST(names_serial_number_of_a_device_and_a_hidden_one, begin(st))
{
    char serial[USB_NAME_SIZE];
    strcpy(serial, serial_of(st, "1-2"));
    plug_disk(st, "1-3", 2);
    const struct access_rule hide = {.by = ACCESS_BY_BUSID, .text = "1-2", .effect = ACCESS_HIDE};
    const struct access_list list = {.rules = &hide, .rule_count = 1};
    CHECK_EQ(server_change_access(st->server, &list, st->now_us), BASE_OK);
    check_is(st, serial, "1-3");
    CHECK_EQ(stage_count_events(st, EVENT_NAME_AMBIGUOUS), 0);
}

STAGE_TEST(names_an_empty_name_is_nobodys, stage_open_d1(st, NULL)) // without serial numbers
{
    check_none(st, "");
}

STAGE_TEST(names_rules_see_alias_and_labels, begin(st))
{
    struct access_naming n = naming(ACCESS_FOLLOW_PORT, "1-2", "printer");
    strcpy(n.names.labels[0], "loan");
    n.names.label_count = 1;
    const struct access_rule hide[] = {
        {.by = ACCESS_BY_LABEL, .text = "loan", .effect = ACCESS_HIDE},
        {.by = ACCESS_BY_ALIAS, .text = "stick", .effect = ACCESS_HIDE}};
    const struct access_list list = {.rules = hide, .rule_count = 2};
    CHECK_EQ(server_change_access(st->server, &list, st->now_us), BASE_OK);
    struct stage_client *c = stage_attach(st, "1-2"), *other = stage_attach(st, "1-1");
    change(st, &n, 1); // a change of names is one of rules
    CHECK(stage_closed(c));
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_RENAMED), 1);
    stage_check_alive(other);
    check_none(st, "printer");
    n = naming(ACCESS_FOLLOW_PORT, "1-1", "stick");
    change(st, &n, 1);
    CHECK(stage_closed(other));
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_RENAMED), 3);
    stage_advance(st, SECOND);
    check_is(st, "1-2", "1-2"); // it has no label any more
}

static unsigned listed(struct stage *st)
{
    static const uint8_t request[] = {0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0};
    struct stage_client *c = stage_connect(st);
    stage_send(c, request, sizeof request);
    unsigned devices = base_get_be32(stage_take(c, c->in_size) + WIRE_OP_HEADER_SIZE);
    stage_fin(c);
    return devices;
}

STAGE_TEST(names_device_that_is_not_exported, begin(st))
{
    struct access_naming n = naming(ACCESS_FOLLOW_PORT, "1-2", "printer");
    n.names.hidden = true;
    struct stage_client *c = stage_attach(st, "1-2");
    change(st, &n, 1);
    CHECK(stage_closed(c));
    stage_advance(st, SECOND);
    CHECK_EQ(listed(st), 1);
    check_none(st, "1-2");
    check_none(st, "printer");
    check_none(st, serial_of(st, "1-2"));
    CHECK_EQ(stage_count_events(st, EVENT_ACCESS_DENIED), 3);
    change(st, NULL, 0);
    CHECK_EQ(listed(st), 2);
    check_is(st, "1-2", "1-2");
}

STAGE_TEST(names_change_without_memory, begin(st))
{
    const struct access_naming n = naming(ACCESS_FOLLOW_PORT, "1-2", "printer");
    change(st, &n, 1);
    st->heap.fail_at = st->heap.calls + 1;
    st->heap.fail_once = true;
    CHECK_EQ(server_change_names(st->server, NULL, 0, st->now_us), BASE_ERR_NOMEM);
    check_is(st, "printer", "1-2");
}
