// SPDX-License-Identifier: Apache-2.0
// The chip's backend with its tasks as threads: daemon, client, and the loop, which is the test.
// For the thread sanitizer above all. Nothing waits for a time; a hang ends after a long one.
#include "device_usb_host.h"
#include "sim/device/faulty/sim_faulty.h"
#include "sim/device/sim_zero.h"
#include "tests/firmware/usb_host_double.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum {
    URBS = 8,
    ROOM = 40000,
    ROUNDS = 60,
    TURN_MS = 20,
    HANG_S = 60,
    COUNT_LATE_US = 50000,
    BULK_IN = 0x81,
    BULK_OUT = 2
};

struct party {
    struct sim_bus *bus;
    struct device_usb_host *host;
    struct eventlog *log;
    struct usbip_backend *backend;
    pthread_t daemon, client;
    atomic_bool stop;
    pthread_mutex_t lock; // woken
    pthread_cond_t cond;
    bool woken;
    // The loop's.
    uint32_t random;
    void *device;
    bool opened, closed, control_done;
    struct usb_urb urb[URBS];
    bool busy[URBS];
    uint8_t *buffer;
};

static uint64_t now_us(void *ctx)
{
    struct timespec t;
    (void)ctx;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void wake(void *ctx)
{
    struct party *p = ctx;
    pthread_mutex_lock(&p->lock);
    p->woken = true;
    pthread_cond_signal(&p->cond);
    pthread_mutex_unlock(&p->lock);
}

static void *run_daemon(void *arg)
{
    struct party *p = arg;
    while (!p->stop)
        device_usb_host_library_turn(p->host, TURN_MS);
    return NULL;
}

static void *run_client(void *arg)
{
    struct party *p = arg;
    while (!p->stop)
        device_usb_host_client_turn(p->host, TURN_MS);
    return NULL;
}

// --- the loop ------------------------------------------------------------------------------------

static bool any_busy(const struct party *p)
{
    for (unsigned i = 0; i < URBS; i++)
        if (p->busy[i])
            return true;
    return false;
}

static void take(struct party *p, const struct backend_event *ev)
{
    switch (ev->type) {
    case BACKEND_PLUGGED:
        if (!ev->info->is_hub && ev->info->obstacle == USB_OBSTACLE_NONE)
            p->device = ev->device;
        break;
    case BACKEND_UNPLUGGED:
        CHECK(ev->device != p->device || !any_busy(p)); // all URBs come before
        if (ev->device == p->device)
            p->device = NULL;
        break;
    case BACKEND_OPENED:
        CHECK_EQ(ev->result, BASE_OK);
        p->opened = true;
        break;
    case BACKEND_CLOSED:
        p->closed = true;
        break;
    case BACKEND_CONTROL_DONE:
        p->control_done = true;
        break;
    case BACKEND_URB_DONE:
        CHECK(p->busy[ev->urb - p->urb]); // exactly once
        p->busy[ev->urb - p->urb] = false;
        break;
    case BACKEND_PORT_POWER: // nobody has asked
        CHECK(false);
    }
}

static void wait_for_wake(struct party *p)
{
    struct timespec limit;
    (void)clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += HANG_S;
    pthread_mutex_lock(&p->lock);
    while (!p->woken)
        CHECK_EQ(pthread_cond_timedwait(&p->cond, &p->lock, &limit), 0);
    p->woken = false;
    pthread_mutex_unlock(&p->lock);
}

static bool take_all(struct party *p)
{
    struct backend_event ev;
    bool any = false;
    while (p->backend->take_event(p->backend, 0, &ev)) {
        take(p, &ev);
        any = true;
    }
    return any;
}

// Until `*what`, or until the device has gone.
static void wait_until(struct party *p, const bool *what)
{
    while (p->device && !*what)
        if (!take_all(p))
            wait_for_wake(p);
}

static uint32_t chance(struct party *p, uint32_t of)
{
    p->random = p->random * 1664525 + 1013904223;
    return (p->random >> 8) % of;
}

static void submit(struct party *p, unsigned i)
{
    struct usb_urb *u = &p->urb[i];
    uint8_t address = chance(p, 2) ? BULK_IN : BULK_OUT;
    *u = (struct usb_urb){
        .device = p->device, .buffer = p->buffer + i * ROOM, .length = chance(p, ROOM)};
    u->ep = (struct usb_endpoint){.address = address, .type = USB_BULK, .max_packet_size = 512};
    if (chance(p, 4) == 0) {
        u->ep = (struct usb_endpoint){.address = USB_DIR_IN, .max_packet_size = 64};
        memcpy(u->setup, "\x80\x06\x00\x01\x00\x00\x12\x00", sizeof u->setup);
        u->length = 18;
    }
    p->busy[i] = true;
    p->backend->submit(p->backend, u);
}

static void drop_all(struct party *p)
{
    for (unsigned i = 0; i < URBS; i++)
        if (p->device && p->busy[i])
            p->backend->cancel(p->backend, &p->urb[i]);
    while (any_busy(p))
        if (!take_all(p))
            wait_for_wake(p);
}

static void change(struct party *p)
{
    static const struct usb_control_op ops[] = {
        {.type = USB_SET_CONFIGURATION, .value = 1},
        {.type = USB_SET_INTERFACE, .value = 1},
        {.type = USB_SET_INTERFACE},
        {.type = USB_CLEAR_HALT, .value = BULK_IN},
        {.type = USB_RESET_DEVICE},
    };
    if (!p->device)
        return;
    p->control_done = false;
    p->backend->control(p->backend, p->device, &ops[chance(p, sizeof ops / sizeof *ops)]);
    wait_until(p, &p->control_done);
}

static void traffic(struct party *p)
{
    for (unsigned n = 0; n < 4 * URBS && p->device; n++) {
        unsigned i = chance(p, URBS);
        if (!p->busy[i])
            submit(p, i);
        else if (chance(p, 2))
            p->backend->cancel(p->backend, &p->urb[i]);
        (void)take_all(p);
    }
}

static void pull(struct party *p)
{
    usb_host_double_lock();
    CHECK_EQ(sim_unplug(p->bus, "1-1"), BASE_OK);
    usb_host_double_unlock();
    while (p->device)
        if (!take_all(p))
            wait_for_wake(p);
    CHECK(!any_busy(p));
    usb_host_double_lock();
    CHECK_EQ(sim_replug(p->bus, "1-1"), BASE_OK);
    usb_host_double_unlock();
}

static void await_device(struct party *p)
{
    while (!p->device)
        if (!take_all(p))
            wait_for_wake(p);
}

static void play(struct party *p)
{
    await_device(p);
    p->opened = p->closed = false;
    p->backend->open(p->backend, p->device);
    wait_until(p, &p->opened);
    traffic(p);
    if (chance(p, 3) == 0) {
        pull(p);
        return;
    }
    drop_all(p);
    change(p);
    traffic(p);
    drop_all(p);
    p->backend->close(p->backend, p->device);
    wait_until(p, &p->closed);
}

// --- beginning and end ---------------------------------------------------------------------------

static void failed(const char *reason)
{
    check_fail("USB host library", 0, "%s", reason);
}

static struct sim_device *gadget_zero(struct sim_bus *bus)
{
    return sim_zero_create(bus, USB_SPEED_HIGH);
}

// One vendor request is never answered.
static struct sim_device *hanging_device(struct sim_bus *bus)
{
    const struct sim_faulty_answer never = {.result = SIM_NAK};
    struct sim_device *d = sim_faulty_create(bus, &sim_faulty_d1);
    sim_faulty_answer(d, 0x40, 0x55, &never);
    return d;
}

// The client task has taken it to the library.
static void await_submitted(unsigned count)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    while (usb_host_double_counts().submitted < count)
        nanosleep(&pause, NULL);
}

static void begin(struct party *p, struct sim_device *(*device)(struct sim_bus *),
                  uint32_t count_late_us)
{
    const char *why = NULL;
    const struct device_usb_host_config config = {.high_speed_port = true,
                                                  .full_speed_port = true,
                                                  .log = eventlog_create(&heap, 16),
                                                  .max_devices = 4,
                                                  .now_us = now_us,
                                                  .wake = wake,
                                                  .ctx = p};
    *p = (struct party){
        .log = config.log, .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    p->bus = sim_bus_create(&heap, 1);
    const struct usb_host_double_config library = {.bus = {p->bus},
                                                   .now_us = now_us,
                                                   .threads = true,
                                                   .count_late_us = count_late_us,
                                                   .control_refused_after_error = true};
    usb_host_double_on_failure(failed);
    usb_host_double_begin(&library);
    CHECK_EQ(sim_plug(p->bus, "1-1", device(p->bus)), BASE_OK);
    p->host = device_usb_host_create(&config, &why);
    CHECK(p->host);
    p->backend = device_usb_host_backend(p->host);
    p->buffer = p->backend->buffer_alloc(p->backend, URBS * ROOM);
    CHECK(p->buffer);
    CHECK_EQ(pthread_create(&p->daemon, NULL, run_daemon, p), 0);
    CHECK_EQ(pthread_create(&p->client, NULL, run_client, p), 0);
}

static void end(struct party *p)
{
    p->stop = true;
    pthread_join(p->client, NULL);
    pthread_join(p->daemon, NULL);
    p->backend->buffer_free(p->backend, p->buffer, URBS * ROOM);
    CHECK(device_usb_host_destroy(p->host));
    usb_host_double_end();
    eventlog_destroy(p->log);
    sim_bus_destroy(p->bus);
}

TEST(device_threads)
{
    static struct party p;
    begin(&p, gadget_zero, 0);
    for (unsigned round = 0; round < ROUNDS; round++)
        play(&p);
    end(&p);
}

// The daemon is kept from its work just after it has handed over the last transfer of a device that
// was pulled, for longer than anybody would wait who waits for a time.
TEST(device_closed_after_its_last_transfer_is_counted)
{
    static struct party p;
    begin(&p, hanging_device, COUNT_LATE_US);
    await_device(&p);
    p.backend->open(p.backend, p.device);
    wait_until(&p, &p.opened);
    p.urb[0] = (struct usb_urb){.device = p.device, .ep.max_packet_size = 64, .buffer = p.buffer};
    memcpy(p.urb[0].setup, "\x40\x55\0\0\0\0\0\0", sizeof p.urb[0].setup);
    p.busy[0] = true;
    unsigned before = usb_host_double_counts().submitted;
    p.backend->submit(p.backend, &p.urb[0]);
    await_submitted(before + 1);
    pull(&p);
    await_device(&p);
    end(&p);
}
