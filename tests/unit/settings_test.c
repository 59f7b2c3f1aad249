// SPDX-License-Identifier: Apache-2.0
#include "settings/settings.h"
#include "tests/support/check.h"
#include "tests/support/settings_rig.h"

#include <stdio.h>
#include <string.h>

// What a document without errors does to the defaults.
static struct settings parsed(const char *json)
{
    struct settings s = settings_rig();
    char why[SETTINGS_WHY_SIZE] = "";
    if (settings_parse(&s, json, strlen(json), why) != BASE_OK)
        check_fail(__FILE__, __LINE__, "%s: %s", json, why);
    return s;
}

// The document is refused with that sentence and changes nothing.
static void check_refused_bytes(const char *json, size_t size, const char *want)
{
    struct settings s = settings_rig(), before = s;
    char why[SETTINGS_WHY_SIZE] = "";
    enum base_err err = settings_parse(&s, json, size, why);
    if (err != BASE_ERR_INVALID)
        check_fail(__FILE__, __LINE__, "%s: %d", json, err);
    CHECK_STR(why, want);
    CHECK_STR(settings_rig_difference(&s, &before), "");
}

static void check_refused(const char *json, const char *want)
{
    check_refused_bytes(json, strlen(json), want);
}

static void check_value(const struct settings *s, const char *key, const char *want)
{
    char buf[SETTINGS_VALUE_SIZE];
    CHECK_EQ(settings_get(s, key, buf), BASE_OK);
    check_str(__FILE__, __LINE__, key, buf, want);
}

static void check_set(struct settings *s, const char *key, const char *text)
{
    char why[SETTINGS_WHY_SIZE] = "";
    if (settings_set(s, key, text, why) != BASE_OK)
        check_fail(__FILE__, __LINE__, "%s = %s: %s", key, text, why);
    check_value(s, key, text);
}

static void check_not_set(const char *key, const char *text, const char *want)
{
    struct settings s = settings_rig(), before = s;
    char why[SETTINGS_WHY_SIZE] = "";
    CHECK_EQ(settings_set(&s, key, text, why), BASE_ERR_INVALID);
    CHECK_STR(why, want);
    CHECK_STR(settings_rig_difference(&s, &before), "");
}

// --- values --------------------------------------------------------------------------------------

TEST(settings_defaults_are_the_ports)
{
    struct settings s = settings_rig();
    char why[SETTINGS_WHY_SIZE];
    CHECK_EQ(settings_check(&s, why), BASE_OK);
    CHECK_STR(s.host_name, "usbip-test");
    CHECK_STR(s.network.sntp_server, "pool.ntp.org");
    CHECK_EQ(s.network.addressing, SETTINGS_DHCP);
    CHECK_EQ(s.bus_speed[0], SETTINGS_HIGH_SPEED);
    CHECK_EQ(s.bus_speed[1], SETTINGS_FULL_SPEED);
    CHECK_EQ(s.limits.max_connections, 12);
    CHECK_EQ(s.limits.total_budget_kib, 4096);
}

TEST(settings_keys_are_listed_with_their_values)
{
    static const char *const want[] = {
        "host_name=usbip-test",
        "takeover=probe",
        "export=auto",
        "network.addressing=dhcp",
        "network.address=0.0.0.0",
        "network.netmask=0.0.0.0",
        "network.gateway=0.0.0.0",
        "network.dns=0.0.0.0",
        "network.sntp_server=pool.ntp.org",
        "usb.bus1_speed=high",
        "usb.bus2_speed=full",
        "limits.max_connections=12",
        "limits.max_devices=8",
        "limits.max_urbs=64",
        "limits.session_budget_kib=1024",
        "limits.total_budget_kib=4096",
        "limits.silent_s=14400",
        "access.mode=open",
    };
    struct settings s = settings_rig();
    char value[SETTINGS_VALUE_SIZE], line[300];
    unsigned i = 0;
    for (; settings_key(s.port, i); i++) {
        CHECK(i < sizeof want / sizeof want[0]);
        CHECK_EQ(settings_get(&s, settings_key(s.port, i), value), BASE_OK);
        snprintf(line, sizeof line, "%s=%s", settings_key(s.port, i), value);
        CHECK_STR(line, want[i]);
    }
    CHECK_EQ(i, sizeof want / sizeof want[0]);
}

TEST(settings_of_hardware_that_a_port_lacks_do_not_exist)
{
    struct settings_port port = settings_rig_port;
    struct settings s;
    char why[SETTINGS_WHY_SIZE], value[SETTINGS_VALUE_SIZE];
    const char *json = "{\"version\":1,\"usb\":{\"bus1_speed\":\"full\"}}";
    port.has_network = port.has_buses = false;
    port.max_rules = 0;
    settings_default(&s, &port);
    for (unsigned i = 0; settings_key(&port, i); i++)
        CHECK(strncmp(settings_key(&port, i), "host_name", 9) == 0 ||
              strncmp(settings_key(&port, i), "takeover", 8) == 0 ||
              strncmp(settings_key(&port, i), "limits.", 7) == 0);
    CHECK_EQ(settings_get(&s, "network.address", value), BASE_ERR_NOT_FOUND);
    CHECK_EQ(settings_set(&s, "usb.bus1_speed", "full", why), BASE_ERR_NOT_FOUND);
    CHECK_EQ(settings_parse(&s, json, strlen(json), why), BASE_ERR_INVALID);
    CHECK_STR(why, "usb: there is no such setting here");
}

TEST(settings_set_takes_good_values)
{
    struct settings s = settings_rig();
    check_set(&s, "host_name", "a");
    check_set(&s, "host_name", "0-Lab-9");
    check_set(&s, "host_name", "aaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff012Z");
    check_set(&s, "network.sntp_server", "");
    check_set(&s, "network.sntp_server", "192.168.1.1");
    check_set(&s, "network.sntp_server", "0.de.pool.ntp.org");
    check_set(&s, "network.address", "192.168.1.10");
    check_set(&s, "network.netmask", "255.255.255.0");
    check_set(&s, "network.gateway", "192.168.1.254");
    check_set(&s, "network.dns", "8.8.8.8");
    check_set(&s, "network.addressing", "static");
    check_set(&s, "usb.bus1_speed", "full");
    check_set(&s, "usb.bus2_speed", "full");
    check_set(&s, "limits.max_urbs", "256");
    check_set(&s, "limits.total_budget_kib", "1024");
    CHECK_EQ(s.network.addressing, SETTINGS_STATIC);
    CHECK_EQ(s.network.address[0], 192);
    CHECK_EQ(s.network.address[3], 10);
    CHECK_EQ(s.bus_speed[0], SETTINGS_FULL_SPEED);
    CHECK_EQ(s.limits.max_urbs, 256);
}

TEST(settings_host_name_is_one_label)
{
    static const char *const bad[] = {
        "",         "-a",  "a-",
        "a.b",      "a b", "a_b",
        "\xc3\xa4", "a\n", "aaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff0123Z",
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_not_set("host_name", bad[i],
                      "host_name: 1 to 63 letters, digits and hyphens are wanted, no hyphen at the "
                      "ends");
}

TEST(settings_addresses_are_exact)
{
    static const char *const bad[] = {
        "",
        "1.2.3",
        "1.2.3.4.",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1..3.4",
        "1.2.3.4444",
        "a.b.c.d",
        "0x1.2.3.4",
        "127.0.0.1",
        "0.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "-1.2.3.4",
        "::1",
        "1.2.3.99999999999999999999",
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_not_set("network.address", bad[i],
                      "network.address: the IPv4 address of one machine like 192.168.1.10 is "
                      "wanted");
    static const char *const masks[] = {"255.0.255.0",     "254.0.0.0", "255.255.255.254",
                                        "255.255.255.255", "0.0.0.255", "1.2.3.4"};
    for (unsigned i = 0; i < sizeof masks / sizeof masks[0]; i++)
        check_not_set("network.netmask", masks[i],
                      "network.netmask: a netmask like 255.255.255.0 is wanted");
}

TEST(settings_servers_are_names_or_addresses)
{
    static const char *const bad[] = {
        "a..b",      ".a",
        "a.",        "a b",
        "1.2.3",     "1.2.3.400",
        "127.0.0.1", "a:123",
        "http://a",  "a123456789012345678901234567890123456789012345678901234567890123.org",
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_not_set("network.sntp_server", bad[i],
                      "network.sntp_server: a server's name or IPv4 address is wanted, or \"\" for "
                      "none");
    struct settings s = settings_rig();
    char name[SETTINGS_SERVER_SIZE + 1], why[SETTINGS_WHY_SIZE];
    for (unsigned i = 0; i < SETTINGS_SERVER_SIZE; i++)
        name[i] = i % 32 == 31 ? '.' : 'a';
    name[SETTINGS_SERVER_SIZE - 1] = '\0'; // where the fourth dot would be
    check_set(&s, "network.sntp_server", name);
    memcpy(name + SETTINGS_SERVER_SIZE - 1, "a", 2); // one too long
    CHECK_EQ(settings_set(&s, "network.sntp_server", name, why), BASE_ERR_INVALID);
}

TEST(settings_words_and_numbers_are_exact)
{
    check_not_set("network.addressing", "auto",
                  "network.addressing: \"dhcp\" or \"static\" is wanted");
    check_not_set("usb.bus1_speed", "High", "usb.bus1_speed: \"high\" or \"full\" is wanted");
    check_not_set("usb.bus2_speed", "high",
                  "usb.bus2_speed: this port is a full-speed one and can only be \"full\"");
    static const char *const bad[] = {"",   "0",  "33", "-1",         "+1",
                                      " 1", "1 ", "1x", "4294967297", "18446744073709551617"};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_not_set("limits.max_connections", bad[i],
                      "limits.max_connections: a whole number from 1 to 32 is wanted");
    check_not_set("limits.session_budget_kib", "8192",
                  "limits.total_budget_kib: it must not be less than limits.session_budget_kib");
}

TEST(settings_unknown_keys_are_named)
{
    struct settings s = settings_rig();
    char why[SETTINGS_WHY_SIZE], value[SETTINGS_VALUE_SIZE];
    static const char *const bad[] = {"", "network", "version", "network.", "hostname", ".address"};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_EQ(settings_get(&s, bad[i], value), BASE_ERR_NOT_FOUND);
        CHECK_EQ(settings_set(&s, bad[i], "1", why), BASE_ERR_NOT_FOUND);
    }
    CHECK_STR(why, "there is no such setting here: .address");
}

// --- values that must fit together ---------------------------------------------------------------

static struct settings static_rig(void)
{
    return parsed("{\"version\":1,\"network\":{\"addressing\":\"static\",\"address\":\"10.1.2.3\","
                  "\"netmask\":\"255.255.0.0\",\"gateway\":\"10.1.0.1\"}}");
}

static void check_static_refuses(const char *key, const char *text, const char *want)
{
    struct settings s = static_rig();
    char why[SETTINGS_WHY_SIZE] = "";
    CHECK_EQ(settings_set(&s, key, text, why), BASE_ERR_INVALID);
    CHECK_STR(why, want);
}

TEST(settings_static_addresses_fit_together)
{
    check_not_set("network.addressing", "static", "network.address: static addressing needs one");
    check_static_refuses("network.address", "0.0.0.0",
                         "network.address: static addressing needs one");
    check_static_refuses("network.netmask", "0.0.0.0",
                         "network.netmask: static addressing needs one");
    const char *whole = "network.address: with this netmask it stands for the whole network, not "
                        "for one machine";
    check_static_refuses("network.address", "10.1.0.0", whole);
    check_static_refuses("network.address", "10.1.255.255", whole);
    const char *outside = "network.gateway: it is not in the network of address and netmask";
    check_static_refuses("network.gateway", "10.2.0.1", outside);
    check_static_refuses("network.gateway", "10.1.255.255", outside);
    check_static_refuses("network.address", "10.2.0.2", outside);
    check_static_refuses("network.gateway", "10.1.2.3",
                         "network.gateway: this is the server's own address");
    struct settings s = static_rig();
    check_set(&s, "network.gateway", "0.0.0.0"); // no way out is fine
    check_set(&s, "network.address", "10.2.0.2");
    s = static_rig();
    check_set(&s, "network.addressing", "dhcp"); // what is kept for later need not fit yet
    check_set(&s, "network.address", "10.2.0.2");
}

// --- documents -----------------------------------------------------------------------------------

TEST(settings_document_is_laid_over_what_is_there)
{
    struct settings s = parsed("{\"version\":1,\"limits\":{\"max_urbs\":128}}");
    char why[SETTINGS_WHY_SIZE];
    const char *second = " {\r\n\t\"host_name\" : \"two\" , \"version\" : 1.0 , \"usb\" : { } }\n ";
    CHECK_EQ(settings_parse(&s, second, strlen(second), why), BASE_OK);
    check_value(&s, "host_name", "two");
    check_value(&s, "limits.max_urbs", "128");
    check_value(&s, "limits.max_devices", "8");
}

// The bytes need not end with a NUL, and none behind them are read.
TEST(settings_document_has_a_length)
{
    const char *json = "{\"version\":1,\"host_name\":\"b\"}garbage";
    struct settings s = settings_rig();
    char why[SETTINGS_WHY_SIZE];
    CHECK_EQ(settings_parse(&s, json, strlen(json) - 7, why), BASE_OK);
    CHECK_STR(s.host_name, "b");
}

TEST(settings_print_is_read_back)
{
    struct settings s = static_rig(), again = settings_rig();
    char text[SETTINGS_MAX_BYTES + 1], why[SETTINGS_WHY_SIZE];
    check_set(&s, "host_name", "lab");
    check_set(&s, "limits.max_urbs", "100");
    size_t size = settings_print(&s, SETTINGS_CHANGED, text, sizeof text);
    CHECK_STR(text, "{\n"
                    "  \"version\": 2,\n"
                    "  \"host_name\": \"lab\",\n"
                    "  \"network\": {\n"
                    "    \"addressing\": \"static\",\n"
                    "    \"address\": \"10.1.2.3\",\n"
                    "    \"netmask\": \"255.255.0.0\",\n"
                    "    \"gateway\": \"10.1.0.1\"\n"
                    "  },\n"
                    "  \"limits\": {\n"
                    "    \"max_urbs\": 100\n"
                    "  }\n"
                    "}\n");
    CHECK_EQ(size, strlen(text));
    CHECK_EQ(settings_parse(&again, text, size, why), BASE_OK);
    CHECK_STR(settings_rig_difference(&again, &s), "");
    again = settings_rig();
    size = settings_print(&s, SETTINGS_ALL, text, sizeof text);
    for (unsigned i = 0; settings_key(s.port, i); i++) {
        const char *dot = strchr(settings_key(s.port, i), '.');
        CHECK(strstr(text, dot ? dot + 1 : settings_key(s.port, i)) != NULL);
    }
    CHECK_EQ(settings_parse(&again, text, size, why), BASE_OK);
    CHECK_STR(settings_rig_difference(&again, &s), "");
}

TEST(settings_print_of_defaults_says_nothing)
{
    struct settings s = settings_rig();
    char text[SETTINGS_MAX_BYTES + 1];
    CHECK_EQ(settings_print(&s, SETTINGS_CHANGED, text, sizeof text), 19);
    CHECK_STR(text, "{\n  \"version\": 2\n}\n");
}

TEST(settings_document_with_wrong_members)
{
    check_refused("{\"version\":1,\"colour\":1}", "colour: there is no such setting here");
    check_refused("{\"version\":1,\"network\":{\"adress\":\"1.2.3.4\"}}",
                  "network.adress: there is no such setting here");
    check_refused("{\"version\":1,\"network.address\":\"1.2.3.4\"}",
                  "network.address: there is no such setting here");
    check_refused("{\"version\":1,\"network\":{\"version\":1}}",
                  "network.version: there is no such setting here");
    check_refused("{\"version\":1,\"limits\":{\"max_urbs\":65,\"max_urbs\":66}}",
                  "limits.max_urbs: it is there twice");
    check_refused("{\"version\":1,\"usb\":{},\"usb\":{}}", "usb: it is there twice");
    check_refused("{\"version\":1,\"version\":1}", "version: it is there twice");
    check_refused("{\"version\":1,\"\":1}", ": there is no such setting here");
}

TEST(settings_document_with_wrong_types)
{
    check_refused("{\"version\":1,\"host_name\":7}",
                  "host_name: 1 to 63 letters, digits and hyphens are wanted, no hyphen at the "
                  "ends");
    check_refused("{\"version\":1,\"host_name\":{}}",
                  "host_name: 1 to 63 letters, digits and hyphens are wanted, no hyphen at the "
                  "ends");
    check_refused("{\"version\":1,\"network\":7}", "network: its settings in { } are wanted");
    check_refused("{\"version\":1,\"network\":[]}", "network: its settings in { } are wanted");
    check_refused("{\"version\":1,\"usb\":{\"bus1_speed\":null}}",
                  "usb.bus1_speed: \"high\" or \"full\" is wanted");
    static const char *const bad[] = {"\"4\"", "4.5",  "-1",    "true", "null", "[]",
                                      "{}",    "1e99", "-1e99", "33",   "0",    "4294967297"};
    char json[100];
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(json, sizeof json, "{\"version\":1,\"limits\":{\"max_connections\":%s}}", bad[i]);
        check_refused(json, "limits.max_connections: a whole number from 1 to 32 is wanted");
    }
}

TEST(settings_document_with_wrong_version)
{
    check_refused("{}", "version: the document does not tell its own");
    check_refused("{\"version\":0}", "version: a whole number from 1 is wanted");
    check_refused("{\"version\":1.5}", "version: a whole number from 1 is wanted");
    check_refused("{\"version\":\"1\"}", "version: a whole number from 1 is wanted");
    check_refused("{\"version\":1e30}", "version: a whole number from 1 is wanted");
}

// Nothing else of it is looked at: it may have keys that this program does not know.
TEST(settings_document_of_a_newer_version)
{
    struct settings s = settings_rig();
    char why[SETTINGS_WHY_SIZE];
    const char *json = "{\"version\":3,\"wifi\":{\"on\":true}}";
    CHECK_EQ(settings_parse(&s, json, strlen(json), why), BASE_ERR_UNSUPPORTED);
    CHECK_STR(why, "version: the document has version 3, this program knows versions up to 2; a "
                   "newer program has written it");
}

// --- what is no document -------------------------------------------------------------------------

TEST(settings_document_must_be_json)
{
    check_refused("", "line 1: the document is empty");
    check_refused(" \n \n", "line 3: the document is empty");
    check_refused("[]", "line 1: the document must begin with {");
    check_refused("{\"version\":1}x", "line 1: there is something behind the document");
    check_refused("{\"version\":1}\n{}", "line 2: there is something behind the document");
    check_refused("{\"version\":1,}", "line 1: a text in double quotes is wanted");
    check_refused("{\"version\" 1}", "line 1: a colon is wanted behind a key");
    check_refused("{\n\"version\":1\n\"usb\":{}}",
                  "line 3: a comma or a closing bracket is wanted");
    check_refused("{\"version\":1", "line 1: the document breaks off");
    check_refused("{\"version\":", "line 1: the document breaks off");
    check_refused("{\"version", "line 1: a text has no closing quote");
    check_refused("{'version':1}", "line 1: a text in double quotes is wanted");
    check_refused("{\"version\":one}", "line 1: a value is wanted");
    check_refused("{\"version\":1]", "line 1: a comma or a closing bracket is wanted");
    check_refused("{// a remark\n\"version\":1}", "line 1: a text in double quotes is wanted");
    static const char *const numbers[] = {
        "-", "1.", "1.e1", "1e", "1e+", "-.5", "111111111111111111111111111111111"};
    char json[100];
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        snprintf(json, sizeof json, "{\"version\":%s}", numbers[i]);
        check_refused(json, "line 1: not a number");
    }
    check_refused("{\"version\":01}", "line 1: a comma or a closing bracket is wanted");
    check_refused("{\"version\":+1}", "line 1: a value is wanted");
}

TEST(settings_texts_are_utf8)
{
    const char *want = "line 1: a text has a character that cannot stand there";
    static const char *const bad[] = {"a\nb",
                                      "\x7f",
                                      "\\x",
                                      "\\u12g4",
                                      "\\u0000",
                                      "\\ud800",
                                      "\\ud800\\n",
                                      "\\ud800\\u0041",
                                      "\\udc00",
                                      "\x80",
                                      "\xc0\x80",
                                      "\xc3",
                                      "\xc3(",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xff"};
    static const char *const good[] = {"\xc3\xa4",     "\\u00e4",          "\\ud83d\\ude00",
                                       "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\\\"\\\\\\/"};
    char json[100];
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(json, sizeof json, "{\"version\":1,\"host_name\":\"%s\"}", bad[i]);
        check_refused(json, want);
    }
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) { // but they are no host names
        snprintf(json, sizeof json, "{\"version\":1,\"host_name\":\"%s\"}", good[i]);
        check_refused(json,
                      "host_name: 1 to 63 letters, digits and hyphens are wanted, no hyphen at "
                      "the ends");
    }
    (void)parsed("{\"version\":1,\"host\\u005fname\":\"a\"}");
    check_refused_bytes("{\"version\":1,\"host_name\":\"a\0b\"}", 31, want);
    check_refused_bytes("{\"version\":1}\0", 14, "line 1: there is something behind the document");
    check_refused_bytes("{\0\"version\":1}", 14, "line 1: a text in double quotes is wanted");
}

// The JSON library would go a thousand levels down, each with a frame on the stack.
TEST(settings_brackets_do_not_go_deep)
{
    char json[SETTINGS_MAX_BYTES + 2];
    check_refused("{\"version\":1,\"a\":[[[]]]}", "a: there is no such setting here");
    check_refused("{\"version\":1,\"a\":[[[1]]]}", "a: there is no such setting here");
    check_refused("{\"version\":1,\"a\":[[[[{}]]]]}",
                  "line 1: too many brackets inside each other");
    check_refused("{\"version\":1,\"a\":[[[[[]]]]]}",
                  "line 1: too many brackets inside each other");
    memset(json, '[', sizeof json);
    memcpy(json, "{\"a\":", 5);
    check_refused_bytes(json, SETTINGS_MAX_BYTES, "line 1: too many brackets inside each other");
    check_refused_bytes(json, SETTINGS_MAX_BYTES + 1, "the document is longer than 16384 bytes");
    memset(json, ' ', sizeof json);
    memcpy(json, "{\"version\":1}", 13);
    struct settings s = settings_rig();
    char why[SETTINGS_WHY_SIZE];
    CHECK_EQ(settings_parse(&s, json, SETTINGS_MAX_BYTES, why), BASE_OK);
}

// Each document cut off anywhere is refused: a torn file is never taken for a shorter one.
TEST(settings_cut_documents_are_refused)
{
    struct settings s = static_rig(), t;
    char text[SETTINGS_MAX_BYTES + 1], why[SETTINGS_WHY_SIZE];
    size_t size = settings_print(&s, SETTINGS_ALL, text, sizeof text);
    for (size_t n = 0; n < size - 1; n++) { // without the last line end it is whole
        t = settings_rig();
        CHECK_EQ(settings_parse(&t, text, n, why), BASE_ERR_INVALID);
    }
    t = settings_rig();
    CHECK_EQ(settings_parse(&t, text, size - 1, why), BASE_OK);
}

// A key as long as the document still leaves room for what is wrong with it.
TEST(settings_long_names_do_not_hide_the_error)
{
    char json[3100] = "{\"version\":1,\"", why[SETTINGS_WHY_SIZE];
    size_t n = strlen(json);
    struct settings s = settings_rig();
    memset(json + n, 'k', 3000);
    strcpy(json + n + 3000, "\":1}");
    CHECK_EQ(settings_parse(&s, json, strlen(json), why), BASE_ERR_INVALID);
    CHECK(strstr(why, "k: there is no such setting here") != NULL);
}

TEST(settings_take_a_byte_order_mark)
{
    struct settings s = parsed("\xef\xbb\xbf{\"version\":1,\"host_name\":\"lab\"}");
    check_value(&s, "host_name", "lab");
}
