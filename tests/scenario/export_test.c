// SPDX-License-Identifier: Apache-2.0
// What is exported at all: the device's own word, export rules, the policy.
#include "tests/support/stage.h"

#include <string.h>

enum { SECOND = 1000000 };

static const uint8_t nodev[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_NODEV};

static void check_refused(struct stage *st, const char *busid)
{
    struct stage_client *c = stage_connect(st);
    stage_send_import(c, busid);
    stage_expect_bytes(c, nodev, sizeof nodev);
    CHECK(stage_closed(c));
}

static void check_taken(struct stage *st, const char *busid)
{
    stage_fin(stage_attach(st, busid));
    stage_advance(st, SECOND);
}

static void change(struct stage *st, const struct access_list *list)
{
    CHECK_EQ(server_change_access(st->server, list, st->now_us), BASE_OK);
    stage_settle(st);
}

// The last event of that type.
static void check_sentence(struct stage *st, enum eventlog_type type, const char *want)
{
    const struct eventlog_event *e;
    char text[200] = "";
    for (uint64_t after = 0; (e = eventlog_next(server_eventlog(st->server), after)) != NULL;
         after = e->number)
        if (e->what.type == type)
            (void)eventlog_text(e, text, sizeof text);
    CHECK_STR(text, want);
}

STAGE_TEST(export_manual_keeps_all_back_but_what_is_named, stage_open_d1(st, NULL))
{
    const struct access_rule rules[] = {
        {.by = ACCESS_BY_BUSID, .text = "1-2", .effect = ACCESS_ALLOW},
        {.by = ACCESS_BY_BUSID, .text = "1-2", .effect = ACCESS_HIDE},
    };
    struct access_list list = {.export_policy = ACCESS_EXPORT_MANUAL};
    struct stage_client *c = stage_attach(st, "1-1");
    change(st, &list);
    CHECK(stage_closed(c));
    check_sentence(st, EVENT_ACCESS_ENDED,
                   "session 1: 192.0.2.1:1024 may not keep 1-1: the device is not exported: export "
                   "is manual, and nothing says that it should be");
    check_sentence(st, EVENT_DEVICE_KEPT,
                   "1-2: the device is not exported: export is manual, and nothing says that it "
                   "should be");
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_KEPT), 2);
    stage_advance(st, SECOND);
    check_refused(st, "1-1");
    check_refused(st, "1-2");
    list.export_rules = rules;
    list.export_rule_count = 2;
    change(st, &list);
    check_sentence(st, EVENT_DEVICE_EXPORTED, "1-2 is exported now");
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_EXPORTED), 1);
    check_taken(st, "1-2");
    check_refused(st, "1-1");
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_KEPT), 2); // said once
    CHECK_EQ(stage_count_events(st, EVENT_ACCESS_RULES_CHANGED), 0);
}

STAGE_TEST(export_rule_keeps_back_what_the_policy_exports, stage_open_d1(st, NULL))
{
    const struct access_rule rule = {.by = ACCESS_BY_BUSID, .text = "1-1", .effect = ACCESS_HIDE};
    struct access_list list = {.export_rules = &rule, .export_rule_count = 1};
    change(st, &list);
    check_sentence(st, EVENT_DEVICE_KEPT, "1-1: the device is kept back by export rule 1");
    check_refused(st, "1-1");
    check_sentence(st, EVENT_ACCESS_DENIED,
                   "session 1: 192.0.2.1:1024 may not have 1-1: the device is kept back by export "
                   "rule 1");
    check_taken(st, "1-2");
    (void)sim_unplug(st->bus, "1-1"); // and again when it comes back
    stage_settle(st);
    (void)sim_replug(st->bus, "1-1");
    stage_settle(st);
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_KEPT), 2);
    change(st, &(struct access_list){.mode = ACCESS_OPEN});
    check_taken(st, "1-1");
}

STAGE_TEST(export_of_a_devices_own_word_is_the_strongest, stage_open_d1(st, NULL))
{
    const struct access_rule rule = {.by = ACCESS_BY_BUSID, .text = "1-1", .effect = ACCESS_HIDE};
    const struct access_list list = {
        .export_policy = ACCESS_EXPORT_MANUAL, .export_rules = &rule, .export_rule_count = 1};
    struct access_naming names = {ACCESS_FOLLOW_PORT, "1-1", {.exported = true}};
    CHECK_EQ(server_change_rules(st->server, &list, &names, 1, st->now_us), BASE_OK);
    check_taken(st, "1-1");
    names.names = (struct access_names){.hidden = true};
    CHECK_EQ(server_change_rules(st->server, &(struct access_list){0}, &names, 1, st->now_us),
             BASE_OK);
    check_refused(st, "1-1");
    check_sentence(st, EVENT_DEVICE_KEPT, "1-1: the device is not exported");
}

// Rules of access come after it: exported is not yet allowed.
STAGE_TEST(export_is_not_access, stage_open_d1(st, NULL))
{
    const struct access_list list = {.mode = ACCESS_CLOSED};
    const struct access_naming names = {ACCESS_FOLLOW_PORT, "1-1", {.exported = true}};
    CHECK_EQ(server_change_rules(st->server, &list, &names, 1, st->now_us), BASE_OK);
    check_refused(st, "1-1");
    check_sentence(st, EVENT_ACCESS_DENIED,
                   "session 1: 192.0.2.1:1024 may not have 1-1: the address is not on the list of "
                   "those allowed");
}
