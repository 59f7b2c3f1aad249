// SPDX-License-Identifier: Apache-2.0
// What the serial console may see and change.
#include "main.h"
#include "main_change.h"
#include "main_password.h"
#include "main_tasks.h"

#include "base/base_text.h"
#include "console_esp.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "ports/posix/posix_time.h"

#include <stdio.h>
#include <string.h>

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return posix_now_us();
}

static bool call_on_loop(void *ctx, void (*fn)(void *arg), void *arg)
{
    const struct firmware *f = ctx;
    return posix_loop_call(f->loop, fn, arg);
}

static void show_network(void *ctx, struct console_network *n)
{
    const struct firmware *f = ctx;
    struct network_state s;
    if (!f->network) {
        (void)base_text_copy(n->trouble, sizeof n->trouble, "it could not be started");
        return;
    }
    network_state(f->network, &s);
    n->link_up = s.link_up;
    (void)base_text_copy(n->host_name, sizeof n->host_name, s.host_name);
    (void)base_text_copy(n->source, sizeof n->source, network_source_text(s.source));
    (void)base_text_copy(n->trouble, sizeof n->trouble, network_trouble_text(&s));
    if (s.source != NETWORK_NO_ADDRESS)
        network_address_text(s.address, n->address);
    if (s.link_up)
        (void)snprintf(n->speed, sizeof n->speed, "%u Mbit/s, %s duplex", s.link.speed_mbit,
                       s.link.full_duplex ? "full" : "half");
}

static void show_memory(void *ctx, struct console_memory *m)
{
    (void)ctx;
    m->internal_free = heap_caps_get_free_size(MALLOC_CAP_INTERNAL);
    m->internal_lowest = heap_caps_get_minimum_free_size(MALLOC_CAP_INTERNAL);
    m->psram_free = heap_caps_get_free_size(MALLOC_CAP_SPIRAM);
    m->psram_lowest = heap_caps_get_minimum_free_size(MALLOC_CAP_SPIRAM);
}

static bool show_usb(void *ctx, struct console_usb *u)
{
    const struct firmware *f = ctx;
    struct device_usb_host_figures figures;
    if (!f->usb.host)
        return false;
    device_usb_host_figures(f->usb.host, &figures);
    *u = (struct console_usb){figures.pool_free, figures.pool_used_max, figures.pool_empty};
    return true;
}

// Loop task.
static void show_claim(void *ctx, struct console_claim *c)
{
    const struct firmware *f = ctx;
    c->claimed = users_claimed(f->users.all);
    c->code = main_users_code(&f->users);
}

static void copy_settings(void *ctx, struct settings *copy)
{
    struct firmware *f = ctx;
    main_settings_copy(&f->settings, copy);
}

// --- changes -------------------------------------------------------------------------------------

// Loop task.
static void put_into_force(void *arg)
{
    if (!main_change_put_into_force(arg))
        ESP_LOGE("console", "no memory for the access rules");
}

static enum base_err set_setting(void *ctx, const char *key, const char *text, bool *restart,
                                 char *why)
{
    struct firmware *f = ctx;
    struct settings before, after;
    enum base_err err = main_settings_set(&f->settings, key, text, &before, &after, why);
    if (err != BASE_OK)
        return err;
    (void)posix_loop_call(f->loop, put_into_force, f); // false: it has ended, a restart is near
    *restart = memcmp(before.bus_speed, after.bus_speed, sizeof before.bus_speed) != 0;
    return BASE_OK;
}

static enum base_err erase_settings(void *ctx, char *why)
{
    struct firmware *f = ctx;
    return main_change_erase(f, why) ? BASE_OK : BASE_ERR_IO;
}

static bool set_password(void *ctx, const char *password, char *why)
{
    return main_password_set(ctx, password, why);
}

static void ask_for_restart(void *ctx, enum eventlog_start why)
{
    struct firmware *f = ctx;
    board_restart_ask(&f->restart, why);
}

void main_console_start(struct firmware *f)
{
    const struct console_config config = {
        .port =
            {
                .server = f->server,
                .version = f->version,
                .ctx = f,
                .now_us = now_us,
                .call = call_on_loop,
                .network = show_network,
                .memory = show_memory,
                .usb = show_usb,
                .settings = copy_settings,
                .set = set_setting,
                .erase = erase_settings,
                .claim = show_claim,
                .password = set_password,
            },
        .restart = ask_for_restart,
        .priority = main_task_console.priority,
        .stack_size = main_task_console.stack_size,
        .core = main_task_console.core,
    };
    esp_err_t err = console_start(&config);
    if (err != ESP_OK)
        ESP_LOGW("console", "no serial console: %s", esp_err_to_name(err));
}
