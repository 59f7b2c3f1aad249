// SPDX-License-Identifier: Apache-2.0
#include "main_usb.h"
#include "main_tasks.h"

#include "esp_log.h"
#include "ports/posix/posix_time.h"
#include "sdkconfig.h"

#include <stdbool.h>

enum { MAX_DEVICES = 24 }; // hubs included

#ifdef CONFIG_USBIP_USB_HIGH_SPEED
static const bool high_speed_port = true;
#else
static const bool high_speed_port = false;
#endif
#ifdef CONFIG_USBIP_USB_FULL_SPEED
static const bool full_speed_port = true;
#else
static const bool full_speed_port = false;
#endif

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return posix_now_us();
}

static void wake(void *ctx)
{
    const struct main_usb *u = ctx;
    posix_loop_wake(u->loop);
}

void main_usb_open(struct main_usb *u, const struct settings *settings, struct usbip_server *server)
{
    const char *why = "both ports are turned off";
    const struct device_usb_host_config config = {
        .high_speed_port = high_speed_port,
        .full_speed_port = full_speed_port,
        .high_speed_port_full_only = settings->bus_speed[0] == SETTINGS_FULL_SPEED,
        .log = server_eventlog(server),
        .max_devices = MAX_DEVICES,
        .now_us = now_us,
        .wake = wake,
        .ctx = u,
    };
    if (high_speed_port || full_speed_port)
        u->host = device_usb_host_create(&config, &why);
    if (u->host)
        (void)server_add_backend(server, device_usb_host_backend(u->host)); // the first of 4
    else
        ESP_LOGE("usb", "no USB: %s", why);
}

static void run_daemon(void *arg)
{
    const struct main_usb *u = arg;
    main_task_watch();
    for (;;) {
        device_usb_host_library_turn(u->host, MAIN_TASK_WAIT_MS);
        main_task_alive();
    }
}

static void run_client(void *arg)
{
    const struct main_usb *u = arg;
    main_task_watch();
    for (;;) {
        device_usb_host_client_turn(u->host, MAIN_TASK_WAIT_MS);
        main_task_alive();
    }
}

void main_usb_start(struct main_usb *u, struct posix_loop *loop)
{
    u->loop = loop;
    if (!u->host)
        return;
    main_task_start(&main_task_usb_client, run_client, u);
    main_task_start(&main_task_usb_daemon, run_daemon, u);
}
