// SPDX-License-Identifier: Apache-2.0
// Who is there: what sysfs shows now against what is known. Worker thread.
#include "ports/linux/device_libusb_state.h"
#include "ports/linux/sysfs_file.h"
#include "ports/linux/sysfs_use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONFIGURE_US = 1000000, // within that time the kernel has configured a new device
    SOON_US = 50000,
    LATER_US = 5000000, // what no message tells of: holders, routes, connections, consoles
};

void device_look_again(struct device_libusb *h, uint64_t at_us)
{
    if (at_us < h->scan_us)
        h->scan_us = at_us;
}

void device_free(struct device *d)
{
    base_list_remove(&d->link); // those that are on none are lists of their own
    base_list_remove(&d->wish.link);
    base_list_remove(&d->loop_link);
    free(d->descriptors);
    free(d);
}

static void tell_gone(struct device *d)
{
    const struct device_note note = {.news = NEWS_GONE, .type = BACKEND_UNPLUGGED};
    base_list_remove(&d->link);
    if (!d->announced) {
        device_free(d);
        return;
    }
    d->gone_told = true;
    device_tell(d, &note);
}

static struct device *new_device(struct device_libusb *h, uint64_t now_us)
{
    struct device *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->host = h;
    d->fd = -1;
    d->since_us = now_us;
    base_list_init(&d->wish.link);
    base_list_init(&d->loop_link);
    for (unsigned i = 0; i < NEWS_COUNT; i++)
        base_list_init(&d->note[i].link);
    for (unsigned i = 0; i < DEVICE_PIPES; i++) {
        base_list_init(&d->pipe[i].waiting);
        base_list_init(&d->pipe[i].flying);
    }
    base_list_append(&h->known, &d->link);
    return d;
}

// A hub goes on as it is, without a look at who uses what is behind it.
static bool read_again(struct device *d)
{
    const char *root = d->host->config.root;
    char busid[USB_BUSID_SIZE];
    memcpy(busid, d->info.busid, sizeof busid);
    free(d->descriptors);
    d->descriptors = NULL;
    if (sysfs_device_read(root, busid, &d->info, &d->descriptors) != BASE_OK)
        return false;
    if (!d->info.is_hub)
        d->info.obstacle = sysfs_use(root, busid);
    return true;
}

// Told to the core when the kernel has configured it, or has had the time to.
static void announce_when_ready(struct device *d, uint64_t now_us)
{
    const struct device_note note = {.news = NEWS_PLUGGED, .type = BACKEND_PLUGGED};
    uint64_t patience_us = d->since_us + CONFIGURE_US;
    if (d->identity.active_config == 0 && now_us < patience_us) {
        device_look_again(d->host, now_us + SOON_US);
        return;
    }
    if (!read_again(d)) {
        device_look_again(d->host, now_us + SOON_US);
        device_free(d);
        return;
    }
    d->announced = true;
    device_tell(d, &note);
}

static struct device *find(struct device_libusb *h, const char *busid)
{
    BASE_LIST_FOR_EACH (struct device, d, &h->known, link) {
        if (strcmp(d->info.busid, busid) == 0)
            return d;
    }
    return NULL;
}

static bool is_same(const struct sysfs_identity *a, const struct sysfs_identity *b)
{
    return a->folder == b->folder && a->devnum == b->devnum;
}

// Has something changed of what the core was told? Not while a session has it: then the session
// changes the configuration, and the drivers are away.
static bool has_changed(const struct device *d, const struct sysfs_identity *now)
{
    return d->announced && !d->handle && !d->info.is_hub &&
           (now->active_config != d->info.active_config ||
            sysfs_use(d->host->config.root, d->info.busid) != d->info.obstacle);
}

static bool look_at(void *ctx, const char *busid)
{
    struct device_libusb *h = ctx;
    struct sysfs_identity now;
    uint64_t now_us = h->config.now_us(h->config.ctx);
    if (!sysfs_device_is_busid(busid) || !sysfs_device_identity(h->config.root, busid, &now))
        return false;
    struct device *d = find(h, busid);
    if (d && (!is_same(&d->identity, &now) || has_changed(d, &now))) {
        tell_gone(d);
        d = NULL;
    }
    if (!d) {
        d = new_device(h, now_us);
        if (!d)
            return false;
        snprintf(d->info.busid, sizeof d->info.busid, "%s", busid);
    }
    d->identity = now;
    if (!d->announced)
        announce_when_ready(d, now_us);
    return false;
}

static void drop_those_that_left(struct device_libusb *h)
{
    BASE_LIST_FOR_EACH (struct device, d, &h->known, link) {
        struct sysfs_identity now;
        if (!sysfs_device_identity(h->config.root, d->info.busid, &now))
            tell_gone(d);
    }
}

void device_scan(struct device_libusb *h)
{
    char folder[SYSFS_PATH_SIZE];
    h->scan_now = false;
    h->scan_us = h->config.now_us(h->config.ctx) + LATER_US;
    drop_those_that_left(h);
    snprintf(folder, sizeof folder, "%s/sys/bus/usb/devices", h->config.root);
    device_hub_scan(h, folder);
    (void)sysfs_any_name(folder, look_at, h);
}
