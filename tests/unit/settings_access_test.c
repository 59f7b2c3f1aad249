// SPDX-License-Identifier: Apache-2.0
// The lists of a document: who is allowed, rules, names of devices.
#include "settings/settings.h"
#include "tests/support/check.h"
#include "tests/support/settings_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char document[] =
    "{\n"
    "  \"version\": 2,\n"
    "  \"takeover\": \"never\",\n"
    "  \"export\": \"manual\",\n"
    "  \"access\": {\n"
    "    \"mode\": \"closed\",\n"
    "    \"allow\": [\n"
    "      {\"address\": \"10.0.0.0/28\", \"note\": \"CI \\\"runners\\\" \\\\ B\xc3\xbcro\"},\n"
    "      {\"address\": \"2001:db8::7\"}\n"
    "    ],\n"
    "    \"rules\": [\n"
    "      {\"device\": {\"busid\": \"1-2.1\"}, \"addresses\": [\"10.0.0.7\", \"fe80::/10\"], "
    "\"effect\": \"allow\"},\n"
    "      {\"device\": {\"alias\": \"printer\"}, \"effect\": \"hide\"},\n"
    "      {\"device\": {\"serial\": \"00 1A/x\"}, \"effect\": \"hide\"},\n"
    "      {\"device\": {\"label\": \"loan\"}, \"effect\": \"hide\"},\n"
    "      {\"device\": {\"id\": \"0483:374b\"}, \"effect\": \"allow\"},\n"
    "      {\"device\": {\"class\": \"03\"}, \"effect\": \"hide\"}\n"
    "    ]\n"
    "  },\n"
    "  \"devices\": [\n"
    "    {\"serial\": \"00 1A/x\", \"alias\": \"printer\", \"labels\": [\"loan\", \"rack 2\"]},\n"
    "    {\"busid\": \"1-2.1\", \"exported\": false},\n"
    "    {\"busid\": \"1-3\", \"exported\": true, \"take_from_host\": true}\n"
    "  ],\n"
    "  \"export_rules\": [\n"
    "    {\"device\": {\"busid\": \"1-2.1\"}, \"effect\": \"keep\"},\n"
    "    {\"device\": {\"id\": \"0483:374b\"}, \"effect\": \"export\"},\n"
    "    {\"device\": {\"serial\": \"00 1A/x\"}, \"effect\": \"export\"},\n"
    "    {\"device\": {\"class\": \"03\"}, \"effect\": \"keep\"}\n"
    "  ]\n"
    "}\n";

static struct settings parsed(const char *json)
{
    struct settings s = settings_rig();
    char why[SETTINGS_WHY_SIZE] = "";
    if (settings_parse(&s, json, strlen(json), why) != BASE_OK)
        check_fail(__FILE__, __LINE__, "%s: %s", json, why);
    return s;
}

TEST(settings_access_is_read)
{
    struct settings s = parsed(document);
    struct access_list a = settings_access(&s);
    CHECK_EQ(s.take_over, SETTINGS_NEVER);
    CHECK_EQ(a.mode, ACCESS_CLOSED);
    CHECK_EQ(a.allow_count, 2);
    CHECK_EQ(a.allow[0].block.prefix, 28);
    CHECK_STR(a.allow[0].note, "CI \"runners\" \\ B\xc3\xbcro");
    CHECK_STR(a.allow[1].note, "");
    CHECK_EQ(a.rule_count, 6);
    CHECK_EQ(a.rules[0].by, ACCESS_BY_BUSID);
    CHECK_EQ(a.rules[0].block_count, 2);
    CHECK_EQ(a.rules[0].blocks[1].prefix, 10);
    CHECK_EQ(a.rules[0].effect, ACCESS_ALLOW);
    CHECK_EQ(a.rules[1].block_count, 0);
    CHECK_STR(a.rules[2].text, "00 1A/x");
    CHECK_EQ(a.rules[2].effect, ACCESS_HIDE);
    CHECK_EQ(a.rules[4].number, 0x0483374b);
    CHECK_EQ(a.rules[5].by, ACCESS_BY_CLASS);
    CHECK_EQ(a.rules[5].number, 3);
    const struct settings_lists *l = s.lists;
    CHECK_EQ(a.export_policy, ACCESS_EXPORT_MANUAL);
    CHECK_EQ(a.export_rule_count, 4);
    CHECK_EQ(a.export_rules[0].effect, ACCESS_HIDE);
    CHECK_STR(a.export_rules[0].text, "1-2.1");
    CHECK_EQ(a.export_rules[1].effect, ACCESS_ALLOW);
    CHECK_EQ(a.export_rules[1].number, 0x0483374b);
    CHECK_EQ(a.export_rules[3].by, ACCESS_BY_CLASS);
    CHECK_EQ(l->naming_count, 3);
    CHECK(!l->namings[1].names.exported && !l->namings[1].names.take_from_host);
    CHECK(l->namings[2].names.exported && l->namings[2].names.take_from_host);
    CHECK(!l->namings[2].names.hidden);
    CHECK_EQ(l->namings[0].by, ACCESS_FOLLOW_SERIAL);
    CHECK_STR(l->namings[0].names.alias, "printer");
    CHECK_STR(l->namings[0].names.labels[1], "rack 2");
    CHECK_EQ(l->namings[1].by, ACCESS_FOLLOW_PORT);
    CHECK_STR(l->namings[1].key, "1-2.1");
    CHECK(l->namings[1].names.hidden && !l->namings[0].names.hidden);
    settings_drop(&s);
}

TEST(settings_access_is_printed_as_it_is_read)
{
    struct settings s = parsed(document);
    char text[SETTINGS_MAX_BYTES + 1];
    size_t size = settings_print(&s, SETTINGS_CHANGED, text, sizeof text);
    CHECK_STR(text, document);
    CHECK_EQ(size, strlen(document));
    settings_print(&s, SETTINGS_ALL, text, sizeof text);
    struct settings again = parsed(text);
    const char *key;
    for (unsigned i = 0; (key = settings_list_changed(&again, &s, i)); i++)
        CHECK_STR(key, "");
    settings_drop(&again);
    settings_drop(&s);
}

TEST(settings_access_all_is_there_when_empty)
{
    struct settings s = settings_rig();
    char text[SETTINGS_MAX_BYTES + 1];
    settings_print(&s, SETTINGS_ALL, text, sizeof text);
    CHECK(strstr(text, "  \"access\": {\n    \"mode\": \"open\",\n    \"allow\": [],\n"
                       "    \"rules\": []\n  },\n  \"devices\": [],\n  \"export_rules\": [],\n"
                       "  \"http\": {\n    \"allowed_hosts\": []\n  }\n}\n"));
    CHECK_EQ(settings_access(&s).rule_count, 0);
}

// Each list is laid over as a whole, and the others stay.
TEST(settings_access_lists_are_laid_over)
{
    struct settings s = parsed(document), before;
    const char *rules = "{\"version\":2,\"access\":{\"rules\":[]}}";
    const char *devices = "{\"version\":2,\"devices\":[{\"busid\":\"1-7\",\"alias\":\"new\"}]}";
    char why[SETTINGS_WHY_SIZE];
    before = s;
    settings_hold(&before);
    CHECK_EQ(settings_parse(&s, rules, strlen(rules), why), BASE_OK);
    CHECK_EQ(s.lists->access->rule_count, 0);
    CHECK_EQ(s.lists->access->allow_count, 2);
    CHECK_STR(s.lists->access->allow[0].note, before.lists->access->allow[0].note);
    CHECK_EQ(s.lists->naming_count, 3);
    CHECK_EQ(s.lists->access->export_rule_count, 4);
    CHECK_EQ(before.lists->access->rule_count, 6);
    CHECK_STR(settings_list_changed(&before, &s, 0), "");
    CHECK_STR(settings_list_changed(&before, &s, 1), "access.rules");
    CHECK_STR(settings_list_changed(&before, &s, 2), "");
    CHECK_STR(settings_list_changed(&before, &s, 3), "");
    CHECK_STR(settings_list_changed(&before, &s, 4), "");
    CHECK(!settings_list_changed(&before, &s, 5));
    CHECK_EQ(settings_parse(&s, devices, strlen(devices), why), BASE_OK);
    CHECK_STR(s.lists->namings[0].names.alias, "new");
    CHECK_EQ(s.lists->access->allow_count, 2);
    CHECK_STR(settings_list_changed(&before, &s, 2), "devices");
    settings_drop(&before);
    settings_drop(&s);
}

TEST(settings_access_changes_are_seen_in_every_member)
{
    static const char *const others[] = {
        "10.0.0.0/28\", \"note\": \"CI",
        "10.0.0.0/27\", \"note\": \"CI",
        "runners",
        "runner5",
        "\"address\": \"2001:db8::7\"",
        "\"address\": \"2001:db8::8\"",
        "1-2.1\"}, \"add",
        "1-2.2\"}, \"add",
        "\"10.0.0.7\"",
        "\"10.0.0.6\"",
        "fe80::/10",
        "fe80::/11",
        "\"effect\": \"allow\"},\n      {\"device\": {\"alias",
        "\"effect\": \"hide\"},\n      {\"device\": {\"alias",
        "374b",
        "374c",
        "\"03\"",
        "\"08\"",
        "{\"label\": \"loan",
        "{\"serial\": \"loan",
        "\"alias\": \"printer\", ",
        "\"alias\": \"printe2\", ",
        "rack 2",
        "rack 3",
        "1-2.1\", \"exported\": false",
        "1-2.1\", \"exported\": true",
        "{\"serial\": \"00 1A/x\", ",
        "{\"serial\": \"00 1A/y\", ",
    };
    struct settings s = parsed(document);
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i += 2) {
        char text[2048] = "";
        const char *at = strstr(document, others[i]), *key;
        unsigned changed = 0;
        CHECK(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - document), document, others[i + 1],
                 at + strlen(others[i]));
        struct settings other = parsed(text);
        for (unsigned k = 0; (key = settings_list_changed(&s, &other, k)); k++)
            changed += key[0] != '\0';
        check_context(others[i], i);
        CHECK_EQ(changed, 1);
        settings_drop(&other);
    }
    settings_drop(&s);
}

// --- what is wrong -------------------------------------------------------------------------------

// The first error's place and sentence; nothing changes.
static void check_refused(const char *json, const char *pointer, const char *detail)
{
    struct settings s = parsed(document);
    struct settings_lists *before = s.lists;
    struct settings_error first = {.pointer = "none"};
    struct settings_errors errors = {.list = &first, .max = 1};
    struct settings_keys set = {.bits = 0};
    CHECK_EQ(settings_parse_all(&s, json, strlen(json), &errors, &set), BASE_ERR_INVALID);
    CHECK_STR(first.pointer, pointer);
    CHECK_STR(first.detail, detail);
    CHECK(s.lists == before && set.bits == 0);
    settings_drop(&s);
}

static void check_rule_refused(const char *rule, const char *pointer, const char *detail)
{
    char json[600], at[100];
    snprintf(json, sizeof json,
             "{\"version\":2,\"access\":{\"rules\":[{\"device\":{\"class\":\"03\"},"
             "\"effect\":\"hide\"},%s]}}",
             rule);
    snprintf(at, sizeof at, "/access/rules/1%s", pointer);
    check_refused(json, at, detail);
}

static void check_device_refused(const char *device, const char *pointer, const char *detail)
{
    char json[600], at[100];
    snprintf(json, sizeof json,
             "{\"version\":2,\"devices\":[{\"serial\":\"A\",\"alias\":\"a\"},%s]}", device);
    snprintf(at, sizeof at, "/devices/1%s", pointer);
    check_refused(json, at, detail);
}

#define BLOCK "an IPv4 or IPv6 address or a block like 10.0.0.0/28 is wanted"
#define LIST "a list in [ ] is wanted"
#define MEMBERS "its members in { } are wanted"
#define UNKNOWN "there is no such setting here"
#define ONE_OF "one of busid, alias, serial, label, id and class is wanted"

TEST(settings_access_wrong_values_of_the_list_name_their_place)
{
    check_refused("{\"version\":2,\"access\":{\"mode\":\"shut\"}}", "/access/mode",
                  "\"open\" or \"closed\" is wanted");
    check_refused("{\"version\":2,\"takeover\":true}", "/takeover",
                  "\"probe\" or \"never\" is wanted");
    check_refused("{\"version\":2,\"access\":{\"allow\":{}}}", "/access/allow", LIST);
    check_refused("{\"version\":2,\"access\":{\"allow\":[\"10.0.0.1\"]}}", "/access/allow/0",
                  MEMBERS);
    check_refused("{\"version\":2,\"access\":{\"allow\":[{}]}}", "/access/allow/0/address", BLOCK);
    check_refused("{\"version\":2,\"access\":{\"allow\":[{\"address\":\"::\"},"
                  "{\"address\":\"10.0.0.0/33\"}]}}",
                  "/access/allow/1/address", BLOCK);
    check_refused("{\"version\":2,\"access\":{\"allow\":[{\"address\":7}]}}",
                  "/access/allow/0/address", BLOCK);
    check_refused("{\"version\":2,\"access\":{\"allow\":[{\"address\":\"::\",\"note\":7}]}}",
                  "/access/allow/0/note",
                  "a text of up to 100 bytes without control characters is wanted");
    check_refused("{\"version\":2,\"access\":{\"allow\":[{\"address\":\"::\",\"note\":\"\\n\"}]}}",
                  "/access/allow/0/note",
                  "a text of up to 100 bytes without control characters is wanted");
    check_refused("{\"version\":2,\"access\":{\"allow\":[{\"address\":\"::\",\"a/b~c\":7}]}}",
                  "/access/allow/0/a~1b~0c", UNKNOWN);
    check_refused(
        "{\"version\":2,\"access\":{\"allow\":[{\"address\":\"::\",\"address\":\"::\"}]}}",
        "/access/allow/0/address", "it is there twice");
    check_refused("{\"version\":2,\"access\":{\"allow\":[],\"allow\":[]}}", "/access/allow",
                  "it is there twice");
    check_refused("{\"version\":2,\"access\":{\"deny\":[]}}", "/access/deny", UNKNOWN);
}

TEST(settings_access_wrong_values_of_rules_name_their_place)
{
    check_refused("{\"version\":2,\"access\":{\"rules\":7}}", "/access/rules", LIST);
    check_rule_refused("7", "", MEMBERS);
    check_rule_refused("{\"effect\":\"hide\"}", "/device", MEMBERS);
    check_rule_refused("{\"device\":{},\"effect\":\"hide\"}", "/device", ONE_OF);
    check_rule_refused("{\"device\":{\"id\":\"0483:374b\",\"class\":\"03\"},\"effect\":\"hide\"}",
                       "/device", ONE_OF);
    check_rule_refused("{\"device\":{\"port\":\"1\",\"class\":\"03\"},\"effect\":\"hide\"}",
                       "/device/port", UNKNOWN);
    check_rule_refused("{\"device\":{\"busid\":\"1\"},\"effect\":\"hide\"}", "/device/busid",
                       "a busid like 1-2.1 is wanted");
    check_rule_refused("{\"device\":{\"alias\":\"1-2\"},\"effect\":\"hide\"}", "/device/alias",
                       "an alias is wanted: 1 to 31 of a-z, 0-9, '.', '_' and '-'");
    check_rule_refused("{\"device\":{\"serial\":\"\"},\"effect\":\"hide\"}", "/device/serial",
                       "a text of 1 to 63 bytes without control characters is wanted");
    check_rule_refused("{\"device\":{\"label\":7},\"effect\":\"hide\"}", "/device/label",
                       "a text of 1 to 31 bytes without control characters is wanted");
    static const char *const ids[] = {"",           "0483",      "0483:",     "0483:374",
                                      "0483:374bb", "0483-374b", "x483:374b", " 483:374b"};
    static const char *const classes[] = {"", "3", "003", "g3", "0x03", "hid"};
    char rule[100];
    for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        snprintf(rule, sizeof rule, "{\"device\":{\"id\":\"%s\"},\"effect\":\"hide\"}", ids[i]);
        check_rule_refused(rule, "/device/id",
                           "vendor and product in hex like 0483:374b are wanted");
    }
    for (unsigned i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        snprintf(rule, sizeof rule, "{\"device\":{\"class\":\"%s\"},\"effect\":\"hide\"}",
                 classes[i]);
        check_rule_refused(rule, "/device/class", "a class of two hex digits like 03 is wanted");
    }
    check_rule_refused("{\"device\":{\"class\":\"03\"}}", "/effect",
                       "\"allow\" or \"hide\" is wanted");
    check_rule_refused("{\"device\":{\"class\":\"03\"},\"effect\":\"deny\"}", "/effect",
                       "\"allow\" or \"hide\" is wanted");
    check_rule_refused("{\"device\":{\"class\":\"03\"},\"addresses\":\"::\",\"effect\":\"hide\"}",
                       "/addresses", LIST);
    check_rule_refused("{\"device\":{\"class\":\"03\"},\"addresses\":[\"::\",\"x\"],"
                       "\"effect\":\"hide\"}",
                       "/addresses/1", BLOCK);
}

TEST(settings_access_wrong_names_name_their_place)
{
    check_refused("{\"version\":2,\"devices\":{}}", "/devices", LIST);
    check_device_refused("[]", "", MEMBERS);
    check_device_refused("{\"alias\":\"b\"}", "", "either serial or busid is wanted");
    check_device_refused("{\"serial\":\"B\",\"busid\":\"1-1\"}", "",
                         "either serial or busid is wanted");
    check_device_refused("{\"busid\":\"port\"}", "/busid", "a busid like 1-2.1 is wanted");
    check_device_refused(
        "{\"serial\":\"B\",\"alias\":\"B\"}", "/alias",
        "1 to 31 of a-z, 0-9, '.', '_' and '-' are wanted, and not what looks like "
        "a busid");
    check_device_refused("{\"serial\":\"B\",\"alias\":\"a\"}", "/alias",
                         "another device has this alias");
    check_device_refused("{\"serial\":\"A\",\"alias\":\"b\"}", "/serial",
                         "there is another entry for it");
    check_device_refused("{\"serial\":\"B\",\"exported\":1}", "/exported",
                         "true or false is wanted");
    check_device_refused("{\"serial\":\"B\",\"labels\":\"x\"}", "/labels",
                         "a list in [ ] of at most 8 labels is wanted");
    check_device_refused("{\"serial\":\"B\",\"labels\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
                         "\"8\",\"9\"]}",
                         "/labels", "a list in [ ] of at most 8 labels is wanted");
    check_device_refused("{\"serial\":\"B\",\"labels\":[\"1\",\"\"]}", "/labels/1",
                         "a text of 1 to 31 bytes without control characters is wanted");
    check_device_refused("{\"serial\":\"B\",\"name\":\"x\"}", "/name", UNKNOWN);
}

static void check_export_refused(const char *rule, const char *pointer, const char *detail)
{
    char json[300], at[100];
    snprintf(json, sizeof json, "{\"version\":2,\"export_rules\":[%s]}", rule);
    snprintf(at, sizeof at, "/export_rules/0%s", pointer);
    check_refused(json, at, detail);
}

TEST(settings_access_wrong_export_rules_name_their_place)
{
    check_refused("{\"version\":2,\"export\":\"all\"}", "/export",
                  "\"auto\" or \"manual\" is wanted");
    check_refused("{\"version\":2,\"export_rules\":{}}", "/export_rules", LIST);
    check_refused("{\"version\":2,\"export_rules\":[],\"export_rules\":[]}", "/export_rules",
                  "it is there twice");
    check_export_refused("7", "", MEMBERS);
    check_export_refused("{\"effect\":\"keep\"}", "/device", MEMBERS);
    check_export_refused("{\"device\":{},\"effect\":\"keep\"}", "/device", ONE_OF);
    check_export_refused("{\"device\":{\"class\":\"8\"},\"effect\":\"keep\"}", "/device/class",
                         "a class of two hex digits like 03 is wanted");
    check_export_refused("{\"device\":{\"class\":\"08\"},\"effect\":\"hide\"}", "/effect",
                         "\"export\" or \"keep\" is wanted");
    check_export_refused("{\"device\":{\"class\":\"08\"},\"effect\":\"keep\",\"addresses\":[]}",
                         "/addresses", UNKNOWN);
    check_device_refused("{\"serial\":\"B\",\"take_from_host\":1}", "/take_from_host",
                         "true or false is wanted");
}

// All that is wrong is said, as far as there is room.
TEST(settings_access_all_errors_are_told)
{
    const char *json = "{\"version\":2,\"takeover\":7,\"access\":{\"mode\":7,\"rules\":[{}],"
                       "\"allow\":[7]},\"colour\":1}";
    static const char *const want[] = {"/takeover", "/access/mode", "/access/rules/0/device"};
    struct settings s = settings_rig();
    struct settings_error list[3];
    struct settings_errors errors = {.list = list, .max = 3};
    CHECK_EQ(settings_parse_all(&s, json, strlen(json), &errors, NULL), BASE_ERR_INVALID);
    CHECK_EQ(errors.count, 6);
    for (unsigned i = 0; i < 3; i++)
        CHECK_STR(list[i].pointer, want[i]);
}

// In a sentence the place has dots, as the key of a value that stands alone.
TEST(settings_access_error_as_a_sentence)
{
    struct settings s = settings_rig();
    const char *json = "{\"version\":2,\"access\":{\"rules\":[{\"device\":{\"class\":\"3\"}}]}}";
    char why[SETTINGS_WHY_SIZE];
    CHECK_EQ(settings_parse(&s, json, strlen(json), why), BASE_ERR_INVALID);
    CHECK_STR(why,
              "access.rules, entry 1, device.class: a class of two hex digits like 03 is wanted");
    static const struct {
        const char *json, *why;
    } more[] = {
        {"{\"version\":2,\"access\":{\"rules\":[{\"device\":{\"class\":\"03\"},"
         "\"effect\":\"hide\"},{\"device\":{\"class\":\"03\"},\"effect\":\"hide\","
         "\"addresses\":[\"::\",\"x\"]}]}}",
         "access.rules, entry 2, addresses, entry 2: " BLOCK},
        {"{\"version\":2,\"devices\":[7]}", "devices, entry 1: " MEMBERS},
        {"{\"version\":2,\"7\":7}", "7: " UNKNOWN}, // a name, no entry
        {"{\"version\":2,\"a~1/b\":7}", "a~1/b: " UNKNOWN},
        {"7", "line 1: the document must begin with {"},
    };
    for (unsigned i = 0; i < sizeof more / sizeof more[0]; i++) {
        CHECK_EQ(settings_parse(&s, more[i].json, strlen(more[i].json), why), BASE_ERR_INVALID);
        CHECK_STR(why, more[i].why);
    }
}

// Who writes 10.0.0.1/28 may mean the machine or its network: the answer names both.
TEST(settings_access_a_block_begins_where_its_text_says)
{
    check_refused("{\"version\":2,\"access\":{\"allow\":[{\"address\":\"10.0.0.1/28\"}]}}",
                  "/access/allow/0/address",
                  "write 10.0.0.0/28 for that whole network, or the address without a / for one "
                  "machine");
    check_rule_refused(
        "{\"device\":{\"class\":\"03\"},\"addresses\":[\"2001:db8:1111:2222:3333:"
        "4444:5555:6666/126\"],\"effect\":\"hide\"}",
        "/addresses/0",
        "write 2001:db8:1111:2222:3333:4444:5555:6664/126 for that whole network, or "
        "the address without a / for one machine");
    struct settings s = settings_rig();
    const char *json = "{\"version\":2,\"access\":{\"allow\":[{\"address\":\"10.0.0.16/28\"},"
                       "{\"address\":\"10.0.0.7/32\"},{\"address\":\"::ffff:10.0.0.0/104\"}]}}";
    char why[SETTINGS_WHY_SIZE];
    CHECK_EQ(settings_parse(&s, json, strlen(json), why), BASE_OK);
    settings_drop(&s);
}

// --- limits --------------------------------------------------------------------------------------

struct text {
    char buf[40000];
    size_t size;
};

static void add(struct text *t, const char *s)
{
    CHECK(t->size + strlen(s) < sizeof t->buf);
    strcpy(t->buf + t->size, s);
    t->size += strlen(s);
}

static void add_times(struct text *t, const char *before, unsigned n, const char *format,
                      const char *behind)
{
    char one[200];
    add(t, before);
    for (unsigned i = 0; i < n; i++) {
        snprintf(one, sizeof one, format, i, i);
        add(t, i ? "," : "");
        add(t, one);
    }
    add(t, behind);
}

// As much as the issue wants of the chip, with IPv6 blocks, long serial numbers and notes.
static void add_full(struct text *t, unsigned allow, unsigned rules, unsigned devices)
{
    t->size = 0;
    add_times(t, "{\"version\":2,\"access\":{\"allow\":[", allow,
              "{\"address\":\"2001:db8:1234:%x::/64\",\"note\":\"runner no. %u of the lab\"}",
              "],");
    add_times(t, "\"rules\":[", rules,
              "{\"device\":{\"serial\":\"0123456789ABCDEF01234567%x\"},"
              "\"addresses\":[\"2001:db8:1234:%x::/64\"],\"effect\":\"allow\"}",
              "]},");
    add_times(t, "\"devices\":[", devices, "{\"busid\":\"1-2.%u\",\"alias\":\"dev%u\"}", "]}");
}

TEST(settings_access_limits_are_the_ports)
{
    static struct text t;
    static char printed[SETTINGS_MAX_BYTES + 1];
    add_full(&t, 64, 64, 16);
    struct settings s = parsed(t.buf);
    CHECK_EQ(s.lists->access->rule_count, 64);
    CHECK(settings_print(&s, SETTINGS_CHANGED, printed, sizeof printed) < SETTINGS_MAX_BYTES);
    settings_drop(&s);
    add_full(&t, 65, 64, 16);
    check_refused(t.buf, "/access/allow", "at most 64 addresses are possible");
    add_full(&t, 64, 65, 16);
    check_refused(t.buf, "/access/rules", "at most 64 rules are possible");
    add_full(&t, 64, 64, 17);
    check_refused(t.buf, "/devices", "at most 16 devices with names are possible");
    t.size = 0;
    add_times(&t, "{\"version\":2,\"export_rules\":[", 65,
              "{\"device\":{\"class\":\"03\"},\"effect\":\"keep\"}", "]}");
    check_refused(t.buf, "/export_rules", "at most 64 rules are possible");
    t.size = 0;
    add_times(&t,
              "{\"version\":2,\"access\":{\"rules\":[{\"device\":{\"class\":\"03\"},"
              "\"effect\":\"hide\",\"addresses\":[",
              40, "\"10.0.0.%u\"", "]},");
    add_times(&t, "{\"device\":{\"class\":\"03\"},\"effect\":\"hide\",\"addresses\":[", 25,
              "\"10.0.0.%u\"", "]}]}}");
    check_refused(t.buf, "/access/rules/1/addresses",
                  "at most 64 addresses are possible in all rules together");
}

TEST(settings_access_of_a_port_without)
{
    struct settings_port port = settings_rig_port;
    struct settings s;
    char why[SETTINGS_WHY_SIZE];
    const char *json = "{\"version\":2,\"access\":{\"rules\":[]}}";
    port.max_rules = port.max_namings = 0;
    settings_default(&s, &port);
    CHECK_EQ(settings_parse(&s, json, strlen(json), why), BASE_ERR_INVALID);
    CHECK_STR(why, "access: there is no such setting here");
}

TEST(settings_document_keys_have_lists)
{
    const char *json = "{\"version\":2,\"host_name\":\"lab\",\"access\":{\"rules\":[]},"
                       "\"devices\":[]}";
    struct settings s = settings_rig();
    struct settings_keys set;
    struct settings_errors errors = {.max = 0};
    const char *key;
    char have[200] = "";
    CHECK_EQ(settings_parse_all(&s, json, strlen(json), &errors, &set), BASE_OK);
    for (unsigned i = 0; (key = settings_document_key(i)); i++)
        if (set.bits >> i & 1) {
            strcat(have, key);
            strcat(have, " ");
        }
    CHECK_STR(have, "host_name access.rules devices ");
    settings_drop(&s);
}

TEST(settings_allowed_hosts)
{
    static const char json[] =
        "{\"version\":2,\"http\":{\"allowed_hosts\":[\"usb.example\",\"bench\"]}}";
    static const char none[] = "{\"version\":2,\"http\":{\"allowed_hosts\":[]}}";
    struct settings s = settings_rig(), again = settings_rig();
    char text[2000], why[SETTINGS_WHY_SIZE];
    CHECK_EQ(settings_parse(&s, json, sizeof json - 1, why), BASE_OK);
    CHECK_EQ(s.lists->host_count, 2);
    CHECK_STR(s.lists->hosts[1], "bench");
    CHECK_STR(settings_list_changed(&s, &again, 4), "http.allowed_hosts");
    size_t size = settings_print(&s, SETTINGS_CHANGED, text, sizeof text);
    CHECK_STR(text, "{\n  \"version\": 2,\n  \"http\": {\n    \"allowed_hosts\": [\n"
                    "      \"usb.example\",\n      \"bench\"\n    ]\n  }\n}\n");
    CHECK_EQ(settings_parse(&again, text, size, why), BASE_OK);
    CHECK_STR(settings_list_changed(&s, &again, 4), "");
    CHECK_EQ(settings_parse(&again, none, sizeof none - 1, why), BASE_OK);
    CHECK(!again.lists);
    settings_drop(&s);
}

TEST(settings_allowed_hosts_refused)
{
    static struct text t;
    t.size = 0;
    check_refused("{\"version\":2,\"http\":{\"allowed_hosts\":\"a\"}}", "/http/allowed_hosts",
                  "a list in [ ] is wanted");
    check_refused("{\"version\":2,\"http\":{\"allowed_hosts\":[\"a\",\"b:80\"]}}",
                  "/http/allowed_hosts/1", "a host name like bench.example is wanted");
    check_refused("{\"version\":2,\"http\":{\"allowed_hosts\":[\"\"]}}", "/http/allowed_hosts/0",
                  "a host name like bench.example is wanted");
    check_refused("{\"version\":2,\"http\":{\"allowed_hosts\":[7]}}", "/http/allowed_hosts/0",
                  "a host name like bench.example is wanted");
    check_refused("{\"version\":2,\"http\":{\"hosts\":[]}}", "/http/hosts",
                  "there is no such setting here");
    add_times(&t, "{\"version\":2,\"http\":{\"allowed_hosts\":[", 17, "\"h%u\"", "]}}");
    check_refused(t.buf, "/http/allowed_hosts", "at most 16 names are possible");
}
