// SPDX-License-Identifier: Apache-2.0
#include "tests/support/stage_backend.h"
#include "tests/support/stage_delay.h"
#include "tests/usbfs/usbfs_host.h"

enum { SECOND_US = 1000000 };

static struct usbfs_host host;
static struct usbip_backend *delayed;

const struct stage_abilities stage_abilities = {.takes_back_control = true,
                                                .resets = true,
                                                .tells_partial = true,
                                                .exact_requests = true,
                                                .claims_anything = true,
                                                .translates = true,
                                                .session_requests = 2};

bool stage_backend_create(struct stage *st)
{
    st->bus = sim_bus_create(&st->heap.alloc, 1);
    if (!st->bus)
        return false;
    usbfs_host_begin(&host, st->bus, &st->now_us);
    delayed = stage_delay_begin(st, device_libusb_backend(host.libusb));
    return true;
}

void stage_backend_destroy(struct stage *st)
{
    usbfs_host_end(&host);
    sim_bus_destroy(st->bus);
}

struct usbip_backend *stage_backend(struct stage *st)
{
    (void)st;
    return delayed;
}

bool stage_backend_run(struct stage *st)
{
    (void)st;
    return usbfs_host_run(&host);
}

uint64_t stage_backend_deadline(struct stage *st)
{
    (void)st;
    return usbfs_host_deadline(&host);
}

void stage_backend_plugged(struct stage *st, const char *busid)
{
    uint64_t end_us = st->now_us + 10 * SECOND_US;
    stage_settle(st);
    while (!stage_delay_is_plugged(busid) && st->now_us < end_us)
        stage_advance(st, SECOND_US / 100);
}
