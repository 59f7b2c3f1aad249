// SPDX-License-Identifier: Apache-2.0
#include "tests/usbfs/usbfs_host.h"

#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <poll.h>

enum { EVENTS = 64, SOON_US = 1000000 };

static void wake(void *ctx)
{
    ((struct usbfs_host *)ctx)->woken = true;
}

static uint64_t clock_us(void *ctx)
{
    return *((struct usbfs_host *)ctx)->now_us;
}

void usbfs_host_begin(struct usbfs_host *h, struct sim_bus *bus, const uint64_t *now_us)
{
    const char *why;
    *h = (struct usbfs_host){.now_us = now_us};
    usbfs_begin(&h->kernel, bus);
    h->log = eventlog_create(&heap, EVENTS);
    CHECK(h->log);
    const struct device_libusb_config config = {
        .root = h->kernel.tree.root, .log = h->log, .wake = wake, .now_us = clock_us, .ctx = h};
    h->libusb = device_libusb_create(&config, &why);
    CHECK(h->libusb);
}

void usbfs_host_end(struct usbfs_host *h)
{
    device_libusb_destroy(h->libusb);
    eventlog_destroy(h->log);
    usbfs_end(&h->kernel);
}

bool usbfs_host_run(struct usbfs_host *h)
{
    struct pollfd fd = {.fd = device_libusb_fd(h->libusb), .events = POLLIN};
    bool any = usbfs_run(&h->kernel, *h->now_us);
    if (poll(&fd, 1, 0) > 0) {
        device_libusb_ready(h->libusb);
        any = true;
    }
    h->turn_us = device_libusb_turn(h->libusb);
    any |= h->woken || h->turn_us <= *h->now_us;
    h->woken = false;
    return any;
}

// What is in sysfs changes with a message here: the worker's look every few seconds shows nothing.
uint64_t usbfs_host_deadline(struct usbfs_host *h)
{
    uint64_t bus_us = usbfs_deadline(&h->kernel);
    return h->turn_us < bus_us && h->turn_us < *h->now_us + SOON_US ? h->turn_us : bus_us;
}
