// SPDX-License-Identifier: Apache-2.0
#include "tests/usbfs/usbfs_rig.h"

#include <string.h>

static struct usbfs_rig *of(struct rig *r)
{
    return BASE_CONTAINER(r, struct usbfs_rig, r);
}

static void turns(struct rig *r)
{
    for (unsigned i = 0; usbfs_host_run(&of(r)->host); i++)
        CHECK(i < 1000); // else it spins
}

static uint64_t deadline(struct rig *r)
{
    return usbfs_host_deadline(&of(r)->host);
}

void usbfs_rig_begin(struct usbfs_rig *u)
{
    rig_begin(&u->r);
    usbfs_host_begin(&u->host, u->r.bus, &u->r.now_us);
    u->r.backend = device_libusb_backend(u->host.libusb);
    u->r.turns = turns;
    u->r.tasks_deadline = deadline;
}

void usbfs_rig_begin_d1(struct usbfs_rig *u)
{
    usbfs_rig_begin(u);
    rig_start(&u->r, sim_faulty_create(u->r.bus, &sim_faulty_d1), 0);
}

void usbfs_rig_end(struct usbfs_rig *u)
{
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        if (u->r.devices[i].open)
            rig_close(&u->r.devices[i]);
    rig_settle(&u->r);
    CHECK_EQ(u->r.urbs, 0);
    CHECK_EQ(usbfs_open_files(&u->host.kernel), 0);
    usbfs_host_end(&u->host);
    u->r.turns = NULL;
    u->r.backend = sim_bus_backend(u->r.bus);
    sim_bus_destroy(u->r.bus);
    CHECK_EQ(u->r.heap.blocks, 0);
}

unsigned usbfs_rig_events(struct usbfs_rig *u, enum eventlog_type type)
{
    const struct eventlog_event *e;
    unsigned count = 0;
    for (uint64_t n = 0; (e = eventlog_next(u->host.log, n)); n = e->number)
        count += e->what.type == type;
    return count;
}

void usbfs_rig_check_event(struct usbfs_rig *u, const char *words)
{
    const struct eventlog_event *e, *last = NULL;
    char text[400];
    for (uint64_t n = 0; (e = eventlog_next(u->host.log, n)); n = e->number)
        last = e;
    CHECK(last);
    (void)eventlog_text(last, text, sizeof text);
    if (!strstr(text, words))
        check_fail(__FILE__, __LINE__, "\"%s\" has no \"%s\"", text, words);
}
