// SPDX-License-Identifier: Apache-2.0
// The chip's backend with its real threads: the library's daemon, the client task, the socket loop
// and a client on a real socket, in real time. For the thread sanitizer.
#include "device_usb_host.h"
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_time.h"
#include "tests/firmware/usb_host_double.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"
#include "tests/support/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { TURN_MS = 100 };

struct chip {
    struct threads box;
    struct base_alloc alloc;
    struct sim_bus *bus;
    struct device_usb_host *host;
    struct eventlog *log; // the backend's
    struct usbip_server *server;
    struct posix_loop *loop;
    pthread_t daemon, client, loop_thread;
    atomic_bool ending;
};

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return posix_now_us();
}

static void wake(void *ctx)
{
    const struct chip *c = ctx;
    if (c->loop) // gone only when all threads are
        posix_loop_wake(c->loop);
}

static void *run_daemon(void *ctx)
{
    struct chip *c = ctx;
    while (!atomic_load(&c->ending))
        device_usb_host_library_turn(c->host, TURN_MS);
    return NULL;
}

static void *run_client(void *ctx)
{
    struct chip *c = ctx;
    while (!atomic_load(&c->ending))
        device_usb_host_client_turn(c->host, TURN_MS);
    return NULL;
}

static void *run_loop(void *ctx)
{
    posix_loop_run(((struct chip *)ctx)->loop);
    return NULL;
}

// A failure on any thread but the test's own cannot be told to check_fail().
static void broken(const char *reason)
{
    (void)printf("USB host library: %s\nFAILED: threads\n# tests: 0 passed, 1 failed, 0 skipped\n",
                 reason);
    (void)fflush(stdout);
    _exit(1);
}

static void create_host(struct chip *c)
{
    const char *why = "";
    const struct usb_host_double_config library = {
        .bus = {c->bus}, .now_us = now_us, .threads = true};
    c->log = eventlog_create(&c->alloc, 16);
    const struct device_usb_host_config config = {.high_speed_port = true,
                                                  .log = c->log,
                                                  .max_devices = 4,
                                                  .now_us = now_us,
                                                  .wake = wake,
                                                  .ctx = c};
    usb_host_double_on_failure(broken);
    usb_host_double_begin(&library);
    c->host = device_usb_host_create(&config, &why);
    CHECK(c->host);
}

static void create_server(struct chip *c)
{
    struct server_config config;
    struct posix_loop_config loop;
    char why[128] = "";
    server_config_default(&config);
    posix_loop_config_default(&loop);
    loop.listen = "127.0.0.1";
    loop.port = 0;
    c->server = server_create(&config, &c->alloc, posix_now_us());
    CHECK(c->server);
    CHECK_EQ(server_add_backend(c->server, device_usb_host_backend(c->host)), BASE_OK);
    c->loop = posix_loop_create(c->server, &loop, why, sizeof why);
    CHECK(c->loop);
}

static void begin(struct chip *c)
{
    *c = (struct chip){.alloc = heap};
    c->bus = sim_bus_create(&c->alloc, 1);
    CHECK(c->bus);
    CHECK_EQ(sim_plug(c->bus, "1-1", sim_faulty_create(c->bus, &sim_faulty_d1)), BASE_OK);
    create_host(c);
    create_server(c);
    c->box = (struct threads){.bus = c->bus,
                              .lock = usb_host_double_lock,
                              .unlock = usb_host_double_unlock,
                              .loop = c->loop};
    CHECK_EQ(pthread_create(&c->daemon, NULL, run_daemon, c), 0);
    CHECK_EQ(pthread_create(&c->client, NULL, run_client, c), 0);
    CHECK_EQ(pthread_create(&c->loop_thread, NULL, run_loop, c), 0);
}

static void end(struct chip *c)
{
    posix_loop_stop(c->loop);
    pthread_join(c->loop_thread, NULL);
    atomic_store(&c->ending, true);
    pthread_join(c->daemon, NULL);
    pthread_join(c->client, NULL);
    posix_loop_destroy(c->loop);
    c->loop = NULL;
    server_destroy(c->server);
    CHECK(device_usb_host_destroy(c->host));
    usb_host_double_end();
    eventlog_destroy(c->log);
    sim_bus_destroy(c->bus);
}

TEST(threads_data_unplug_and_end)
{
    struct chip c;
    struct usbip_client u;
    begin(&c);
    threads_move_and_pull(&c.box, &u);
    end(&c); // with a session
    (void)close(u.fd);
}

// Clients that come and go while the device does.
TEST(threads_pulled_while_it_is_used)
{
    struct chip c;
    struct usbip_client u;
    begin(&c);
    threads_pull_while_used(&c.box, &u);
    (void)close(u.fd);
    end(&c);
}
