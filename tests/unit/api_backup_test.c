// SPDX-License-Identifier: Apache-2.0
// Backup and restore over HTTP, between a server like Linux's and one like the chip, both of which
// keep settings and users in memory.
#include "api/api_backup.h"
#include "api/api_change.h"
#include "api/api_job.h"
#include "base/base_text.h"
#include "settings/settings_patch.h"
#include "tests/support/api_rig.h"
#include "tests/support/settings_rig.h"
#include "tests/support/users_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_SIZE = 65536, PRINT_SIZE = 32768 };
#define PASSPHRASE "long live the king"

struct side {
    struct stage stage; // first: the stage's macros see that
    struct settings_port port;
    struct settings settings, then;
    struct users_rig users;
    struct api_change change;
    struct api_context api;
    struct users_identity who;
    bool changing, fails;
    const char *fixed, *host;
    char body[BODY_SIZE], printed[PRINT_SIZE];
    struct api_response last;
};

struct pair {
    struct side *linux_side, *chip;
};

// --- a port --------------------------------------------------------------------------------------

static enum api_change_result begin_change(void *ctx, const char *patch, size_t size,
                                           struct settings_errors *errors, struct settings *try,
                                           char *why)
{
    struct side *s = ctx;
    struct settings changed = s->settings;
    (void)why;
    CHECK(try || !s->changing);
    settings_hold(&changed);
    if (settings_patch(&changed, patch, size, errors, NULL) != BASE_OK) {
        settings_drop(&changed);
        return API_CHANGE_WRONG;
    }
    *(try ? try : &s->then) = changed;
    s->changing = !try;
    return API_CHANGE_OK;
}

static bool keep_change(void *ctx, char *why)
{
    struct side *s = ctx;
    CHECK(s->changing);
    if (s->fails)
        (void)base_text_copy(why, API_CHANGE_WHY_SIZE, "the disk is full");
    return !s->fails;
}

static bool end_change(void *ctx, bool kept, char *why)
{
    struct side *s = ctx;
    (void)why;
    CHECK(s->changing);
    s->changing = false;
    settings_drop(kept ? &s->settings : &s->then);
    if (kept)
        s->settings = s->then;
    return kept;
}

static const char *fixed(void *ctx, unsigned i)
{
    const struct side *s = ctx;
    return i == 0 ? s->fixed : NULL;
}

static void facts(void *ctx, struct api_port_facts *f)
{
    const struct side *s = ctx;
    f->port = s->port.has_buses ? "esp32p4" : "linux";
    (void)base_text_copy(f->name, sizeof f->name, s->settings.host_name);
}

static struct side *side_new(bool is_chip)
{
    const struct stage_options options = {0};
    struct side *s = calloc(1, sizeof *s);
    CHECK(s && stage_open(&s->stage, &options));
    s->port = settings_rig_port;
    s->port.has_users = true;
    if (!is_chip) {
        s->port.has_network = s->port.has_buses = false;
        s->port.max_rules = s->port.max_addresses = 1000;
        s->port.max_bytes = 262144;
        s->port.limits.max_urb_kib = s->port.max_limits.max_urb_kib = 32768;
        s->port.min_limits.max_urb_kib = 1024;
        s->port.max_limits.max_connections = 4096;
    }
    settings_default(&s->settings, &s->port);
    users_rig_begin(&s->users);
    s->change = (struct api_change){begin_change, keep_change, end_change, fixed, s, NULL};
    s->api = api_rig_context(&s->stage);
    s->api.settings = &s->settings;
    s->api.change = &s->change;
    s->api.users = &s->users.users;
    s->api.writers = API_WRITERS_ALL;
    s->api.port_facts = facts;
    s->api.port_ctx = s;
    return s;
}

static void side_free(struct side *s)
{
    CHECK(!s->changing);
    api_response_free(&s->last);
    settings_drop(&s->settings);
    stage_close(&s->stage);
    free(s);
}

static void begin(struct pair *p)
{
    p->linux_side = side_new(false);
    p->chip = side_new(true);
}

static void end(struct pair *p)
{
    side_free(p->linux_side);
    side_free(p->chip);
}

#define BACKUP_TEST(id) TEST_WITH(id, struct pair, p, begin(p), end(p))

// --- questions -----------------------------------------------------------------------------------

static const char *header(void *ctx, const char *name)
{
    const struct side *s = ctx;
    if (strcmp(name, "Host") == 0)
        return s->host;
    return strcmp(name, "Cookie") == 0 && s->printed[0] == 'u' ? s->printed : NULL;
}

static int ask_bytes(struct side *s, const char *method, const char *target, const char *body,
                     size_t size)
{
    struct base_address peer = {.bytes = {127, 0, 0, 1}, .bits = 32};
    const char *query = strchr(target, '?');
    char path[64];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(target, "?"), target);
    const struct api_request request = {
        .method = method,
        .path = path,
        .query = query ? query + 1 : "",
        .header = header,
        .header_ctx = s,
        .peer = &peer,
        .body = body,
        .body_size = size,
    };
    api_response_free(&s->last);
    s->last = api_rig_finish(&s->api, api_handle(&s->api, &request));
    return s->last.status;
}

static int ask(struct side *s, const char *method, const char *target, const char *body)
{
    return ask_bytes(s, method, target, body, body ? strlen(body) : 0);
}

static bool says(const struct side *s, const char *text)
{
    if (strstr(s->last.body, text))
        return true;
    printf("%s\n", s->last.body);
    return false;
}

static void set(struct side *s, const char *patch)
{
    struct settings_error list[4];
    struct settings_errors errors = {.list = list, .max = 4};
    CHECK_EQ(settings_patch(&s->settings, patch, strlen(patch), &errors, NULL), BASE_OK);
}

// With the passphrase, if there is one. The backup is in `body`, as the body that restores it.
static void back_up(struct side *s, const char *passphrase)
{
    char secret[200];
    snprintf(secret, sizeof secret, "{\"passphrase\":\"%s\"}", passphrase ? passphrase : "");
    CHECK_EQ(ask(s, passphrase ? "POST" : "GET", "/api/v1/backup", passphrase ? secret : NULL),
             200);
    snprintf(s->body, sizeof s->body, "{\"backup\":%s%s%s%s}", s->last.body,
             passphrase ? ",\"passphrase\":\"" : "", passphrase ? passphrase : "",
             passphrase ? "\"" : "");
}

static int restore(struct side *to, const char *body)
{
    return ask(to, "POST", "/api/v1/restore", body);
}

// All that it has: settings and users.
static const char *state(struct side *s, char text[PRINT_SIZE])
{
    size_t n = settings_print(&s->settings, SETTINGS_ALL, text, PRINT_SIZE);
    users_print(&s->users.users.document, text + n, PRINT_SIZE - n);
    return text;
}

static char before[PRINT_SIZE], after[PRINT_SIZE]; // NOLINT: too large for the stack

#define UNCHANGED(s, statement)                                                                    \
    do {                                                                                           \
        state(s, before);                                                                          \
        statement;                                                                                 \
        CHECK_STR(state(s, after), before);                                                        \
    } while (0)

// The body, with `from` replaced once.
static const char *with(struct side *s, const char *from, const char *to)
{
    static char text[BODY_SIZE]; // NOLINT: as above
    const char *at = strstr(s->body, from);
    CHECK(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - s->body), s->body, to, at + strlen(from));
    return text;
}

// --- the document --------------------------------------------------------------------------------

BACKUP_TEST(api_backup_is_what_differs_without_secrets)
{
    struct side *s = p->linux_side;
    users_rig_add(&s->users, "admin", USERS_ADMIN, "password");
    s->users.users.document.user_count = 0; // so that this machine may ask
    set(s, "{\"host_name\":\"bench\",\"access\":{\"mode\":\"closed\"}}");
    CHECK_EQ(ask(s, "GET", "/api/v1/backup", NULL), 200);
    CHECK_STR(s->last.disposition, "attachment; filename=\"usbip-backup.json\"");
    CHECK(says(s, "{\"format\":\"usbip-backup\",\"version\":1,\"board\":\"linux\","
                  "\"program_version\":\""));
    CHECK(says(s, "\"made_at\":null,\"host_name\":\"bench\",\"settings\":{\"version\":2,"
                  "\"host_name\":\"bench\",\"access\":{\"mode\":\"closed\"}}}"));
    CHECK_EQ(stage_count_events(&s->stage, EVENT_BACKUP_MADE), 1);
}

BACKUP_TEST(api_backup_with_secrets_is_sealed)
{
    struct side *s = p->linux_side;
    CHECK_EQ(ask(s, "POST", "/api/v1/backup", "{\"passphrase\":\"short\"}"), 422);
    CHECK_EQ(ask(s, "POST", "/api/v1/backup", "{}"), 422);
    CHECK_EQ(ask(s, "POST", "/api/v1/backup", "[]"), 400);
    back_up(s, PASSPHRASE);
    CHECK(says(s, "\"secrets\":{\"kdf\":\"pbkdf2-sha256\",\"iterations\":1000,\"salt\":\""));
    CHECK(says(s, "\"cipher\":\"aes-256-gcm\",\"nonce\":\""));
    CHECK(!strstr(s->last.body, "\"users\""));
    s->users.broken = true;
    CHECK_EQ(ask(s, "POST", "/api/v1/backup", "{\"passphrase\":\"" PASSPHRASE "\"}"), 503);
    s->users.broken = false;
    s->users.crypto.seal = NULL;
    CHECK_EQ(ask(s, "POST", "/api/v1/backup", "{\"passphrase\":\"" PASSPHRASE "\"}"), 501);
}

// --- settings ------------------------------------------------------------------------------------

BACKUP_TEST(api_restore_tells_differences_first)
{
    struct side *s = p->linux_side;
    set(s, "{\"host_name\":\"bench\",\"limits\":{\"silent_s\":60},\"access\":{\"mode\":\"closed\","
           "\"allow\":[{\"address\":\"10.0.0.0/28\",\"note\":\"CI\"}]}}");
    back_up(s, NULL);
    CHECK_EQ(ask(s, "POST", "/api/v1/restore?dry_run=1", s->body), 200);
    CHECK_STR(s->last.body,
              "{\"differences\":[],\"secrets\":null,\"restart\":false,\"ignored\":[]}");
    set(s, "{\"limits\":{\"silent_s\":null,\"max_urbs\":100},\"access\":null,"
           "\"devices\":[{\"serial\":\"7\",\"alias\":\"probe\"}]}");
    UNCHANGED(s, CHECK_EQ(ask(s, "POST", "/api/v1/restore?dry_run=1", s->body), 200));
    CHECK_STR(s->last.body,
              "{\"differences\":["
              "{\"pointer\":\"/limits/max_urbs\",\"from\":100,\"to\":64},"
              "{\"pointer\":\"/limits/silent_s\",\"from\":14400,\"to\":60},"
              "{\"pointer\":\"/access/mode\",\"from\":\"open\",\"to\":\"closed\"},"
              "{\"pointer\":\"/access/allow\",\"from\":[],"
              "\"to\":[{\"address\":\"10.0.0.0/28\",\"note\":\"CI\"}]},"
              "{\"pointer\":\"/devices\",\"from\":[{\"serial\":\"7\",\"alias\":\"probe\"}],"
              "\"to\":[]}],\"secrets\":null,\"restart\":false,\"ignored\":[]}");
    CHECK_EQ(restore(s, s->body), 200);
    CHECK(says(s, "/limits/max_urbs"));
    CHECK_EQ(restore(s, s->body), 200);
    CHECK(says(s, "{\"differences\":[],"));
    CHECK_EQ(s->settings.limits.silent_s, 60);
    CHECK_EQ(stage_count_events(&s->stage, EVENT_RESTORED), 2);
    CHECK_EQ(ask(s, "POST", "/api/v1/restore?wet_run=1", s->body), 400);
}

BACKUP_TEST(api_restore_on_another_kind_of_server_leaves_out_what_that_has_not)
{
    struct side *chip = p->chip, *s = p->linux_side;
    set(chip, "{\"host_name\":\"bench\",\"network\":{\"addressing\":\"static\",\"address\":"
              "\"192.168.1.50\",\"netmask\":\"255.255.255.0\"},\"usb\":{\"bus1_speed\":\"full\"}}");
    back_up(chip, NULL);
    CHECK_EQ(restore(s, chip->body), 200);
    CHECK(says(s, "{\"pointer\":\"/host_name\",\"from\":\"usbip-test\",\"to\":\"bench\"}"));
    CHECK(says(s, "\"restart\":false,\"ignored\":[{\"pointer\":\"/network/addressing\",\"detail\":"
                  "\"This kind of server does not have it.\"}"));
    CHECK(says(s, "{\"pointer\":\"/usb/bus1_speed\","));
    CHECK_STR(s->settings.host_name, "bench");
    set(s, "{\"host_name\":\"rack\",\"limits\":{\"max_urb_kib\":4096}}");
    back_up(s, NULL);
    CHECK_EQ(restore(chip, s->body), 200);
    CHECK(says(chip, "{\"pointer\":\"/usb/bus1_speed\",\"from\":\"full\",\"to\":\"high\"}"));
    CHECK(says(chip, "\"restart\":true,\"ignored\":[{\"pointer\":\"/limits/max_urb_kib\","));
    CHECK_STR(chip->settings.host_name, "rack");
    CHECK_EQ(chip->settings.network.addressing, SETTINGS_DHCP);
}

BACKUP_TEST(api_restore_leaves_what_a_file_decides)
{
    struct side *s = p->linux_side;
    set(s, "{\"access\":{\"mode\":\"closed\"},\"host_name\":\"bench\"}");
    back_up(s, NULL);
    set(s, "{\"access\":{\"mode\":\"open\"},\"host_name\":\"rack\"}");
    s->fixed = "access.mode";
    CHECK_EQ(restore(s, s->body), 200);
    CHECK(says(s, "\"ignored\":[{\"pointer\":\"/access/mode\",\"detail\":\"The administrator's "));
    CHECK(s->settings.access_mode == ACCESS_OPEN && strcmp(s->settings.host_name, "bench") == 0);
    set(s, "{\"access\":{\"mode\":\"closed\"}}"); // nor is it set back to its default
    CHECK_EQ(restore(s, with(s, "\"access\":{\"mode\":\"closed\"}", "\"access\":null")), 200);
    CHECK_EQ(s->settings.access_mode, ACCESS_CLOSED);
    CHECK_EQ(restore(s, with(s, "\"host_name\":\"bench\",\"access\"",
                             "\"toaster\":{\"hot\":1},\"a\":"
                             "3,\"access\"")),
             200);
    CHECK(says(s, "{\"pointer\":\"/toaster/hot\",\"detail\":\"This program does not know it.\"}"));
    CHECK_STR(s->settings.host_name, "usbip-test");
}

BACKUP_TEST(api_restore_names_the_limit_that_is_in_the_way)
{
    struct side *s = p->linux_side, *chip = p->chip;
    size_t n = (size_t)snprintf(s->body, sizeof s->body,
                                "{\"backup\":{\"format\":\"usbip-backup\",\"version\":1,"
                                "\"settings\":{\"version\":2,\"access\":{\"rules\":[");
    for (unsigned i = 0; i < 65; i++)
        n += (size_t)snprintf(s->body + n, sizeof s->body - n,
                              "%s{\"device\":{\"alias\":\"a%u\"},\"effect\":\"hide\"}",
                              i ? "," : "", i);
    snprintf(s->body + n, sizeof s->body - n, "]}}}}");
    UNCHANGED(chip, CHECK_EQ(restore(chip, s->body), 422));
    CHECK(says(chip, "\"pointer\":\"/access/rules\",\"detail\":\"At most 64"));
    CHECK_EQ(restore(s, s->body), 200);
    set(s, "{\"access\":null,\"limits\":{\"max_connections\":400}}");
    back_up(s, NULL);
    UNCHANGED(chip, CHECK_EQ(restore(chip, s->body), 422));
    CHECK(says(chip, "/limits/max_connections"));
    CHECK(says(chip, "32"));
    n = (size_t)snprintf(s->body, sizeof s->body,
                         "{\"backup\":{\"format\":\"usbip-backup\",\"version\":1,"
                         "\"settings\":{\"version\":2,\"host_name\":\"");
    memset(s->body + n, 'a', 20000);
    snprintf(s->body + n + 20000, sizeof s->body - n - 20000, "\"}}}");
    UNCHANGED(chip, CHECK_EQ(restore(chip, s->body), 422));
    CHECK(says(chip, "longer than 16384 bytes"));
}

BACKUP_TEST(api_restore_of_an_older_version)
{
    struct side *s = p->chip;
    set(s, "{\"host_name\":\"bench\"}");
    back_up(s, NULL);
    set(s, "{\"host_name\":\"rack\"}");
    CHECK_EQ(restore(s, with(s, "\"version\":2", "\"version\":1")), 200);
    CHECK_STR(s->settings.host_name, "bench");
}

BACKUP_TEST(api_restore_of_versions_and_forms_that_it_does_not_know)
{
    struct side *s = p->chip;
    back_up(s, NULL);
    UNCHANGED(s, CHECK_EQ(restore(s, with(s, "\"version\":2", "\"version\":3")), 422));
    CHECK(says(s, "\"pointer\":\"/backup/settings/version\""));
    CHECK(says(s, "a newer program has written it"));
    UNCHANGED(s, CHECK_EQ(restore(s, with(s, "\"version\":1", "\"version\":2")), 422));
    CHECK(says(s, "\"pointer\":\"/backup/version\""));
    UNCHANGED(s, CHECK_EQ(restore(s, with(s, "usbip-backup", "usbip")), 422));
    CHECK(says(s, "\"pointer\":\"/backup/format\""));
    UNCHANGED(s, CHECK_EQ(restore(s, with(s, "\"settings\":", "\"s\":")), 422));
    CHECK(says(s, "\"pointer\":\"/backup/settings\""));
    UNCHANGED(s, CHECK_EQ(restore(s, "{\"backup\":7}"), 422));
    UNCHANGED(s, CHECK_EQ(restore(s, with(s, "{\"backup\"", "{\"x\":1,\"backup\"")), 422));
}

// --- secrets -------------------------------------------------------------------------------------

// A claimed server with a backup of it, and that of a new one that it goes to.
static void claim(struct side *s, char token[USERS_TOKEN_SIZE])
{
    users_rig_add(&s->users, "admin", USERS_ADMIN, "password");
    users_rig_add(&s->users, "anna", USERS_OPERATE, "anna's own");
    users_rig_token(&s->users, "ci", USERS_VIEW, token);
}

// As a user who is logged in.
static uint32_t log_in(struct side *s, const char *user)
{
    char secret[USERS_SECRET_SIZE];
    users_rig_login(&s->users, user, s->stage.now_us, secret);
    snprintf(s->printed, sizeof s->printed, "usbip_session=%s", secret);
    return s->users.users.sessions.last_id;
}

static bool is_logged_in(const struct side *s, uint32_t session)
{
    return users_session_find(&s->users.users.sessions, session, s->stage.now_us) != NULL;
}

BACKUP_TEST(api_restore_moves_users_to_another_box)
{
    struct side *s = p->linux_side, *chip = p->chip;
    struct users_identity who;
    char token[USERS_TOKEN_SIZE];
    claim(s, token);
    (void)log_in(s, "admin");
    back_up(s, PASSPHRASE);
    CHECK_EQ(ask(chip, "POST", "/api/v1/restore?dry_run=1", s->body), 200);
    CHECK(says(chip, "\"secrets\":{\"users\":[\"admin\",\"anna\"],\"tokens\":[\"ci\"]}"));
    CHECK(!users_claimed(&chip->users.users));
    CHECK_EQ(restore(chip, s->body), 200);
    CHECK(users_equal(&chip->users.users.document, &s->users.users.document));
    CHECK(users_by_token(&chip->users.users, token, &who));
    CHECK(strstr(chip->users.copy[0], "\"name\":\"anna\""));
    (void)log_in(chip, "admin");
    back_up(chip, PASSPHRASE); // and back
    CHECK_EQ(restore(s, chip->body), 200);
    CHECK(says(s, "\"secrets\":{\"users\":[],\"tokens\":[]}"));
}

BACKUP_TEST(api_restore_without_or_with_another_passphrase)
{
    struct side *s = p->linux_side, *chip = p->chip;
    char token[USERS_TOKEN_SIZE];
    claim(s, token);
    (void)log_in(s, "admin");
    set(s, "{\"host_name\":\"bench\"}");
    back_up(s, PASSPHRASE);
    UNCHANGED(chip, CHECK_EQ(restore(chip, with(s, "long live", "long dead")), 403));
    CHECK_EQ(restore(chip, with(s, ",\"passphrase\":\"" PASSPHRASE "\"", "")), 200);
    CHECK(says(chip, "\"secrets\":null,\"restart\":false,\"ignored\":[{\"pointer\":\"/secrets\","));
    CHECK(!users_claimed(&chip->users.users) && !strcmp(chip->settings.host_name, "bench"));
    back_up(chip, NULL);
    snprintf(s->body, sizeof s->body, "%s", with(chip, "}}}", "}},\"passphrase\":\"12345678\"}"));
    UNCHANGED(chip, CHECK_EQ(restore(chip, s->body), 422));
    CHECK(says(chip, "\"/passphrase\""));
}

BACKUP_TEST(api_restore_of_secrets_that_are_sealed_otherwise)
{
    struct side *s = p->linux_side, *chip = p->chip;
    char token[USERS_TOKEN_SIZE];
    claim(s, token);
    (void)log_in(s, "admin");
    back_up(s, PASSPHRASE);
    UNCHANGED(chip, CHECK_EQ(restore(chip, with(s, "aes-256-gcm", "rot13")), 422));
    CHECK(says(chip, "\"/backup/secrets/cipher\""));
    UNCHANGED(chip, CHECK_EQ(restore(chip, with(s, "pbkdf2-sha256", "crypt")), 422));
    UNCHANGED(chip,
              CHECK_EQ(restore(chip, with(s, "\"iterations\":1000", "\"iterations\":2e9")), 422));
    UNCHANGED(chip, CHECK_EQ(restore(chip, with(s, "\"data\":\"", "\"data\":\"AA")), 422));
    UNCHANGED(chip, CHECK_EQ(restore(chip, with(s, "\"data\":\"", "\"data\":\"AAAA")), 403));
    chip->users.crypto.open = NULL;
    UNCHANGED(chip, CHECK_EQ(restore(chip, s->body), 501));
}

// Who is no more what he was is out; who asks stays.
BACKUP_TEST(api_restore_ends_the_sessions_of_users_that_change)
{
    struct side *s = p->linux_side;
    char token[USERS_TOKEN_SIZE], late[USERS_TOKEN_SIZE];
    struct users_identity who;
    claim(s, token);
    users_rig_add(&s->users, "berta", USERS_VIEW, "berta's own");
    (void)log_in(s, "admin");
    back_up(s, PASSPHRASE);
    users_rig_add(&s->users, "anna", USERS_ADMIN, "anna's own");
    users_rig_add(&s->users, "admin", USERS_ADMIN, "another password");
    users_rig_token(&s->users, "late", USERS_VIEW, late);
    uint32_t anna = log_in(s, "anna"), berta = log_in(s, "berta"), other = log_in(s, "admin");
    uint32_t mine = log_in(s, "admin");
    CHECK(users_by_token(&s->users.users, late, &who));
    const struct api_stream lines = {.kind = API_STREAM_EVENTS, .who = who};
    CHECK_EQ(restore(s, s->body), 200);
    CHECK(says(s, "\"secrets\":{\"users\":[\"admin\",\"anna\"],\"tokens\":[\"late\"]}"));
    CHECK(!is_logged_in(s, anna) && !is_logged_in(s, other));
    CHECK(is_logged_in(s, berta) && is_logged_in(s, mine));
    CHECK(!users_by_token(&s->users.users, late, &who));
    struct api_context now = s->api;
    now.now_us = s->stage.now_us;
    CHECK(!api_stream_may_go_on(&now, &lines));
}

BACKUP_TEST(api_restore_locks_nobody_out_who_asks)
{
    struct side *s = p->linux_side, *chip = p->chip;
    char token[USERS_TOKEN_SIZE];
    back_up(chip, PASSPHRASE); // of a box without users
    claim(s, token);
    users_rig_add(&s->users, "berta", USERS_ADMIN, "berta's own");
    (void)log_in(s, "admin");
    UNCHANGED(s, CHECK_EQ(restore(s, chip->body), 409));
    CHECK(says(s, "no admin in this backup"));
    back_up(s, PASSPHRASE);
    users_rig_add(&s->users, "carla", USERS_ADMIN, "carla's own");
    (void)log_in(s, "carla");
    UNCHANGED(s, CHECK_EQ(restore(s, s->body), 409));
    CHECK(says(s, "\"You would be locked out\""));
    UNCHANGED(s, CHECK_EQ(ask(s, "POST", "/api/v1/restore?dry_run=1", s->body), 409));
    (void)log_in(s, "berta");
    CHECK_EQ(restore(s, s->body), 200);
}

BACKUP_TEST(api_restore_keeps_the_name_by_which_it_is_asked)
{
    struct side *s = p->chip;
    s->api.host_name = s->settings.host_name; // as the chip has it
    s->host = "box.example.org:8080";
    set(s, "{\"http\":{\"allowed_hosts\":[\"box.example.org\"]}}");
    back_up(s, NULL);
    set(s, "{\"host_name\":\"rack\"}");
    UNCHANGED(s, CHECK_EQ(restore(s, with(s, "box.example.org", "other.example.org")), 409));
    CHECK(says(s, "\"You would be locked out\""));
    s->host = "rack";
    UNCHANGED(s, CHECK_EQ(restore(s, s->body), 409));
    s->host = "192.168.1.50";
    CHECK_EQ(restore(s, s->body), 200);
}

// --- all or nothing ------------------------------------------------------------------------------

BACKUP_TEST(api_restore_is_all_or_nothing)
{
    struct side *s = p->linux_side, *chip = p->chip;
    char token[USERS_TOKEN_SIZE];
    claim(s, token);
    (void)log_in(s, "admin");
    set(s, "{\"host_name\":\"bench\"}");
    back_up(s, PASSPHRASE);
    chip->fails = true; // the settings, behind the users
    UNCHANGED(chip, CHECK_EQ(restore(chip, s->body), 503));
    CHECK(says(chip, "the disk is full. Nothing has changed."));
    CHECK(!strstr(chip->users.copy[0], "anna"));
    chip->fails = false;
    chip->users.writes = SETTINGS_STORE_FAILED;
    UNCHANGED(chip, CHECK_EQ(restore(chip, s->body), 503));
    CHECK(says(chip, "the flash is full. Nothing has changed."));
    chip->users.writes = SETTINGS_STORE_OK;
    strcpy(chip->users.copy[0], s->users.copy[0]); // another program was faster
    CHECK_EQ(restore(chip, s->body), 409);
    CHECK_STR(chip->settings.host_name, "usbip-test");
    CHECK(users_claimed(&chip->users.users)); // by what that has written
    CHECK_EQ(stage_count_events(&chip->stage, EVENT_RESTORED), 0);
}

// Whatever it is that comes, it is refused as a whole, or is a backup.
static void throw_at(struct side *s, const char *body, size_t size)
{
    state(s, before);
    int status = ask_bytes(s, "POST", "/api/v1/restore", body, size);
    CHECK(status == 200 || status == 400 || status == 403 || status == 409 || status == 422);
    if (status != 200)
        CHECK_STR(state(s, after), before);
}

BACKUP_TEST(api_restore_of_what_is_cut_off_or_damaged)
{
    struct side *s = p->linux_side, *chip = p->chip;
    char token[USERS_TOKEN_SIZE];
    uint32_t random = 4711;
    claim(s, token);
    (void)log_in(s, "admin");
    set(s, "{\"host_name\":\"bench\",\"access\":{\"rules\":[{\"device\":{\"alias\":\"a\"},"
           "\"addresses\":[\"10.0.0.7\"],\"effect\":\"hide\"}]}}");
    back_up(s, PASSPHRASE);
    size_t size = strlen(s->body);
    for (size_t n = 0; n < size; n++) {
        char *cut = malloc(n + 1); // so that one byte too far is found
        memcpy(cut, s->body, n);
        throw_at(chip, cut, n);
        CHECK(chip->last.status == 400);
        free(cut);
    }
    CHECK_STR(chip->settings.host_name, "usbip-test");
    for (unsigned i = 0; i < 4000; i++) {
        random = random * 1664525 + 1013904223;
        size_t at = (random >> 8) % size;
        char was = s->body[at];
        s->body[at] = (char)(random >> 24);
        throw_at(chip, s->body, size);
        s->body[at] = was;
        if (users_claimed(&chip->users.users)) { // it was one: begin anew
            memset(&chip->users.users.document, 0, sizeof chip->users.users.document);
            chip->users.copy[0][0] = '\0';
        }
    }
}
