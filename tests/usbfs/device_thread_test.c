// SPDX-License-Identifier: Apache-2.0
// The libusb backend with its worker, the socket loop, a kernel that works beside them, and a
// client on a real socket, in real time. For the thread sanitizer.
#include "ports/linux/device_libusb.h"
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_time.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"
#include "tests/support/tcp_client.h"
#include "tests/support/threads.h"
#include "tests/usbfs/usbfs.h"

#include <linux/usbdevice_fs.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { KERNEL_TURN_NS = 200000, LONG_US = 20000000, END_US = 1000000, AWAIT_MS = 10000 };

struct box {
    struct threads box;
    struct base_alloc alloc;
    struct usbfs kernel;
    struct device_libusb *host;
    struct usbip_server *server;
    struct posix_watch watch;
    pthread_t kernel_thread, loop_thread;
    atomic_bool ending, slow, hangs, hanging;
    unsigned events;
};

// A test may let the worker's calls begin long ago.
static uint64_t now_us(void *ctx)
{
    const struct box *b = ctx;
    return posix_now_us() - (atomic_load(&b->slow) ? LONG_US : 0);
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
    loop.stop_limit_us = END_US;
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
    CHECK_EQ(sim_plug(b->box.bus, "1-2", sim_faulty_create(b->box.bus, &sim_faulty_d1)), BASE_OK);
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

static void finish(struct box *b)
{
    posix_loop_unwatch(b->box.loop, &b->watch);
    posix_loop_destroy(b->box.loop);
    server_destroy(b->server);
    device_libusb_destroy(b->host);
    atomic_store(&b->ending, true);
    pthread_join(b->kernel_thread, NULL);
    usbfs_end(&b->kernel);
    sim_bus_destroy(b->box.bus);
}

static void end(struct box *b)
{
    posix_loop_stop(b->box.loop);
    pthread_join(b->loop_thread, NULL);
    device_libusb_stop(b->host);
    finish(b);
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

// --- a driver that hangs -------------------------------------------------------------------------

static void hang(void *ctx, unsigned long request)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    struct box *b = ctx;
    while (request == USBDEVFS_DISCONNECT_CLAIM && atomic_load(&b->hangs)) {
        atomic_store(&b->hanging, true);
        (void)nanosleep(&pause, NULL);
    }
}

static void count_events(void *ctx)
{
    const struct eventlog_event *e;
    struct box *b = ctx;
    b->events = 0;
    for (uint64_t n = 0; (e = eventlog_next(server_eventlog(b->server), n)); n = e->number)
        b->events += e->what.type == EVENT_DEVICE_HANGS || e->what.type == EVENT_DEVICE_HANGS_OVER;
}

static void await_events(struct box *b, unsigned count)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    for (unsigned ms = 0; ms < AWAIT_MS; ms += 5) {
        CHECK(posix_loop_call(b->box.loop, count_events, b));
        if (b->events == count)
            return;
        (void)nanosleep(&pause, NULL);
    }
    check_fail(__FILE__, __LINE__, "%u events instead of %u", b->events, count);
}

// Asks for the second device; the answer does not come while it hangs.
static int ask_for_second(struct box *b)
{
    static const char request[40] = "\x01\x11\x80\x03\0\0\0\0"
                                    "1-2";
    int fd = tcp_client_connect("127.0.0.1", posix_loop_listener(b->box.loop)->port, TCP_CLIENT_MS);
    CHECK(fd >= 0);
    CHECK(tcp_client_send(fd, request, sizeof request, TCP_CLIENT_MS));
    return fd;
}

static int begin_hanging(struct box *b, struct usbip_client *u)
{
    begin(b);
    threads_pull_while_used(&b->box, u); // ends with a session
    usbfs_lock();
    b->kernel.hook_ctx = b;
    b->kernel.hook = hang;
    usbfs_unlock();
    atomic_store(&b->hangs, true);
    atomic_store(&b->slow, true);
    int fd = ask_for_second(b);
    await_events(b, 1);
    CHECK(atomic_load(&b->hanging));
    return fd;
}

// It is said, who has a device goes on, and what waited is done.
TEST(usbfs_threads_driver_hangs)
{
    struct box b;
    struct usbip_client u;
    uint8_t reply[320];
    int fd = begin_hanging(&b, &u);
    for (unsigned i = 0; i < 10; i++) {
        usbip_client_submit(&u, 2, false, "hello", 5);
        CHECK_EQ(usbip_client_reply(&u, false, NULL, 0).u.ret_submit.actual_length, 5);
    }
    atomic_store(&b.hangs, false);
    CHECK(tcp_client_recv(fd, reply, sizeof reply, TCP_CLIENT_MS));
    CHECK_EQ(base_get_be32(reply + 4), WIRE_ST_OK);
    await_events(&b, 2);
    (void)close(fd);
    (void)close(u.fd);
    end(&b);
}

// The program's end does not wait for it.
TEST(usbfs_threads_end_while_a_driver_hangs)
{
    struct box b;
    struct usbip_client u;
    int fd = begin_hanging(&b, &u);
    posix_loop_stop(b.box.loop);
    pthread_join(b.loop_thread, NULL);
    device_libusb_stop(b.host);
    CHECK(atomic_load(&b.hangs));
    atomic_store(&b.hangs, false); // for the test's own end
    finish(&b);
    (void)close(fd);
    (void)close(u.fd);
}
