// SPDX-License-Identifier: Apache-2.0
// The libusb backend with its worker, the socket loop, a kernel that works beside them, and a
// client on a real socket, in real time. For the thread sanitizer.
#include "ports/linux/device_libusb.h"
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_time.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"
#include "tests/support/threads.h"
#include "tests/usbfs/usbfs.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { KERNEL_TURN_NS = 200000 };

struct box {
    struct threads box;
    struct base_alloc alloc;
    struct usbfs kernel;
    struct device_libusb *host;
    struct usbip_server *server;
    struct posix_watch watch;
    pthread_t kernel_thread, loop_thread;
    atomic_bool ending;
};

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return posix_now_us();
}

static void wake(void *ctx)
{
    const struct box *b = ctx;
    posix_loop_wake(b->box.loop);
}

static void ready(void *ctx, short events)
{
    (void)events;
    device_libusb_ready(((struct box *)ctx)->host);
}

// What interrupts do.
static void *run_kernel(void *ctx)
{
    const struct timespec pause = {.tv_nsec = KERNEL_TURN_NS};
    struct box *b = ctx;
    while (!atomic_load(&b->ending)) {
        (void)usbfs_run(&b->kernel, posix_now_us());
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

static void *run_loop(void *ctx)
{
    posix_loop_run(((struct box *)ctx)->box.loop);
    return NULL;
}

static void create_loop(struct box *b)
{
    struct posix_loop_config loop;
    char why[128] = "";
    posix_loop_config_default(&loop);
    loop.listen = "127.0.0.1";
    loop.port = 0;
    loop.max_watches = 1;
    b->box.loop = posix_loop_create(b->server, &loop, why, sizeof why);
    CHECK(b->box.loop);
}

static void create_host(struct box *b)
{
    const char *why = "";
    const struct device_libusb_config config = {.root = b->kernel.tree.root,
                                                .log = server_eventlog(b->server),
                                                .wake = wake,
                                                .now_us = now_us,
                                                .ctx = b};
    b->host = device_libusb_create(&config, &why);
    CHECK(b->host);
    CHECK_EQ(server_add_backend(b->server, device_libusb_backend(b->host)), BASE_OK);
}

static void begin(struct box *b)
{
    struct server_config config;
    *b = (struct box){.alloc = heap, .box = {.lock = usbfs_lock, .unlock = usbfs_unlock}};
    b->box.bus = sim_bus_create(&b->alloc, 1);
    CHECK(b->box.bus);
    usbfs_begin(&b->kernel, b->box.bus);
    CHECK_EQ(sim_plug(b->box.bus, "1-1", sim_faulty_create(b->box.bus, &sim_faulty_d1)), BASE_OK);
    (void)usbfs_run(&b->kernel, posix_now_us());
    server_config_default(&config);
    b->server = server_create(&config, &b->alloc, posix_now_us());
    CHECK(b->server);
    create_loop(b);
    create_host(b);
    b->watch = (struct posix_watch){
        .fd = device_libusb_fd(b->host), .events = POLLIN, .ready = ready, .ctx = b};
    CHECK(posix_loop_watch(b->box.loop, &b->watch));
    CHECK(device_libusb_start(b->host));
    CHECK_EQ(pthread_create(&b->kernel_thread, NULL, run_kernel, b), 0);
    CHECK_EQ(pthread_create(&b->loop_thread, NULL, run_loop, b), 0);
}

static void end(struct box *b)
{
    posix_loop_stop(b->box.loop);
    pthread_join(b->loop_thread, NULL);
    device_libusb_stop(b->host);
    posix_loop_unwatch(b->box.loop, &b->watch);
    posix_loop_destroy(b->box.loop);
    server_destroy(b->server);
    device_libusb_destroy(b->host);
    atomic_store(&b->ending, true);
    pthread_join(b->kernel_thread, NULL);
    usbfs_end(&b->kernel);
    sim_bus_destroy(b->box.bus);
}

TEST(usbfs_threads_data_unplug_and_end)
{
    struct box b;
    struct usbip_client u;
    begin(&b);
    threads_move_and_pull(&b.box, &u);
    end(&b); // with a session
    (void)close(u.fd);
}

TEST(usbfs_threads_pulled_while_it_is_used)
{
    struct box b;
    struct usbip_client u;
    begin(&b);
    threads_pull_while_used(&b.box, &u);
    (void)close(u.fd);
    end(&b);
}
