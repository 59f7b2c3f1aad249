// SPDX-License-Identifier: Apache-2.0
#include "tests/support/check.h"
#include "tests/usbfs/usbfs_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct usbip_backend *bus_of(const struct usbfs *k)
{
    return sim_bus_backend(k->bus);
}

static void send_uevent(struct usbfs *k)
{
    (void)!send(k->uevents[1], "change", 6, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// --- devices -------------------------------------------------------------------------------------

static void plugged(struct usbfs *k, const struct backend_event *ev)
{
    char node[64];
    struct usbfs_device *d = calloc(1, sizeof *d);
    CHECK(d);
    d->kernel = k;
    d->handle = ev->device;
    d->info = *ev->info;
    base_list_append(&k->devices, &d->link);
    uint8_t config = d->info.active_config;
    d->info.active_config = 0;
    sysfs_tree_device(&k->tree, &d->info);
    d->info.active_config = config;
    snprintf(node, sizeof node, "/dev/bus/usb/%03u/%03u", d->info.busnum, d->info.devnum);
    sysfs_tree_put(&k->tree, node, "%s", "");
    usbfs_configured(d, config);
    bus_of(k)->open(bus_of(k), d->handle);
    send_uevent(k);
}

static struct usbfs_device *of_handle(struct usbfs *k, const void *handle)
{
    BASE_LIST_FOR_EACH (struct usbfs_device, d, &k->devices, link) {
        if (d->handle == handle)
            return d;
    }
    check_fail(__FILE__, __LINE__, "an event of a device that is not there");
}

// The bus has given its URBs back before. Those that it never had go now.
static void unplugged(struct usbfs *k, struct usbfs_device *d)
{
    char node[64];
    d->handle = NULL;
    snprintf(node, sizeof node, "/dev/bus/usb/%03u/%03u", d->info.busnum, d->info.devnum);
    sysfs_tree_delete(&k->tree, node);
    sysfs_tree_device_gone(&k->tree, d->info.busid);
    BASE_LIST_FOR_EACH (struct usbfs_file, f, &k->files, link) {
        if (f->device != d)
            continue;
        usbfs_kill(f, USBFS_ALL, -ESHUTDOWN);
        usbfs_file_disconnect(f);
    }
    if (d->files == 0) {
        base_list_remove(&d->link);
        free(d);
    }
    send_uevent(k);
}

static void take(struct usbfs *k, const struct backend_event *ev)
{
    if (ev->type == BACKEND_PLUGGED) {
        plugged(k, ev);
    } else if (ev->type == BACKEND_UNPLUGGED) {
        unplugged(k, of_handle(k, ev->device));
    } else if (ev->type == BACKEND_URB_DONE) {
        usbfs_urb_done(ev->urb);
    } else if (ev->type == BACKEND_CONTROL_DONE) {
        struct usbfs_device *d = of_handle(k, ev->device);
        d->op_done = true;
        d->op_status = ev->status;
    }
}

static bool take_all(struct usbfs *k)
{
    struct backend_event ev;
    bool any = false;
    while (bus_of(k)->take_event(bus_of(k), k->now_us, &ev)) {
        take(k, &ev);
        any = true;
    }
    return any;
}

static void pump(struct usbfs *k)
{
    (void)take_all(k);
}

struct usbfs_device *usbfs_at(const struct usbfs *k, unsigned busnum, unsigned devnum)
{
    BASE_LIST_FOR_EACH (struct usbfs_device, d, &k->devices, link) {
        if (d->handle && d->info.busnum == busnum && d->info.devnum == devnum)
            return d;
    }
    return NULL;
}

int usbfs_fault(struct usbfs *k)
{
    if (++k->calls != k->fault_at)
        return 0;
    if (k->fault_dies) {
        (void)sim_unplug(k->bus, k->fault_dies);
        pump(k);
    }
    return k->fault;
}

// --- for tests -----------------------------------------------------------------------------------

static const struct usbfs_device *of_busid(const struct usbfs *k, const char *busid)
{
    BASE_LIST_FOR_EACH (struct usbfs_device, d, &k->devices, link) {
        if (d->handle && strcmp(d->info.busid, busid) == 0)
            return d;
    }
    check_fail(__FILE__, __LINE__, "nothing in %s", busid);
}

int usbfs_driver(const struct usbfs *k, const char *busid, unsigned n)
{
    return of_busid(k, busid)->driver[n];
}

uint8_t usbfs_config(const struct usbfs *k, const char *busid)
{
    return of_busid(k, busid)->config;
}

unsigned usbfs_open_files(const struct usbfs *k)
{
    unsigned count = 0;
    BASE_LIST_FOR_EACH (struct usbfs_file, f, &k->files, link) {
        count++;
    }
    return count;
}

bool usbfs_run(struct usbfs *k, uint64_t now_us)
{
    usbfs_lock();
    k->now_us = now_us;
    bool any = take_all(k);
    usbfs_unlock();
    return any;
}

uint64_t usbfs_deadline(struct usbfs *k)
{
    return bus_of(k)->next_deadline(bus_of(k));
}

void usbfs_begin(struct usbfs *k, struct sim_bus *bus)
{
    *k = (struct usbfs){.bus = bus, .pump = pump, .memory_limit = 16 << 20};
    k->capabilities = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
                      USBDEVFS_CAP_REAP_AFTER_DISCONNECT | USBDEVFS_CAP_DROP_PRIVILEGES |
                      USBDEVFS_CAP_CONNINFO_EX | USBDEVFS_CAP_BULK_SCATTER_GATHER;
    base_list_init(&k->devices);
    base_list_init(&k->files);
    sysfs_tree_make(&k->tree);
    sysfs_tree_put(&k->tree, "/sys/bus/usb/devices/usb1/busnum", "1\n");
    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, k->uevents), 0);
    usbfs_calls_to(k);
}

void usbfs_end(struct usbfs *k)
{
    usbfs_calls_to(NULL);
    CHECK(base_list_empty(&k->files));
    CHECK_EQ(k->memory, 0);
    BASE_LIST_FOR_EACH (struct usbfs_device, d, &k->devices, link) {
        free(d);
    }
    close(k->uevents[1]);
    sysfs_tree_remove(&k->tree);
}
