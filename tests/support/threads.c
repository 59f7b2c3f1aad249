// SPDX-License-Identifier: Apache-2.0
#include "tests/support/threads.h"

#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <time.h>
#include <unistd.h>

enum { BULK_BYTES = 16384, ROUNDS = 20, DEPTH = 4, AWAIT_MS = 20000 };

// --- the simulated bus belongs to whoever has the lock -------------------------------------------

static void stream(struct threads *c, bool on)
{
    c->lock();
    struct sim_device *d = sim_find(c->bus, "1-1");
    sim_faulty_stream(d, 0x81, on);
    if (on)
        sim_faulty_forget(d, 0x02);
    c->unlock();
}

static void pull(struct threads *c)
{
    c->lock();
    enum base_err err = sim_unplug(c->bus, "1-1");
    c->unlock();
    CHECK_EQ(err, BASE_OK);
}

static void put_back(struct threads *c)
{
    c->lock();
    enum base_err err = sim_replug(c->bus, "1-1");
    c->unlock();
    CHECK_EQ(err, BASE_OK);
}

static uint64_t received(struct threads *c)
{
    c->lock();
    uint64_t bytes = sim_faulty_received(sim_find(c->bus, "1-1"), 0x02).bytes;
    c->unlock();
    return bytes;
}

// --- the client ----------------------------------------------------------------------------------

static int dial(struct threads *c)
{
    int fd = tcp_client_connect("127.0.0.1", posix_loop_listener(c->loop)->port, TCP_CLIENT_MS);
    CHECK(fd >= 0);
    return fd;
}

// The device is enumerated in real time: asked until it is there.
static void attach(struct threads *c, struct usbip_client *u)
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
static void move_data(struct threads *c, struct usbip_client *u)
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

void threads_move_and_pull(struct threads *c, struct usbip_client *u)
{
    for (unsigned i = 0; i < 2; i++) {
        attach(c, u);
        move_data(c, u);
        for (unsigned k = 0; k < DEPTH; k++)
            usbip_client_submit(u, 1, true, NULL, BULK_BYTES); // stay for ever
        pull(c);
        CHECK(tcp_client_wait_end(u->fd, TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
        (void)close(u->fd);
        put_back(c);
    }
    attach(c, u);
    for (unsigned k = 0; k < DEPTH; k++)
        usbip_client_submit(u, 1, true, NULL, BULK_BYTES);
    (void)close(u->fd); // the server takes them back
    attach(c, u);
}

void threads_pull_while_used(struct threads *c, struct usbip_client *u)
{
    attach(c, u);
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned k = 0; k < DEPTH; k++)
            usbip_client_submit(u, 3, true, NULL, 8);
        pull(c);
        put_back(c);
        CHECK(tcp_client_wait_end(u->fd, TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
        (void)close(u->fd);
        attach(c, u);
    }
}
