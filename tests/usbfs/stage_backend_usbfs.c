// SPDX-License-Identifier: Apache-2.0
// The libusb backend, with the real libusb, on the kernel of tests. No threads: the worker's turns
// are made when the stage settles.
#include "tests/support/stage_backend.h"

#include "ports/linux/device_libusb.h"
#include "tests/support/stage_delay.h"
#include "tests/usbfs/usbfs.h"

#include <poll.h>

enum { SECOND_US = 1000000, SOON_US = SECOND_US };

static struct {
    struct usbfs kernel;
    struct device_libusb *host;
    struct eventlog *log;
    struct usbip_backend *backend;
    bool woken;
    uint64_t turn_us;
} self;

const struct stage_abilities stage_abilities = {.takes_back_control = true,
                                                .resets = true,
                                                .tells_partial = true,
                                                .exact_requests = true,
                                                .claims_anything = true,
                                                .translates = true,
                                                .session_requests = 2};

static void wake(void *ctx)
{
    (void)ctx;
    self.woken = true;
}

static uint64_t now_us(void *ctx)
{
    return ((struct stage *)ctx)->now_us;
}

bool stage_backend_create(struct stage *st)
{
    const char *why;
    st->bus = sim_bus_create(&st->heap.alloc, 1);
    if (!st->bus)
        return false;
    usbfs_begin(&self.kernel, st->bus);
    self.log = eventlog_create(&heap, 64);
    CHECK(self.log);
    const struct device_libusb_config config = {
        .root = self.kernel.tree.root, .log = self.log, .wake = wake, .now_us = now_us, .ctx = st};
    self.host = device_libusb_create(&config, &why);
    CHECK(self.host);
    self.turn_us = 0;
    self.backend = stage_delay_begin(st, device_libusb_backend(self.host));
    return true;
}

void stage_backend_destroy(struct stage *st)
{
    device_libusb_destroy(self.host);
    eventlog_destroy(self.log);
    usbfs_end(&self.kernel);
    sim_bus_destroy(st->bus);
}

struct usbip_backend *stage_backend(struct stage *st)
{
    (void)st;
    return self.backend;
}

bool stage_backend_run(struct stage *st)
{
    struct pollfd fd = {.fd = device_libusb_fd(self.host), .events = POLLIN};
    bool any = usbfs_run(&self.kernel, st->now_us);
    if (poll(&fd, 1, 0) > 0) {
        device_libusb_ready(self.host);
        any = true;
    }
    self.turn_us = device_libusb_turn(self.host);
    any |= self.woken || self.turn_us <= st->now_us;
    self.woken = false;
    return any;
}

// What is in sysfs changes with a message here: the worker's look every few seconds shows nothing.
uint64_t stage_backend_deadline(struct stage *st)
{
    uint64_t bus_us = usbfs_deadline(&self.kernel);
    return self.turn_us < bus_us && self.turn_us < st->now_us + SOON_US ? self.turn_us : bus_us;
}

void stage_backend_plugged(struct stage *st, const char *busid)
{
    uint64_t end_us = st->now_us + 10 * SECOND_US;
    stage_settle(st);
    while (!stage_delay_is_plugged(busid) && st->now_us < end_us)
        stage_advance(st, SECOND_US / 100);
}
