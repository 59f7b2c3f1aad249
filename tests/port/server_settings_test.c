// SPDX-License-Identifier: Apache-2.0
// Which value counts, and what is wrong with a file, as the program's user is told it.
#include "ports/linux/options.h"
#include "ports/linux/server_settings.h"
#include "tests/port/file_calls.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rig {
    struct settings_folder folder;
    struct log log;
    FILE *lines; // what is logged
    struct server_settings s;
    char config[400], state[64];
};

static struct rig *rig_begin(void)
{
    struct rig *r = calloc(1, sizeof *r);
    settings_folder_make(&r->folder);
    strcpy(r->config, settings_folder_file(&r->folder, "config.json"));
    strcpy(r->state, r->folder.path);
    r->lines = tmpfile();
    struct output *output = output_create(fileno(r->lines), output_write, log_lines_lost, &r->log);
    r->log = (struct log){EVENTLOG_DEBUG, LOG_TEXT, output, 0};
    return r;
}

static void rig_end(struct rig *r)
{
    settings_folder_remove(&r->folder);
    output_end(r->log.output, UINT64_MAX);
    (void)fclose(r->lines);
    free(r);
}

static void put(struct rig *r, const char *name, const char *text)
{
    settings_folder_put(&r->folder, name, text, strlen(text));
}

static void check_logged(struct rig *r, const char *want)
{
    char text[4096];
    CHECK(output_flush(r->log.output, UINT64_MAX));
    ssize_t n = pread(fileno(r->lines), text, sizeof text - 1, 0);
    CHECK(n >= 0);
    text[n] = '\0';
    if (!strstr(text, want))
        check_fail(__FILE__, __LINE__, "no \"%s\" in: %s", want, text);
}

static void check_value(struct rig *r, const char *key, const char *want)
{
    char have[SETTINGS_VALUE_SIZE];
    CHECK_EQ(settings_get(&r->s.now, key, have), BASE_OK);
    check_str(__FILE__, __LINE__, key, have, want);
}

static void open_with(struct rig *r, bool config, bool state, enum access_export policy)
{
    enum server_settings_result result = server_settings_open(
        &r->s, config ? r->config : NULL, state ? r->state : NULL, policy, &r->log);
    if (result != SERVER_SETTINGS_OK)
        check_fail(__FILE__, __LINE__, "%s", r->s.why);
}

static void open_good(struct rig *r, bool config, bool state)
{
    open_with(r, config, state, ACCESS_EXPORT_AUTO);
}

TEST(server_settings_defaults_are_the_servers)
{
    struct rig *r = rig_begin();
    struct server_config c, d;
    open_good(r, false, false);
    server_config_default(&d);
    memset(&c, 0xff, sizeof c);
    server_settings_limits(&r->s.now, &c);
    CHECK_EQ(c.max_connections, d.max_connections);
    CHECK_EQ(c.max_devices, d.max_devices);
    CHECK_EQ(c.session.max_urbs, d.session.max_urbs);
    CHECK_EQ(c.session.budget_bytes, d.session.budget_bytes);
    CHECK_EQ(c.total_budget_bytes, d.total_budget_bytes);
    CHECK_EQ(c.session.silent_us, d.session.silent_us);
    CHECK_EQ(c.session.max_urb_bytes, 32 * 1024 * 1024); // Windows at super speed
    CHECK(r->s.now.host_name[0] != '\0');
    server_settings_close(&r->s);
    rig_end(r);
}

// Whatever passes settings_check() passes server_config_check() as well.
TEST(server_settings_bounds_suit_the_server)
{
    struct rig *r = rig_begin();
    open_good(r, false, false);
    const struct settings_limits ends[] = {r->s.port.min_limits, r->s.port.max_limits};
    for (unsigned i = 0; i < 2; i++) {
        struct settings s = r->s.now;
        struct server_config c;
        const char *why = "";
        char text[SETTINGS_WHY_SIZE];
        s.limits = ends[i];
        CHECK_EQ(settings_check(&s, text), BASE_OK);
        server_config_default(&c);
        server_settings_limits(&s, &c);
        if (server_config_check(&c, &why) != BASE_OK)
            check_fail(__FILE__, __LINE__, "%s", why);
        CHECK(c.max_connections <= server_settings_most_connections(&r->s));
    }
    server_settings_close(&r->s);
    rig_end(r);
}

// The document in --help can be used as it stands, and says the defaults.
TEST(server_settings_help_shows_the_defaults)
{
    struct rig *r = rig_begin();
    char json[600] = "", line[SETTINGS_VALUE_SIZE + 40], value[SETTINGS_VALUE_SIZE];
    const char *start = strstr(options_help, "{\"version\""), *key;
    CHECK(start != NULL);
    strncat(json, start, (size_t)(strstr(start, "}\n") + 1 - start));
    put(r, "config.json", json);
    open_good(r, true, false);
    for (unsigned i = 0; (key = settings_key(&r->s.port, i)); i++) {
        if (strncmp(key, "limits.", 7) != 0)
            continue;
        CHECK_EQ(settings_get(&r->s.stored, key, value), BASE_OK);
        check_value(r, key, value);
        snprintf(line, sizeof line, "\"%s\": %s", strchr(key, '.') + 1, value);
        CHECK(strstr(json, line) != NULL);
    }
    server_settings_close(&r->s);
    rig_end(r);
}

TEST(server_settings_administrator_goes_before_state)
{
    struct rig *r = rig_begin();
    put(r, "settings.json", "{\"version\":1,\"host_name\":\"kept\",\"limits\":{\"max_urbs\":100}}");
    put(r, "config.json", "{\"version\":1,\"limits\":{\"max_urbs\":200,\"max_devices\":3}}");
    open_good(r, true, true);
    check_value(r, "host_name", "kept");
    check_value(r, "limits.max_urbs", "200");
    check_value(r, "limits.max_devices", "3");
    check_value(r, "limits.max_connections", "256");
    server_settings_close(&r->s);
    open_good(r, false, true);
    check_value(r, "limits.max_urbs", "100");
    server_settings_close(&r->s);
    rig_end(r);
}

// What a package starts with can be changed on the page, and stays changed.
TEST(server_settings_export_policy_of_an_option_is_a_default)
{
    struct rig *r = rig_begin();
    struct settings_errors errors = {.max = 0};
    char why[SERVER_SETTINGS_WHY_SIZE];
    open_with(r, false, true, ACCESS_EXPORT_MANUAL);
    check_value(r, "export", "manual");
    CHECK_EQ(server_settings_begin(&r->s, "{\"export\":\"auto\"}", 17, &errors, NULL),
             SERVER_SETTINGS_CHANGE_OK);
    CHECK(server_settings_keep(&r->s, why));
    server_settings_end(&r->s, true);
    check_value(r, "export", "auto");
    server_settings_close(&r->s);
    open_with(r, false, true, ACCESS_EXPORT_MANUAL);
    check_value(r, "export", "auto");
    server_settings_close(&r->s);
    put(r, "config.json", "{\"version\":2,\"export\":\"manual\"}");
    open_with(r, true, true, ACCESS_EXPORT_AUTO);
    check_value(r, "export", "manual");
    server_settings_close(&r->s);
    rig_end(r);
}

TEST(server_settings_reload_tells_what_changed)
{
    struct rig *r = rig_begin();
    put(r, "settings.json", "{\"version\":1,\"limits\":{\"max_urbs\":100}}");
    put(r, "config.json", "{\"version\":1,\"limits\":{\"max_urbs\":200}}");
    open_good(r, true, true);
    put(r, "config.json", "{\"version\":1,\"host_name\":\"lab\"}");
    CHECK(server_settings_reload(&r->s, &r->log));
    check_logged(r, "settings: host_name is lab now, was ");
    check_logged(r, "settings: limits.max_urbs is 100 now, was 200 (for devices that are "
                    "attached from now on)"); // the state's again
    CHECK(server_settings_reload(&r->s, &r->log));
    check_logged(r, "settings: nothing has changed");
    put(r, "config.json", "{\"version\":1,\"host_name\":\"lab\",\"host_name\":\"b\"}");
    CHECK(!server_settings_reload(&r->s, &r->log));
    check_logged(r, "/config.json: host_name: it is there twice; everything stays as it was");
    check_value(r, "host_name", "lab");
    settings_folder_put(&r->folder, "config.json", NULL, 0);
    CHECK(!server_settings_reload(&r->s, &r->log));
    check_logged(r, "/config.json: cannot read the file: No such file or directory; everything");
    check_value(r, "host_name", "lab");
    server_settings_close(&r->s);
    rig_end(r);
}

static void check_wrong(struct rig *r, enum server_settings_result want, const char *why)
{
    CHECK_EQ(server_settings_open(&r->s, r->config, r->state, ACCESS_EXPORT_AUTO, &r->log), want);
    if (!strstr(r->s.why, why))
        check_fail(__FILE__, __LINE__, "no \"%s\" in: %s", why, r->s.why);
}

TEST(server_settings_wrong_files_are_named)
{
    struct rig *r = rig_begin();
    char want[200];
    check_wrong(r, SERVER_SETTINGS_WRONG, "config.json: cannot read the file: No such file");
    put(r, "config.json", "{\"version\":1,\"limits\":{\"max_urbs\":7}}");
    snprintf(want, sizeof want, "--config %s/config.json: limits.max_urbs: a whole number from 64 ",
             r->folder.path);
    check_wrong(r, SERVER_SETTINGS_WRONG, want);
    put(r, "config.json", "{\"version\":1,\"network\":{}}"); // the chip's
    check_wrong(r, SERVER_SETTINGS_WRONG, "config.json: network: there is no such setting here");
    put(r, "config.json", "{\"version\":1}");
    put(r, "settings.json", "{\"version\":1,\"host_name\":\"\"}");
    snprintf(want, sizeof want, "--state-dir %s: host_name: 1 to 63 ", r->folder.path);
    check_wrong(r, SERVER_SETTINGS_FAILED, want);
    check_wrong(r, SERVER_SETTINGS_FAILED,
                "no good copy before it; to begin anew, remove settings.json and settings.json.old "
                "there");
    put(r, "settings.json", "{\"version\":3}");
    check_wrong(r, SERVER_SETTINGS_FAILED, "a newer program has written it");
    put(r, "settings.json", "{\"version\":1}");
    open_good(r, true, true); // nothing is locked after all that
    server_settings_close(&r->s);
    rig_end(r);
}

TEST(server_settings_fall_back_is_a_warning)
{
    struct rig *r = rig_begin();
    char want[200];
    put(r, "settings.json", "{\"version\":1,\"host_name\":\"tw");
    put(r, "settings.json.old", "{\"version\":1,\"host_name\":\"one\"}");
    open_good(r, false, true);
    check_value(r, "host_name", "one");
    snprintf(want, sizeof want,
             " warning settings in %s: line 1: a text has no closing quote; the settings before "
             "the last change are used",
             r->folder.path);
    check_logged(r, want);
    server_settings_close(&r->s);
    rig_end(r);
}

// --- changes -------------------------------------------------------------------------------------

#define RULES                                                                                      \
    "{\"access\":{\"mode\":\"closed\",\"rules\":[{\"device\":{\"class\":\"03\"},\"effect\":"       \
    "\"hide\"}]}}"

static enum server_settings_change change(struct rig *r, const char *patch, struct settings *try)
{
    struct settings_errors errors = {.max = 0};
    char why[SERVER_SETTINGS_WHY_SIZE];
    enum server_settings_change result =
        server_settings_begin(&r->s, patch, strlen(patch), &errors, try);
    if (result == SERVER_SETTINGS_CHANGE_OK && !try) {
        CHECK(server_settings_keep(&r->s, why));
        server_settings_end(&r->s, true);
    }
    return result;
}

TEST(server_settings_change_is_kept)
{
    struct rig *r = rig_begin();
    open_good(r, false, true);
    CHECK_EQ(change(r, RULES, NULL), SERVER_SETTINGS_CHANGE_OK);
    CHECK_EQ(settings_access(&r->s.now).rule_count, 1);
    server_settings_close(&r->s);
    open_good(r, false, true);
    CHECK_EQ(settings_access(&r->s.now).mode, ACCESS_CLOSED);
    CHECK_EQ(settings_access(&r->s.now).rules[0].number, 3);
    CHECK_EQ(change(r, "{\"access\":null}", NULL), SERVER_SETTINGS_CHANGE_OK);
    server_settings_close(&r->s);
    open_good(r, false, true);
    CHECK_EQ(settings_access(&r->s.now).mode, ACCESS_OPEN);
    CHECK(!r->s.now.lists);
    server_settings_close(&r->s);
    rig_end(r);
}

TEST(server_settings_change_without_a_folder_holds_until_the_end)
{
    struct rig *r = rig_begin();
    open_good(r, false, false);
    CHECK_EQ(change(r, RULES, NULL), SERVER_SETTINGS_CHANGE_OK);
    CHECK_EQ(settings_access(&r->s.now).rule_count, 1);
    server_settings_close(&r->s);
    open_good(r, false, false);
    CHECK(!r->s.now.lists);
    server_settings_close(&r->s);
    rig_end(r);
}

TEST(server_settings_change_that_is_only_tried)
{
    struct rig *r = rig_begin();
    struct settings would;
    open_good(r, false, true);
    CHECK_EQ(change(r, RULES, &would), SERVER_SETTINGS_CHANGE_OK);
    CHECK_EQ(settings_access(&would).rule_count, 1);
    CHECK(!r->s.now.lists && !r->s.stored.lists);
    settings_drop(&would);
    server_settings_close(&r->s);
    open_good(r, false, true);
    CHECK(!r->s.now.lists);
    server_settings_close(&r->s);
    rig_end(r);
}

// What the administrator has set, nobody else changes; lists as well.
TEST(server_settings_fixed_keys)
{
    struct rig *r = rig_begin();
    put(r, "config.json",
        "{\"version\":2,\"host_name\":\"lab\",\"access\":{\"allow\":["
        "{\"address\":\"::1\"}]}}");
    open_good(r, true, true);
    CHECK_STR(server_settings_fixed(&r->s, 0), "host_name");
    CHECK_STR(server_settings_fixed(&r->s, 1), "access.allow");
    CHECK(!server_settings_fixed(&r->s, 2));
    CHECK_EQ(change(r, "{\"host_name\":\"b\"}", NULL), SERVER_SETTINGS_CHANGE_FIXED);
    CHECK(strstr(r->s.why, "host_name is set by /") && strstr(r->s.why, "config.json"));
    CHECK_EQ(change(r, "{\"access\":null}", NULL), SERVER_SETTINGS_CHANGE_FIXED);
    CHECK(strstr(r->s.why, "access.allow is set by "));
    CHECK_EQ(change(r, RULES, NULL), SERVER_SETTINGS_CHANGE_OK);
    CHECK_EQ(settings_access(&r->s.now).allow_count, 1);
    CHECK_EQ(settings_access(&r->s.now).rule_count, 1);
    CHECK_EQ(settings_access(&r->s.stored).allow_count, 0);
    server_settings_close(&r->s);
    rig_end(r);
}

TEST(server_settings_change_refused)
{
    struct rig *r = rig_begin();
    struct settings_error first;
    struct settings_errors errors = {.list = &first, .max = 1};
    const char *patch = "{\"access\":{\"rules\":[{}]}}";
    open_good(r, false, true);
    CHECK_EQ(server_settings_begin(&r->s, patch, strlen(patch), &errors, NULL),
             SERVER_SETTINGS_CHANGE_WRONG);
    CHECK_STR(first.pointer, "/access/rules/0/device");
    CHECK(!r->s.now.lists);
    server_settings_close(&r->s);
    rig_end(r);
}

// Until its end nothing of a change holds; and what cannot be kept never does.
TEST(server_settings_change_that_cannot_be_kept)
{
    struct rig *r = rig_begin();
    char why[SERVER_SETTINGS_WHY_SIZE], want[200];
    struct settings_errors errors = {.max = 0};
    open_good(r, false, true);
    CHECK_EQ(change(r, "{\"host_name\":\"one\"}", NULL), SERVER_SETTINGS_CHANGE_OK);
    CHECK_EQ(server_settings_begin(&r->s, RULES, strlen(RULES), &errors, NULL),
             SERVER_SETTINGS_CHANGE_OK);
    CHECK(!r->s.now.lists && !r->s.stored.lists);
    file_calls_fail(3, ENOSPC); // its write
    CHECK(!server_settings_keep(&r->s, why));
    (void)file_calls_end();
    snprintf(want, sizeof want,
             "--state-dir %s: cannot write settings.json: No space left on device", r->state);
    CHECK_STR(why, want);
    server_settings_end(&r->s, false);
    CHECK(!r->s.now.lists && !r->s.stored.lists);
    server_settings_close(&r->s);
    open_good(r, false, true);
    check_value(r, "host_name", "one");
    CHECK(!r->s.now.lists);
    CHECK_EQ(change(r, RULES, NULL), SERVER_SETTINGS_CHANGE_OK);
    server_settings_close(&r->s);
    rig_end(r);
}

// The server's end between the steps.
TEST(server_settings_change_that_never_ends)
{
    struct rig *r = rig_begin();
    struct settings_errors errors = {.max = 0};
    open_good(r, false, true);
    CHECK_EQ(server_settings_begin(&r->s, RULES, strlen(RULES), &errors, NULL),
             SERVER_SETTINGS_CHANGE_OK);
    server_settings_close(&r->s);
    open_good(r, false, true);
    CHECK(!r->s.now.lists);
    server_settings_close(&r->s);
    rig_end(r);
}

TEST(server_settings_reload_of_rules)
{
    struct rig *r = rig_begin();
    put(r, "config.json", "{\"version\":2,\"access\":{\"allow\":[{\"address\":\"::1\"}]}}");
    open_good(r, true, false);
    CHECK(server_settings_reload(&r->s, &r->log));
    check_logged(r, "settings: nothing has changed");
    put(r, "config.json", "{\"version\":2,\"access\":{\"allow\":[{\"address\":\"::2\"}]}}");
    CHECK(server_settings_reload(&r->s, &r->log));
    check_logged(r, "settings: access.allow is another list now");
    CHECK_EQ(settings_access(&r->s.now).allow[0].block.first.bytes[15], 2);
    server_settings_close(&r->s);
    rig_end(r);
}

// 1,000 rules and 1,000 addresses in 256 KiB.
TEST(server_settings_as_many_rules_as_linux_takes)
{
    enum { SIZE = 200 * 1024 };
    struct rig *r = rig_begin();
    char *json = malloc(SIZE);
    size_t n = (size_t)snprintf(json, SIZE, "{\"access\":{\"rules\":[");
    for (unsigned i = 0; i < 1000; i++)
        n += (size_t)snprintf(json + n, SIZE - n,
                              "%s{\"device\":{\"serial\":\"SN%08u\"},\"addresses\":["
                              "\"2001:db8:%x::/48\"],\"effect\":\"allow\"}",
                              i ? "," : "", i, i);
    n += (size_t)snprintf(json + n, SIZE - n, "],\"allow\":[");
    for (unsigned i = 0; i < 1000; i++)
        n += (size_t)snprintf(json + n, SIZE - n,
                              "%s{\"address\":\"10.%u.%u.0/24\",\"note\":"
                              "\"runner %u\"}",
                              i ? "," : "", i / 256, i % 256, i);
    snprintf(json + n, SIZE - n, "]}}");
    open_good(r, false, true);
    CHECK_EQ(change(r, json, NULL), SERVER_SETTINGS_CHANGE_OK);
    server_settings_close(&r->s);
    open_good(r, false, true);
    CHECK_EQ(settings_access(&r->s.now).rule_count, 1000);
    CHECK_EQ(settings_access(&r->s.now).allow_count, 1000);
    server_settings_close(&r->s);
    free(json);
    rig_end(r);
}
