// SPDX-License-Identifier: Apache-2.0
#include "access/access.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <string.h>

static struct base_block block(const char *text)
{
    struct base_block b = {.prefix = 0};
    CHECK(base_block_parse(text, &b));
    return b;
}

static struct access_identity from(const char *text)
{
    struct access_identity who = {.kind = ACCESS_IDENTITY_ADDRESS};
    CHECK(base_address_parse(text, &who.address));
    return who;
}

static const char stick_labels[][ACCESS_NAME_SIZE] = {"rack 2", "loan"};

// A disk with a keyboard.
static struct access_device stick(void)
{
    struct access_device d = {.busid = "1-2.1",
                              .alias = "stick",
                              .serial = "0001A",
                              .labels = stick_labels,
                              .label_count = 2,
                              .id = 0x0483374b};
    access_device_add_class(&d, 8);
    access_device_add_class(&d, 3);
    return d;
}

static struct access_answer decide(const struct access_list *list, const char *address)
{
    struct access_identity who = from(address);
    struct access_device d = stick();
    return access_decide(list, &who, &d);
}

static void check_answer(struct access_answer a, bool yes, unsigned rule, enum access_reason reason)
{
    CHECK_EQ(a.reason, reason);
    CHECK_EQ(a.rule, rule);
    CHECK_EQ(a.yes, yes);
}

// --- the mode ------------------------------------------------------------------------------------

TEST(access_open_to_everybody_without_rules)
{
    struct access_list list = {.mode = ACCESS_OPEN};
    check_answer(decide(&list, "192.0.2.1"), true, 0, ACCESS_IS_OPEN);
    check_answer(decide(&list, "2001:db8::1"), true, 0, ACCESS_IS_OPEN);
}

TEST(access_closed_but_for_the_list)
{
    struct access_allowed allow[] = {{block("10.0.0.0/28"), "CI runners"},
                                     {block("2001:db8::/32"), ""},
                                     {block("10.0.0.9"), "never reached"}};
    struct access_list list = {.mode = ACCESS_CLOSED, .allow = allow, .allow_count = 3};
    check_answer(decide(&list, "10.0.0.9"), true, 0, ACCESS_ON_LIST);
    check_answer(decide(&list, "::ffff:10.0.0.9"), true, 0, ACCESS_ON_LIST);
    check_answer(decide(&list, "2001:db8::9"), true, 0, ACCESS_ON_LIST);
    check_answer(decide(&list, "10.0.0.16"), false, 0, ACCESS_NOT_ON_LIST);
    check_answer(decide(&list, "::1"), false, 0, ACCESS_NOT_ON_LIST);
    list.mode = ACCESS_OPEN; // the list says nothing then
    check_answer(decide(&list, "10.0.0.16"), true, 0, ACCESS_IS_OPEN);
}

TEST(access_closed_with_an_empty_list_is_closed)
{
    struct access_list list = {.mode = ACCESS_CLOSED};
    check_answer(decide(&list, "127.0.0.1"), false, 0, ACCESS_NOT_ON_LIST);
}

TEST(access_note_is_that_of_the_first_entry)
{
    struct access_allowed allow[] = {{block("10.0.0.0/28"), "CI runners"},
                                     {block("10.0.0.0/8"), "office"}};
    struct access_list list = {.allow = allow, .allow_count = 2};
    CHECK_STR(access_note(&list, &(struct base_address){{10, 0, 0, 3}, 32}), "CI runners");
    CHECK_STR(access_note(&list, &(struct base_address){{10, 1, 0, 3}, 32}), "office");
    CHECK_STR(access_note(&list, &(struct base_address){{11, 1, 0, 3}, 32}), "");
}

// --- rules ---------------------------------------------------------------------------------------

// A rule that hides the device from everybody, if it is the one.
static bool names_it(enum access_selector by, const char *text, uint32_t number)
{
    struct access_rule rule = {.by = by, .text = text, .number = number, .effect = ACCESS_HIDE};
    struct access_list list = {.rules = &rule, .rule_count = 1};
    struct access_answer a = decide(&list, "192.0.2.1");
    check_answer(a, !a.rule, a.rule, a.rule ? ACCESS_RULE_HIDES : ACCESS_IS_OPEN);
    return a.rule == 1;
}

TEST(access_rule_names_a_device_exactly)
{
    CHECK(names_it(ACCESS_BY_BUSID, "1-2.1", 0));
    CHECK(!names_it(ACCESS_BY_BUSID, "1-2", 0) && !names_it(ACCESS_BY_BUSID, "1-2.10", 0));
    CHECK(names_it(ACCESS_BY_ALIAS, "stick", 0));
    CHECK(!names_it(ACCESS_BY_ALIAS, "stic", 0) && !names_it(ACCESS_BY_ALIAS, "1-2.1", 0));
    CHECK(names_it(ACCESS_BY_SERIAL, "0001A", 0));
    CHECK(!names_it(ACCESS_BY_SERIAL, "0001a", 0) && !names_it(ACCESS_BY_SERIAL, "stick", 0));
    CHECK(names_it(ACCESS_BY_LABEL, "rack 2", 0) && names_it(ACCESS_BY_LABEL, "loan", 0));
    CHECK(!names_it(ACCESS_BY_LABEL, "rack", 0) && !names_it(ACCESS_BY_LABEL, "stick", 0));
}

TEST(access_rule_names_devices_by_number)
{
    CHECK(names_it(ACCESS_BY_ID, NULL, 0x0483374b) && !names_it(ACCESS_BY_ID, NULL, 0x0483374c));
    CHECK(names_it(ACCESS_BY_CLASS, NULL, 8) && names_it(ACCESS_BY_CLASS, NULL, 3));
    CHECK(!names_it(ACCESS_BY_CLASS, NULL, 0) && !names_it(ACCESS_BY_CLASS, NULL, 0xff));
    CHECK(!names_it(ACCESS_BY_CLASS, NULL, 256 + 3)); // no class, and no bit of another one
}

TEST(access_rule_with_an_empty_text_names_none)
{
    struct access_device d = {.busid = "1-1", .alias = "", .serial = ""};
    struct access_identity who = from("192.0.2.1");
    for (unsigned by = ACCESS_BY_BUSID; by <= ACCESS_BY_LABEL; by++) {
        struct access_rule rule = {.by = by, .text = "", .effect = ACCESS_HIDE};
        struct access_list list = {.rules = &rule, .rule_count = 1};
        CHECK(access_decide(&list, &who, &d).yes);
    }
}

TEST(access_every_class_has_a_bit)
{
    struct access_identity who = from("192.0.2.1");
    for (unsigned number = 0; number < 256; number++) {
        struct access_device d = {.busid = "1-1", .alias = "", .serial = ""};
        struct access_rule rule = {.by = ACCESS_BY_CLASS, .effect = ACCESS_HIDE};
        struct access_list list = {.rules = &rule, .rule_count = 1};
        access_device_add_class(&d, (uint8_t)number);
        rule.number = number;
        CHECK(!access_decide(&list, &who, &d).yes);
        rule.number = number ^ 1;
        CHECK(access_decide(&list, &who, &d).yes);
    }
}

TEST(access_rule_is_for_its_addresses)
{
    struct base_block blocks[] = {block("10.0.0.0/28"), block("2001:db8::7")};
    struct access_rule rule = {.by = ACCESS_BY_BUSID,
                               .text = "1-2.1",
                               .blocks = blocks,
                               .block_count = 2,
                               .effect = ACCESS_HIDE};
    struct access_list list = {.rules = &rule, .rule_count = 1};
    check_answer(decide(&list, "10.0.0.15"), false, 1, ACCESS_RULE_HIDES);
    check_answer(decide(&list, "::ffff:10.0.0.15"), false, 1, ACCESS_RULE_HIDES);
    check_answer(decide(&list, "2001:db8::7"), false, 1, ACCESS_RULE_HIDES);
    check_answer(decide(&list, "10.0.0.16"), true, 0, ACCESS_IS_OPEN);
    check_answer(decide(&list, "2001:db8::8"), true, 0, ACCESS_IS_OPEN);
}

// "User 1 only device 1": allow for them, hide from all others.
TEST(access_first_rule_that_fits_wins)
{
    struct base_block one = block("10.0.0.7");
    struct access_rule rules[] = {
        {.by = ACCESS_BY_BUSID, .text = "1-1", .effect = ACCESS_HIDE},
        {.by = ACCESS_BY_SERIAL, .text = "0001A", .blocks = &one, .block_count = 1},
        {.by = ACCESS_BY_LABEL, .text = "loan", .effect = ACCESS_HIDE},
        {.by = ACCESS_BY_CLASS, .number = 8},
    };
    struct access_list list = {.mode = ACCESS_CLOSED, .rules = rules, .rule_count = 4};
    check_answer(decide(&list, "10.0.0.7"), true, 2, ACCESS_RULE_ALLOWS);
    check_answer(decide(&list, "10.0.0.8"), false, 3, ACCESS_RULE_HIDES);
    rules[2].text = "gone";
    check_answer(decide(&list, "10.0.0.8"), true, 4, ACCESS_RULE_ALLOWS);
    list.rule_count = 3;
    check_answer(decide(&list, "10.0.0.8"), false, 0, ACCESS_NOT_ON_LIST);
}

TEST(access_rules_go_before_the_list)
{
    struct access_allowed allow[] = {{block("10.0.0.0/8"), ""}};
    struct access_rule rule = {.by = ACCESS_BY_ID, .number = 0x0483374b, .effect = ACCESS_HIDE};
    struct access_list list = {
        .mode = ACCESS_CLOSED, .allow = allow, .rules = &rule, .allow_count = 1, .rule_count = 1};
    check_answer(decide(&list, "10.0.0.7"), false, 1, ACCESS_RULE_HIDES);
}

TEST(access_a_device_that_no_rule_names)
{
    struct access_identity who = from("10.0.0.7");
    struct access_rule rules[] = {{.by = ACCESS_BY_BUSID, .text = "1-1", .effect = ACCESS_HIDE},
                                  {.by = ACCESS_BY_CLASS, .number = 0, .effect = ACCESS_HIDE}};
    struct access_list list = {.rules = rules, .rule_count = 2};
    check_answer(access_decide(&list, &who, NULL), true, 0, ACCESS_IS_OPEN);
}

// A peer without an address (a socket of another family) is nobody's block.
TEST(access_without_an_address)
{
    struct access_identity who = {.kind = ACCESS_IDENTITY_ADDRESS};
    struct access_allowed allow[] = {{block("0.0.0.0/0"), ""}, {block("::/0"), ""}};
    struct access_list list = {.mode = ACCESS_CLOSED, .allow = allow, .allow_count = 2};
    struct access_device d = stick();
    CHECK(!access_decide(&list, &who, &d).yes);
}

// --- the copy ------------------------------------------------------------------------------------

TEST(access_copy_has_all_and_needs_nothing_of_the_original)
{
    struct heap_meter m;
    heap_meter_begin(&m);
    char text[] = "stick", note[] = "CI runners";
    struct base_block blocks[] = {block("10.0.0.0/28"), block("::1")};
    struct access_rule rules[] = {
        {.by = ACCESS_BY_CLASS, .number = 3, .effect = ACCESS_ALLOW, .blocks = NULL},
        {ACCESS_BY_ALIAS, text, 0, blocks, 2, ACCESS_HIDE}};
    struct access_allowed allow[] = {{blocks[1], note}, {blocks[0], NULL}};
    struct access_rule export_rules[] = {
        {.by = ACCESS_BY_SERIAL, .text = text, .effect = ACCESS_HIDE}};
    struct access_list list = {
        .mode = ACCESS_CLOSED,
        .allow = allow,
        .rules = rules,
        .allow_count = 2,
        .rule_count = 2,
        .export_policy = ACCESS_EXPORT_MANUAL,
        .export_rules = export_rules,
        .export_rule_count = 1,
    };
    struct access_list *copy = access_copy(&list, &m.alloc);
    CHECK(copy);
    memset(text, 'x', sizeof text - 1);
    memset(note, 'x', sizeof note - 1);
    memset(blocks, 0xff, sizeof blocks);
    memset(rules, 0xff, sizeof rules);
    memset(allow, 0xff, sizeof allow);
    memset(export_rules, 0xff, sizeof export_rules);
    CHECK_EQ(copy->mode, ACCESS_CLOSED);
    CHECK_EQ(copy->export_policy, ACCESS_EXPORT_MANUAL);
    CHECK_EQ(copy->export_rule_count, 1);
    CHECK_STR(copy->export_rules[0].text, "stick");
    CHECK_EQ(copy->export_rules[0].effect, ACCESS_HIDE);
    CHECK_EQ(copy->rule_count, 2);
    CHECK_EQ(copy->rules[0].by, ACCESS_BY_CLASS);
    CHECK_EQ(copy->rules[0].block_count, 0);
    CHECK(!copy->rules[0].blocks);
    CHECK_STR(copy->rules[1].text, "stick");
    CHECK_EQ(copy->rules[1].effect, ACCESS_HIDE);
    CHECK_EQ(copy->rules[1].block_count, 2);
    CHECK_EQ(copy->rules[1].blocks[0].prefix, 28);
    CHECK_EQ(copy->rules[1].blocks[1].first.bits, 128);
    CHECK_EQ(copy->allow_count, 2);
    CHECK_EQ(copy->allow[0].block.prefix, 128);
    CHECK_STR(copy->allow[0].note, "CI runners");
    CHECK_STR(copy->allow[1].note, "");
    base_free(&m.alloc, copy);
    CHECK_EQ(m.blocks, 0);
}

TEST(access_copy_without_memory)
{
    struct heap_meter m;
    struct access_list list = {.mode = ACCESS_OPEN};
    heap_meter_begin(&m);
    m.fail_at = 1;
    CHECK(!access_copy(&list, &m.alloc));
}

// Whether anybody at all may have it: what hides it from some does not count.
TEST(access_for_anybody)
{
    struct access_device d = stick();
    struct base_block one = block("10.0.0.7");
    struct access_allowed allow[] = {{one, ""}};
    struct access_rule rules[] = {
        {.by = ACCESS_BY_BUSID, .text = "1-1", .effect = ACCESS_HIDE},
        {.by = ACCESS_BY_LABEL, .text = "loan", .blocks = &one, .block_count = 1},
        {.by = ACCESS_BY_CLASS, .number = 8, .effect = ACCESS_HIDE},
    };
    struct access_list list = {.allow = allow, .rules = rules, .rule_count = 3};
    check_answer(access_anybody(&list, &d), true, 2, ACCESS_RULE_ALLOWS);
    rules[1].effect = ACCESS_HIDE;
    check_answer(access_anybody(&list, &d), false, 3, ACCESS_RULE_HIDES);
    list.rule_count = 2;
    check_answer(access_anybody(&list, &d), true, 0, ACCESS_IS_OPEN);
    list.mode = ACCESS_CLOSED;
    check_answer(access_anybody(&list, &d), false, 0, ACCESS_NOT_ON_LIST);
    list.allow_count = 1;
    check_answer(access_anybody(&list, &d), true, 0, ACCESS_ON_LIST);
}

TEST(access_allows_nobody_when_closed_and_empty)
{
    struct base_block blocks[] = {block("10.0.0.7")};
    struct access_allowed allow = {blocks[0], ""};
    struct access_rule rule = {.by = ACCESS_BY_CLASS, .effect = ACCESS_HIDE};
    struct access_list list = {.mode = ACCESS_CLOSED, .rules = &rule, .allow = &allow};
    CHECK(access_allows_nobody(&list));
    list.rule_count = 1;
    CHECK(access_allows_nobody(&list));
    rule.effect = ACCESS_ALLOW;
    CHECK(!access_allows_nobody(&list));
    list = (struct access_list){.mode = ACCESS_CLOSED, .allow = &allow, .allow_count = 1};
    CHECK(!access_allows_nobody(&list));
    list = (struct access_list){.mode = ACCESS_OPEN};
    CHECK(!access_allows_nobody(&list));
}

// --- what is exported at all ---------------------------------------------------------------------

TEST(access_export_first_rule_that_fits_then_the_policy)
{
    struct access_device d = stick();
    struct access_rule rules[] = {
        {.by = ACCESS_BY_SERIAL, .text = "another", .effect = ACCESS_HIDE},
        {.by = ACCESS_BY_CLASS, .number = 8, .effect = ACCESS_ALLOW},
        {.by = ACCESS_BY_BUSID, .text = "1-2.1", .effect = ACCESS_HIDE},
    };
    struct access_list list = {.export_rules = rules, .export_rule_count = 3};
    check_answer(access_exports(&list, &d), true, 2, ACCESS_IS_EXPORTED);
    rules[1].number = 9;
    check_answer(access_exports(&list, &d), false, 3, ACCESS_KEPT_BY_RULE);
    list.export_rule_count = 2;
    check_answer(access_exports(&list, &d), true, 0, ACCESS_IS_EXPORTED);
    list.export_policy = ACCESS_EXPORT_MANUAL;
    check_answer(access_exports(&list, &d), false, 0, ACCESS_KEPT_BY_POLICY);
    rules[0].by = ACCESS_BY_ID;
    rules[0].number = d.id;
    rules[0].effect = ACCESS_ALLOW;
    check_answer(access_exports(&list, &d), true, 1, ACCESS_IS_EXPORTED);
}

TEST(access_export_is_part_of_what_is_equal)
{
    struct access_rule rule = {.by = ACCESS_BY_CLASS, .number = 8, .effect = ACCESS_HIDE};
    struct access_rule other = {.by = ACCESS_BY_CLASS, .number = 8, .effect = ACCESS_ALLOW};
    struct access_list a = {.export_rules = &rule, .export_rule_count = 1}, b = a;
    CHECK(access_equal(&a, &b));
    b.export_rules = &other;
    CHECK(!access_equal(&a, &b) && access_answers_equal(&a, &b));
    b = a;
    b.export_rule_count = 0;
    CHECK(!access_equal(&a, &b));
    b = a;
    b.export_policy = ACCESS_EXPORT_MANUAL;
    CHECK(!access_equal(&a, &b) && access_answers_equal(&a, &b));
}
