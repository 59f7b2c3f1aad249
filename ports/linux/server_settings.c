// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/server_settings.h"

#include "base/base_text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KIB = 1024, MIB_KIB = 1024, GIB_KIB = 1024 * 1024, SECOND_US = 1000000, WEEK_S = 604800 };

// --- what this port brings -----------------------------------------------------------------------

// The first label of the machine's name, if it is one.
static void take_host_name(char name[SETTINGS_HOST_NAME_SIZE])
{
    char whole[256] = "";
    (void)gethostname(whole, sizeof whole - 1);
    whole[strcspn(whole, ".")] = '\0';
    (void)base_text_copy(name, SETTINGS_HOST_NAME_SIZE, whole);
}

// What Windows sends at super speed.
enum { LONGEST_URB_KIB = 32 * MIB_KIB };

static void describe_port(struct server_settings *s, enum access_export policy)
{
    struct server_config c;
    server_config_default(&c);
    s->port = (struct settings_port){
        .host_name = s->host_name,
        .sntp_server = "",
        .export_policy = policy,
        .limits =
            {
                .max_connections = c.max_connections,
                .max_devices = c.max_devices,
                .max_urbs = c.session.max_urbs,
                .session_budget_kib = (uint32_t)(c.session.budget_bytes / KIB),
                .total_budget_kib = (uint32_t)(c.total_budget_bytes / KIB),
                .silent_s = (uint32_t)(c.session.silent_us / SECOND_US),
                .max_urb_kib = LONGEST_URB_KIB,
            },
        .max_rules = 1000,
        .max_addresses = 1000,
        .max_namings = 1024, // as devices
        .max_bytes = STORE_FILE_MAX_BYTES,
        .has_users = true,
        .min_limits = {1, 1, 64, MIB_KIB, MIB_KIB, 10, MIB_KIB},
        .max_limits = {4096, 1024, 65536, GIB_KIB, 16 * GIB_KIB, WEEK_S, LONGEST_URB_KIB},
    };
}

static void set_defaults(struct server_settings *s, enum access_export policy)
{
    char why[SETTINGS_WHY_SIZE];
    take_host_name(s->host_name);
    describe_port(s, policy);
    settings_default(&s->stored, &s->port);
    if (settings_check(&s->stored, why) != BASE_OK) { // this machine's name is no label
        strcpy(s->host_name, "usbip-server");
        settings_default(&s->stored, &s->port);
    }
}

void server_settings_limits(const struct settings *s, struct server_config *config)
{
    config->max_connections = s->limits.max_connections;
    config->max_devices = s->limits.max_devices;
    config->session.max_urbs = s->limits.max_urbs;
    config->session.budget_bytes = (uint64_t)s->limits.session_budget_kib * KIB;
    config->total_budget_bytes = (uint64_t)s->limits.total_budget_kib * KIB;
    config->session.silent_us = (uint64_t)s->limits.silent_s * SECOND_US;
    config->session.max_urb_bytes = s->limits.max_urb_kib * KIB;
    config->never_take_over = s->take_over == SETTINGS_NEVER;
}

bool server_settings_fit(struct server_config *config, uint64_t kernel_bytes)
{
    uint64_t room = kernel_bytes - kernel_bytes / 16, least = session_reserve(&config->session);
    if (room >= config->total_budget_bytes)
        return false;
    config->total_budget_bytes = room > least ? room : least;
    if (config->session.budget_bytes > config->total_budget_bytes)
        config->session.budget_bytes = config->total_budget_bytes;
    return true;
}

const char *server_settings_name(const struct server_settings *s)
{
    return strcmp(s->now.host_name, s->host_name) == 0 ? NULL : s->now.host_name;
}

unsigned server_settings_most_connections(const struct server_settings *s)
{
    return s->port.max_limits.max_connections;
}

// --- the state folder ----------------------------------------------------------------------------

static bool refuse_folder(struct server_settings *s, const char *why, const char *advice)
{
    snprintf(s->why, sizeof s->why, "--state-dir %.200s: %s%s", s->state_folder, why, advice);
    return false;
}

static bool load(struct server_settings *s, const struct log *log)
{
    struct settings_store *st = &s->store.store;
    switch (settings_store_load(st, &s->stored)) {
    case SETTINGS_STORE_OK:
    case SETTINGS_STORE_NONE:
        return true;
    case SETTINGS_STORE_OLDER:
        log_message(log, EVENTLOG_WARNING, "settings in %.200s: %s", s->state_folder, st->why);
        return true;
    case SETTINGS_STORE_DAMAGED: // limits that somebody has set do not go away in silence
        return refuse_folder(s, st->why,
                             "; to begin anew, remove settings.json and settings.json.old there");
    default:
        return refuse_folder(s, st->why, "");
    }
}

static bool open_folder(struct server_settings *s, const struct log *log)
{
    char why[SETTINGS_WHY_SIZE];
    if (!store_file_open(&s->store, s->state_folder, why))
        return refuse_folder(s, why, "");
    if (load(s, log))
        return true;
    store_file_close(&s->store);
    return false;
}

// --- the administrator's document ----------------------------------------------------------------

static bool refuse_config(struct server_settings *s, const char *why)
{
    snprintf(s->why, sizeof s->why, "--config %.200s: %s", s->config_file, why);
    return false;
}

// Lays it over *now. False: `why`.
static bool read_config(struct server_settings *s, struct settings *now, struct settings_keys *set)
{
    char why[SETTINGS_WHY_SIZE] = "no memory to read it";
    char *text = malloc(STORE_FILE_MAX_BYTES + 1);
    struct settings_error first = {.pointer = ""};
    struct settings_errors errors = {.list = &first, .max = 1};
    size_t size;
    enum base_err err = BASE_ERR_IO;
    if (text && store_file_read(s->config_file, text, &size, why) == SETTINGS_STORE_OK)
        err = settings_parse_all(now, text, size, &errors, set);
    if (errors.count)
        settings_error_text(&first, why);
    free(text);
    return err == BASE_OK || refuse_config(s, why);
}

// What holds with these in the folder: to be dropped. False: `why`.
static bool lay(struct server_settings *s, const struct settings *stored, struct settings *now,
                struct settings_keys *fixed)
{
    *now = *stored;
    *fixed = (struct settings_keys){.bits = 0};
    settings_hold(now);
    if (!s->config_file || read_config(s, now, fixed))
        return true;
    settings_drop(now);
    return false;
}

static void put(struct server_settings *s, const struct settings *now, struct settings_keys fixed)
{
    settings_drop(&s->now);
    s->now = *now;
    s->fixed = fixed;
}

// False: `why`, and all stays as it was.
static bool put_together(struct server_settings *s)
{
    struct settings now;
    struct settings_keys fixed;
    if (!lay(s, &s->stored, &now, &fixed))
        return false;
    put(s, &now, fixed);
    return true;
}

enum server_settings_result server_settings_open(struct server_settings *s, const char *config_file,
                                                 const char *state_folder,
                                                 enum access_export policy, const struct log *log)
{
    s->config_file = config_file;
    s->state_folder = state_folder;
    set_defaults(s, policy);
    if (state_folder && !open_folder(s, log))
        return SERVER_SETTINGS_FAILED;
    if (put_together(s))
        return SERVER_SETTINGS_OK;
    server_settings_close(s);
    return SERVER_SETTINGS_WRONG;
}

void server_settings_close(struct server_settings *s)
{
    if (s->changing)
        server_settings_end(s, false);
    if (s->state_folder)
        store_file_close(&s->store);
    settings_drop(&s->stored);
    settings_drop(&s->now);
}

// What is not true at once for all.
static const char *remark(const char *key)
{
    return strcmp(key, "limits.max_urbs") == 0 ? " (for devices that are attached from now on)"
                                               : "";
}

static void log_changes(const struct settings *old, const struct settings *now,
                        const struct log *log)
{
    char was[SETTINGS_VALUE_SIZE], is[SETTINGS_VALUE_SIZE];
    const char *key;
    unsigned changes = 0;
    for (unsigned i = 0; (key = settings_key(now->port, i)); i++) {
        (void)settings_get(old, key, was);
        (void)settings_get(now, key, is);
        if (strcmp(was, is) == 0)
            continue;
        changes++;
        log_message(log, EVENTLOG_INFO, "settings: %s is %s now, was %s%s", key, is, was,
                    remark(key));
    }
    for (unsigned i = 0; (key = settings_list_changed(old, now, i)); i++) {
        changes += key[0] != '\0';
        if (key[0])
            log_message(log, EVENTLOG_INFO, "settings: %s is another list now", key);
    }
    if (changes == 0)
        log_message(log, EVENTLOG_INFO, "settings: nothing has changed");
}

bool server_settings_reload(struct server_settings *s, const struct log *log)
{
    struct settings old = s->now;
    if (!s->config_file) {
        log_message(log, EVENTLOG_INFO, "SIGHUP: there is no --config file to read again");
        return false;
    }
    settings_hold(&old);
    bool read = put_together(s);
    if (read) {
        log_message(log, EVENTLOG_INFO, "SIGHUP: %s is read again", s->config_file);
        log_changes(&old, &s->now, log);
    } else {
        log_message(log, EVENTLOG_WARNING, "SIGHUP: %s; everything stays as it was", s->why);
    }
    settings_drop(&old);
    return read;
}

// --- what somebody wants changed -----------------------------------------------------------------

const char *server_settings_fixed(const struct server_settings *s, unsigned i)
{
    const char *key;
    for (unsigned k = 0; (key = settings_document_key(k)); k++)
        if (s->fixed.bits >> k & 1 && i-- == 0)
            return key;
    return NULL;
}

static bool is_fixed(const struct server_settings *s, struct settings_keys set, const char **key)
{
    for (unsigned i = 0; (*key = settings_document_key(i)); i++)
        if (s->fixed.bits & set.bits & UINT64_C(1) << i)
            return true;
    return false;
}

static enum server_settings_change take_patch(struct server_settings *s, struct settings *changed,
                                              const char *patch, size_t size,
                                              struct settings_errors *errors)
{
    struct settings_keys set = {.bits = 0};
    const char *key;
    enum base_err err = settings_patch(changed, patch, size, errors, &set);
    if (is_fixed(s, set, &key)) {
        snprintf(s->why, sizeof s->why, "%s is set by %.300s", key, s->config_file);
        return SERVER_SETTINGS_CHANGE_FIXED;
    }
    if (err == BASE_ERR_NOMEM) {
        snprintf(s->why, sizeof s->why, "no memory for the change");
        return SERVER_SETTINGS_CHANGE_FAILED;
    }
    return err == BASE_OK ? SERVER_SETTINGS_CHANGE_OK : SERVER_SETTINGS_CHANGE_WRONG;
}

enum server_settings_change server_settings_begin(struct server_settings *s, const char *patch,
                                                  size_t size, struct settings_errors *errors,
                                                  struct settings *try)
{
    struct settings changed = s->stored, now;
    struct settings_keys fixed;
    assert(!s->changing || try);
    settings_hold(&changed);
    enum server_settings_change answer = take_patch(s, &changed, patch, size, errors);
    if (answer == SERVER_SETTINGS_CHANGE_OK && !lay(s, &changed, &now, &fixed)) {
        (void)settings_error_add(errors, NULL, s->why);
        answer = SERVER_SETTINGS_CHANGE_WRONG;
    }
    if (answer == SERVER_SETTINGS_CHANGE_OK && !try) {
        s->changing = true;
        s->stored_then = changed;
        s->then = now;
        s->fixed_then = fixed;
        return answer;
    }
    if (answer == SERVER_SETTINGS_CHANGE_OK)
        *try = now;
    settings_drop(&changed);
    return answer;
}

bool server_settings_keep(struct server_settings *s, char *why)
{
    struct settings_store *st = &s->store.store;
    if (!s->state_folder || settings_store_save(st, &s->stored_then) == SETTINGS_STORE_OK)
        return true;
    snprintf(why, SERVER_SETTINGS_WHY_SIZE, "--state-dir %.200s: %s", s->state_folder, st->why);
    return false;
}

bool server_settings_erase(struct server_settings *s, char *why)
{
    struct settings_store *st = &s->store.store;
    if (!s->state_folder || settings_store_erase(st) == SETTINGS_STORE_OK)
        return true;
    (void)base_text_copy(why, SETTINGS_WHY_SIZE, st->why);
    return false;
}

void server_settings_end(struct server_settings *s, bool kept)
{
    assert(s->changing);
    s->changing = false;
    if (kept) {
        put(s, &s->then, s->fixed_then);
        settings_drop(&s->stored);
        s->stored = s->stored_then;
    } else {
        settings_drop(&s->then);
        settings_drop(&s->stored_then);
    }
}
