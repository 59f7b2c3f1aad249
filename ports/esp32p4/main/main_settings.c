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
    if (!store_nvs_open(s->store)) {
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
    if (!s->store)
        return false;
    pthread_mutex_init(&s->lock, NULL);
    set_defaults(s);
    load(s);
    return true;
}

void main_settings_copy(struct main_settings *s, struct settings *copy)
{
    pthread_mutex_lock(&s->lock);
    *copy = s->now;
    copy->lists = NULL; // they are counted for one thread
    pthread_mutex_unlock(&s->lock);
}

// With the lock.
static enum base_err change(struct main_settings *s, const char *key, const char *text,
                            struct settings *after, char *why)
{
    if (s->erased) {
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, "all settings were erased, a restart is near");
        return BASE_ERR_IO;
    }
    *after = s->now;
    enum base_err err = settings_set(after, key, text, why);
    if (err != BASE_OK)
        return err;
    if (settings_store_save(&s->store->store, after) != SETTINGS_STORE_OK) {
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, s->store->store.why);
        return BASE_ERR_IO;
    }
    s->now = *after;
    return BASE_OK;
}

enum base_err main_settings_set(struct main_settings *s, const char *key, const char *text,
                                struct settings *before, struct settings *after, char *why)
{
    pthread_mutex_lock(&s->lock);
    *before = s->now;
    enum base_err err = change(s, key, text, after, why);
    before->lists = after->lists = NULL; // as in a copy
    pthread_mutex_unlock(&s->lock);
    return err;
}

enum base_err main_settings_erase(struct main_settings *s, char *why)
{
    pthread_mutex_lock(&s->lock);
    enum settings_store_result result = settings_store_erase(&s->store->store);
    s->erased = s->erased || result == SETTINGS_STORE_OK;
    if (result != SETTINGS_STORE_OK)
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, s->store->store.why);
    pthread_mutex_unlock(&s->lock);
    return result == SETTINGS_STORE_OK ? BASE_OK : BASE_ERR_IO;
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
