// SPDX-License-Identifier: Apache-2.0
// The chip's backend with its real threads: the library's daemon, the client task, the socket loop
// and a client on a real socket, in real time. For the thread sanitizer.
#include "device_usb_host.h"
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_time.h"
#include "sim/device/faulty/sim_faulty.h"
#include "tests/firmware/usb_host_double.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"
#include "tests/support/tcp_client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TURN_MS = 100, BULK_BYTES = 16384, ROUNDS = 20, DEPTH = 4, AWAIT_MS = 20000 };

struct chip {
    struct base_alloc alloc;
    struct sim_bus *bus;
    struct device_usb_host *host;
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
    const struct device_usb_host_config config = {
        .high_speed_port = true, .max_devices = 4, .now_us = now_us, .wake = wake, .ctx = c};
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
    sim_bus_destroy(c->bus);
}

// --- the simulated bus belongs to whoever has the lock -------------------------------------------

static void stream(struct chip *c, bool on)
{
    usb_host_double_lock();
    struct sim_device *d = sim_find(c->bus, "1-1");
    sim_faulty_stream(d, 0x81, on);
    if (on)
        sim_faulty_forget(d, 0x02);
    usb_host_double_unlock();
}

static void pull(struct chip *c)
{
    usb_host_double_lock();
    enum base_err err = sim_unplug(c->bus, "1-1");
    usb_host_double_unlock();
    CHECK_EQ(err, BASE_OK);
}

static void put_back(struct chip *c)
{
    usb_host_double_lock();
    enum base_err err = sim_replug(c->bus, "1-1");
    usb_host_double_unlock();
    CHECK_EQ(err, BASE_OK);
}

static uint64_t received(struct chip *c)
{
    usb_host_double_lock();
    uint64_t bytes = sim_faulty_received(sim_find(c->bus, "1-1"), 0x02).bytes;
    usb_host_double_unlock();
    return bytes;
}

// --- the client ----------------------------------------------------------------------------------

static int dial(struct chip *c)
{
    int fd = tcp_client_connect("127.0.0.1", posix_loop_listener(c->loop)->port, TCP_CLIENT_MS);
    CHECK(fd >= 0);
    return fd;
}

// The device is enumerated in real time: asked until it is there.
static void attach(struct chip *c, struct usbip_client *u)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    for (unsigned ms = 0; ms < AWAIT_MS; ms += 5) {
        int fd = dial(c);
        if (usbip_client_import(u, fd, "1-1") == WIRE_ST_OK)
            return;
        (void)close(fd);
        (void)nanosleep(&pause, NULL);
    }
    check_fail(__FILE__, __LINE__, "the device never came");
}

static void check_stream(const uint8_t *data, uint32_t size, uint32_t *count)
{
    for (uint32_t i = 0; i < size; i++, ++*count)
        CHECK_EQ(data[i], *count % SIM_FAULTY_STREAM_PERIOD);
}

// Four reads and four writes are always on their way.
static void move_data(struct chip *c, struct usbip_client *u)
{
    static uint8_t data[BULK_BYTES];
    uint32_t count = 0;
    usbip_client_configure(u, 1);
    stream(c, true);
    for (unsigned i = 0; i < DEPTH; i++)
        usbip_client_submit(u, 1, true, NULL, BULK_BYTES);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct wire_urb_header h = usbip_client_reply(u, true, data, sizeof data);
        CHECK_EQ(h.u.ret_submit.status, 0);
        CHECK_EQ(h.u.ret_submit.actual_length, BULK_BYTES);
        check_stream(data, BULK_BYTES, &count);
        if (i + DEPTH < ROUNDS)
            usbip_client_submit(u, 1, true, NULL, BULK_BYTES);
    }
    stream(c, false);
    for (unsigned i = 0; i < ROUNDS; i++)
        usbip_client_submit(u, 2, false, data, BULK_BYTES);
    for (unsigned i = 0; i < ROUNDS; i++)
        CHECK_EQ(usbip_client_reply(u, false, NULL, 0).u.ret_submit.actual_length, BULK_BYTES);
    CHECK_EQ(received(c), (uint64_t)ROUNDS * BULK_BYTES);
}

TEST(threads_data_unplug_and_end)
{
    struct chip c;
    struct usbip_client u;
    begin(&c);
    for (unsigned i = 0; i < 2; i++) {
        attach(&c, &u);
        move_data(&c, &u);
        for (unsigned k = 0; k < DEPTH; k++)
            usbip_client_submit(&u, 1, true, NULL, BULK_BYTES); // stay for ever
        pull(&c);
        CHECK(tcp_client_wait_end(u.fd, TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
        (void)close(u.fd);
        put_back(&c);
    }
    attach(&c, &u);
    for (unsigned k = 0; k < DEPTH; k++)
        usbip_client_submit(&u, 1, true, NULL, BULK_BYTES);
    (void)close(u.fd); // the server takes them back
    attach(&c, &u);
    end(&c); // with a session
    (void)close(u.fd);
}

// Clients that come and go while the device does.
TEST(threads_pulled_while_it_is_used)
{
    struct chip c;
    struct usbip_client u;
    begin(&c);
    attach(&c, &u);
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned k = 0; k < DEPTH; k++)
            usbip_client_submit(&u, 3, true, NULL, 8);
        pull(&c);
        put_back(&c);
        CHECK(tcp_client_wait_end(u.fd, TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
        (void)close(u.fd);
        attach(&c, &u);
    }
    (void)close(u.fd);
    end(&c);
}
