// SPDX-License-Identifier: Apache-2.0
// The firmware: puts settings, network, core, USB, HTTP and console together. Runs once, on core 0.
#include "main.h"
#include "board_reset.h"
#include "main_http.h"
#include "main_network.h"
#include "main_sim.h"
#include "main_tasks.h"
#include "network_silence.h"

#include "esp_app_desc.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "esp_vfs_eventfd.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "ports/posix/posix_settings.h"
#include "ports/posix/posix_time.h"
#include "sdkconfig.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum {
    EVENTFDS = 4,       // the loop and the network have one each
    SPARE_SOCKETS = 4,  // connections that only ask, or are just being closed
    OTHER_SOCKETS = 13, // 2 that listen, 1 spare; HTTP: 7 connections and 3 of its own
    SECOND_US = 1000000,
    RESTART_MS = 8000, // then even if the loop has not ended
    REST_EVERY_US = SECOND_US / 10,
};
_Static_assert(CONFIG_USBIP_MAX_DEVICES + CONFIG_USBIP_MAX_CLIENTS + SPARE_SOCKETS +
                       OTHER_SOCKETS <=
                   CONFIG_LWIP_MAX_SOCKETS,
               "raise LWIP_MAX_SOCKETS");
_Static_assert(CONFIG_LWIP_MAX_ACTIVE_TCP > CONFIG_LWIP_MAX_SOCKETS, "raise LWIP_MAX_ACTIVE_TCP");

static const char tag[] = "main";
struct firmware main_firmware;

// Without it nothing works: better start again than hang.
static void require(bool good, const char *what)
{
    if (good)
        return;
    ESP_LOGE(tag, "%s", what);
    abort();
}

static void *allocate(void *ctx, size_t size)
{
    (void)ctx;
    return heap_caps_calloc(1, size, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
}

static void *json_allocate(size_t size)
{
    return heap_caps_malloc(size, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
}

static void release(void *ctx, void *p)
{
    (void)ctx;
    heap_caps_free(p);
}

// Many small blocks, which malloc() would take from internal memory: 100 KiB for one status.
static void json_to_psram(void)
{
    static cJSON_Hooks hooks;
    hooks.malloc_fn = json_allocate;
    hooks.free_fn = heap_caps_free;
    cJSON_InitHooks(&hooks);
}

// --- the loop's task -----------------------------------------------------------------------------

// lwIP's task.
static void clock_is_set(void *ctx, uint64_t unix_us)
{
    struct firmware *f = ctx;
    (void)unix_us; // the loop reads it again, when it gets to it
    atomic_store(&f->clock_set, true);
    posix_loop_wake(f->loop);
}

// The network's task.
static void network_is_other(void *ctx, const struct network_state *state)
{
    struct firmware *f = ctx;
    (void)state; // as above
    atomic_store(&f->network_changed, true);
    posix_loop_wake(f->loop);
}

static void tell_network(struct firmware *f, uint64_t now_us)
{
    struct network_state now;
    network_state(f->network, &now);
    main_network_record(server_eventlog(f->server), now_us, &f->network_told, &now);
    f->network_told = now;
}

static void tell_time(struct firmware *f, uint64_t now_us)
{
    struct timeval t;
    gettimeofday(&t, NULL);
    eventlog_set_clock(server_eventlog(f->server),
                       (uint64_t)t.tv_sec * SECOND_US + (uint64_t)t.tv_usec, now_us);
}

// After events: no device comes, goes or changes hands without one.
static void tell_devices(struct firmware *f)
{
    unsigned exported = 0, held = 0;
    BASE_LIST_FOR_EACH (struct registry_device, d, &server_registry(f->server)->devices, link) {
        exported += registry_listed(d, true);
        held += d->state == REGISTRY_IN_USE;
    }
    network_devices(f->network, exported);
    network_held(f->network, held > 0);
}

// The tasks below live on what the loop and lwIP leave of this core. Under full load that would be
// nothing for as long as a client likes, and the watchdog would take them for stuck.
static void let_others_run(struct firmware *f, uint64_t now_us)
{
    if (now_us - f->rested_us < REST_EVERY_US)
        return;
    vTaskDelay(1);
    f->rested_us = now_us;
}

static void after_turn(void *ctx, uint64_t now_us)
{
    struct firmware *f = ctx;
    main_task_alive();
    if (atomic_exchange(&f->clock_set, false))
        tell_time(f, now_us);
    if (f->network && atomic_exchange(&f->network_changed, false))
        tell_network(f, now_us);
    if (main_log_turn(&f->log) && f->network)
        tell_devices(f);
    let_others_run(f, now_us);
}

static void run_loop(void *arg)
{
    struct firmware *f = arg;
    main_task_watch();
    posix_loop_run(f->loop);
    if (!board_restart_stopped(&f->restart))
        board_reset_restart(posix_restart_why(&f->ask));
    main_task_end(); // whoever has asked for it restarts the chip
}

static void stop_loop(void *ctx)
{
    struct firmware *f = ctx;
    posix_loop_stop(f->loop);
}

// --- start ---------------------------------------------------------------------------------------

static void forget(const struct eventlog_memory *m)
{
    memset(m->bytes, 0, m->size);
    m->written(m->bytes, m->size);
}

static void start_server(struct firmware *f)
{
    struct server_config config;
    f->alloc = (struct base_alloc){.alloc = allocate, .free = release};
    main_settings_server(&f->settings.now, &config);
    config.start = board_reset_start();
    config.eventlog_memory = board_reset_eventlog_memory();
    if (config.start == EVENT_START_FACTORY_RESET) // what somebody else's box has seen
        forget(&config.eventlog_memory);
    f->server = server_create(&config, &f->alloc, posix_now_us());
    require(f->server, "no memory for the server");
    require(posix_settings_access(&f->settings.now, f->server, posix_now_us()),
            "no memory for the access rules");
    f->shown = f->settings.now;
}

// Sockets and wake-ups, which the loop needs even if there is no network.
static void start_lwip(void)
{
    const esp_vfs_eventfd_config_t eventfds = {.max_fds = EVENTFDS};
    require(esp_vfs_eventfd_register(&eventfds) == ESP_OK, "no memory for eventfd");
    require(esp_netif_init() == ESP_OK, "lwIP does not start");
}

static void start_loop(struct firmware *f)
{
    struct posix_loop_config config;
    char why[128];
    posix_loop_config_default(&config);
    config.port = CONFIG_USBIP_TCP_PORT;
    config.max_sockets = f->settings.port.max_limits.max_connections + SPARE_SOCKETS;
    config.max_watches = HTTP_ESP_STREAMS;
    config.stop_limit_us = MAIN_DRAIN_S * SECOND_US;
    config.longest_wait_us = MAIN_TASK_WAIT_MS * 1000;
    config.heard = network_silence_heard;
    config.after_turn = after_turn;
    config.ctx = f;
    f->loop = posix_loop_create(f->server, &config, why, sizeof why);
    require(f->loop, "the socket loop does not start");
}

static void start_network(struct firmware *f)
{
    struct network_config config = {
        .version = f->version,
        .clock = {.set = clock_is_set, .ctx = f},
        .changed = network_is_other,
        .ctx = f,
    };
    f->network = main_network_start(&config, &f->settings.now);
}

void app_main(void)
{
    struct firmware *f = &main_firmware;
    f->version = esp_app_get_description()->version;
    json_to_psram();
    require(main_settings_open(&f->settings), "no memory for the settings");
    require(main_users_open(&f->users), "no memory for the users");
    start_server(f);
    main_usb_open(&f->usb, &f->settings.now, f->server);
    main_board_power_usb();
#ifdef CONFIG_USBIP_SIM_DEVICES
    main_sim_start(f->server, &f->alloc, &f->simulate);
#endif
    start_lwip();
    start_loop(f);
    posix_restart_begin(&f->ask, f->loop);
    board_restart_init(&f->restart, stop_loop, f, RESTART_MS);
    start_network(f);
    main_log_start(&f->log, f->loop, f->server);
    main_usb_start(&f->usb, f->loop);
    main_task_start(&main_task_loop, run_loop, f);
    main_http_start(f);
    main_console_start(f);
    main_board_watch_button(f);
}
