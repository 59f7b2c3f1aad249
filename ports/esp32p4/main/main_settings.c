// SPDX-License-Identifier: Apache-2.0
#include "main_settings.h"

#include "base/base_text.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "sdkconfig.h"

enum { KIB = 1024 };

static const char tag[] = "settings";

static const struct settings_port our_port = {
    .host_name = CONFIG_USBIP_HOSTNAME,
    .sntp_server = "pool.ntp.org",
    .limits =
        {
            .max_connections = CONFIG_USBIP_MAX_DEVICES + CONFIG_USBIP_MAX_CLIENTS,
            .max_devices = CONFIG_USBIP_MAX_DEVICES + MAIN_OTHER_DEVICES,
            .max_urbs = MAIN_MAX_URBS,
            .session_budget_kib = MAIN_SESSION_BUDGET_KIB,
            .total_budget_kib = MAIN_TOTAL_BUDGET_KIB,
            .silent_s = MAIN_SILENT_S,
        },
    .min_limits = {1, 1, 64, 1024, 1024, 10},
    .max_limits =
        {
            .max_connections = CONFIG_USBIP_MAX_DEVICES + CONFIG_USBIP_MAX_CLIENTS,
            .max_devices = CONFIG_USBIP_MAX_DEVICES + MAIN_OTHER_DEVICES,
            .max_urbs = 256,
            .session_budget_kib = MAIN_TOTAL_BUDGET_KIB,
            .total_budget_kib = MAIN_TOTAL_BUDGET_KIB,
            .silent_s = MAIN_SILENT_S,
        },
    .max_rules = 64,
    .max_addresses = 64,
    .max_namings = 32,
    .has_network = true,
    .has_buses = true,
};

static void load(struct main_settings *s)
{
    if (!store_nvs_open(s->store, "settings")) {
        ESP_LOGE(tag, "%s; the defaults hold", s->store->store.why);
        return;
    }
    switch (settings_store_load(&s->store->store, &s->now)) {
    case SETTINGS_STORE_OK:
    case SETTINGS_STORE_NONE:
        break;
    case SETTINGS_STORE_OLDER:
        ESP_LOGW(tag, "%s", s->store->store.why);
        break;
    default:
        ESP_LOGE(tag, "%s; the defaults hold", s->store->store.why);
    }
}

// Kconfig takes any host name; with a wrong one no document and no change would pass.
static void set_defaults(struct main_settings *s)
{
    char why[SETTINGS_WHY_SIZE];
    s->port = our_port;
    settings_default(&s->now, &s->port);
    if (settings_check(&s->now, why) == BASE_OK)
        return;
    ESP_LOGE(tag, "CONFIG_USBIP_HOSTNAME: %s", why);
    s->port.host_name = "usbip-esp32p4";
    settings_default(&s->now, &s->port);
}

bool main_settings_open(struct main_settings *s)
{
    s->store = heap_caps_calloc(1, sizeof *s->store, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    s->then = heap_caps_calloc(1, sizeof *s->then, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    if (!s->store || !s->then)
        return false;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->free, NULL);
    set_defaults(s);
    load(s);
    return true;
}

void main_settings_look(struct main_settings *s, struct settings *now)
{
    pthread_mutex_lock(&s->lock);
    *now = s->now;
    pthread_mutex_unlock(&s->lock);
}

void main_settings_copy(struct main_settings *s, struct settings *copy)
{
    main_settings_look(s, copy);
    copy->lists = NULL; // they are counted for one thread
}

// --- who has them --------------------------------------------------------------------------------

static const char erased_already[] = "all settings were erased, a restart is near";

static void take(struct main_settings *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->taken)
        pthread_cond_wait(&s->free, &s->lock);
    s->taken = true;
    pthread_mutex_unlock(&s->lock);
}

// False: `why`.
static bool take_if_free(struct main_settings *s, char *why)
{
    pthread_mutex_lock(&s->lock);
    bool good = !s->taken && !s->erased;
    if (!good)
        (void)base_text_copy(why, SETTINGS_WHY_SIZE,
                             s->erased ? erased_already : "somebody else changes them");
    s->taken = s->taken || good;
    pthread_mutex_unlock(&s->lock);
    return good;
}

// With what holds from now on; NULL: the same.
static void give_back(struct main_settings *s, const struct settings *now)
{
    pthread_mutex_lock(&s->lock);
    if (now)
        s->now = *now;
    s->taken = false;
    pthread_cond_broadcast(&s->free);
    pthread_mutex_unlock(&s->lock);
}

static bool save(struct main_settings *s, const struct settings *settings, char *why)
{
    if (settings_store_save(&s->store->store, settings) == SETTINGS_STORE_OK)
        return true;
    (void)base_text_copy(why, SETTINGS_WHY_SIZE, s->store->store.why);
    return false;
}

// --- one value -----------------------------------------------------------------------------------

static enum base_err change(struct main_settings *s, const char *key, const char *text,
                            struct settings *after, char *why)
{
    if (s->erased) {
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, erased_already);
        return BASE_ERR_IO;
    }
    enum base_err err = settings_set(after, key, text, why);
    if (err != BASE_OK)
        return err;
    return save(s, after, why) ? BASE_OK : BASE_ERR_IO;
}

enum base_err main_settings_set(struct main_settings *s, const char *key, const char *text,
                                struct settings *before, struct settings *after, char *why)
{
    take(s);
    *before = *after = s->now;
    enum base_err err = change(s, key, text, after, why);
    give_back(s, err == BASE_OK ? after : NULL);
    before->lists = after->lists = NULL; // as in a copy
    return err;
}

// --- a merge patch -------------------------------------------------------------------------------

static enum base_err patch_copy(struct main_settings *s, const char *patch, size_t size,
                                struct settings_errors *errors, struct settings *copy, char *why)
{
    main_settings_look(s, copy);
    settings_hold(copy);
    enum base_err err = settings_patch(copy, patch, size, errors, NULL);
    if (err == BASE_ERR_NOMEM)
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, "no memory for the change");
    if (err != BASE_OK)
        settings_drop(copy);
    return err;
}

enum base_err main_settings_begin(struct main_settings *s, const char *patch, size_t size,
                                  struct settings_errors *errors, struct settings *try, char *why)
{
    if (try)
        return patch_copy(s, patch, size, errors, try, why);
    if (!take_if_free(s, why))
        return BASE_ERR_IO;
    enum base_err err = patch_copy(s, patch, size, errors, s->then, why);
    if (err != BASE_OK)
        give_back(s, NULL);
    return err;
}

bool main_settings_keep(struct main_settings *s, char *why)
{
    return save(s, s->then, why);
}

void main_settings_end(struct main_settings *s, bool kept)
{
    struct settings old = kept ? s->now : *s->then;
    give_back(s, kept ? s->then : NULL);
    settings_drop(&old);
}

enum base_err main_settings_erase(struct main_settings *s, char *why)
{
    take(s);
    enum settings_store_result result = settings_store_erase(&s->store->store);
    if (result != SETTINGS_STORE_OK)
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, s->store->store.why);
    pthread_mutex_lock(&s->lock);
    s->erased = s->erased || result == SETTINGS_STORE_OK;
    pthread_mutex_unlock(&s->lock);
    give_back(s, NULL);
    return result == SETTINGS_STORE_OK ? BASE_OK : BASE_ERR_IO;
}

void main_settings_go_on(struct main_settings *s)
{
    pthread_mutex_lock(&s->lock);
    s->erased = false;
    pthread_mutex_unlock(&s->lock);
}

void main_settings_server(const struct settings *s, struct server_config *c)
{
    server_config_default(c);
    c->max_connections = s->limits.max_connections;
    c->max_devices = s->limits.max_devices;
    c->session.max_urbs = s->limits.max_urbs;
    c->session.budget_bytes = (uint64_t)s->limits.session_budget_kib * KIB;
    c->total_budget_bytes = (uint64_t)s->limits.total_budget_kib * KIB;
    c->session.silent_us = (uint64_t)s->limits.silent_s * 1000000;
    c->never_take_over = s->take_over == SETTINGS_NEVER;
    c->pool_cache_bytes = MAIN_POOL_CACHE_BYTES;
}
