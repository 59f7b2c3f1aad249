// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/device_rig.h"

#include "device_state.h"
#include "device_usb_host_speed.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

enum { TURNS_MAX = 2000, LOG_EVENTS = 256 };

// In the chip a register; here the buses are as fast as what is plugged in.
static unsigned speed_checks;

unsigned device_rig_speed_checks(void)
{
    return speed_checks;
}

void device_usb_host_speed_full_only(void)
{
    speed_checks++;
}

unsigned device_usb_host_packets_max(unsigned port)
{
    return usb_host_double_packets_max(port);
}

bool device_usb_host_root_connected(unsigned port)
{
    return usb_host_double_connected(port);
}

static uint64_t rig_now_us(void *ctx)
{
    const struct device_rig *r = ctx;
    return r->library.now_us(r->library.ctx);
}

static void rig_wake(void *ctx)
{
    const struct device_rig *r = ctx;
    if (r->wake)
        r->wake();
}

void device_rig_begin(struct device_rig *r, const struct usb_host_double_config *library,
                      void (*wake)(void))
{
    const char *why = "";
    const struct device_usb_host_config config = {
        .high_speed_port = true,
        .full_speed_port = library->bus[1] != NULL,
        .log = eventlog_create(&heap, LOG_EVENTS),
        .max_devices = 16,
        .now_us = rig_now_us,
        .wake = rig_wake,
        .ctx = r,
    };
    *r = (struct device_rig){.library = *library, .wake = wake, .log = config.log};
    usb_host_double_begin(library);
    r->host = device_usb_host_create(&config, &why);
    if (!r->host)
        check_fail(__FILE__, __LINE__, "%s", why);
}

void device_rig_end(struct device_rig *r)
{
    CHECK(device_usb_host_destroy(r->host));
    usb_host_double_end();
    eventlog_destroy(r->log);
}

unsigned device_rig_events(const struct device_rig *r, enum eventlog_type type,
                           struct eventlog_event *last)
{
    const struct eventlog_event *e;
    unsigned n = 0;
    for (uint64_t at = 0; (e = eventlog_next(r->log, at)); at = e->number) {
        if (e->what.type != type)
            continue;
        n++;
        if (last)
            *last = *e;
    }
    return n;
}

static bool client_is_due(const struct device_rig *r)
{
    return r->host->due_us <= rig_now_us((void *)(uintptr_t)r);
}

void device_rig_settle(struct device_rig *r)
{
    unsigned turns = 0;
    while (!usb_host_double_idle() || client_is_due(r)) {
        device_usb_host_library_turn(r->host, 0);
        device_usb_host_client_turn(r->host, 0);
        CHECK(++turns < TURNS_MAX); // else the tasks would spin
    }
}

uint64_t device_rig_deadline(struct device_rig *r)
{
    uint64_t bus_us = usb_host_double_next_deadline();
    return bus_us < r->host->due_us ? bus_us : r->host->due_us;
}
