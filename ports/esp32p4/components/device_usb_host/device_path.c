// SPDX-License-Identifier: Apache-2.0
// Where a device is plugged in, which is its busid. The library (1.5.0) tells the number of the
// port, but leaves the hub out (its parent handle is NULL): a root port has its controller's
// number, 0 or 1, and a hub's ports count from 1. So the hub is found by elimination: which hub has
// that port, free as far as we know, with a device of that speed enabled in it. Newer libraries
// that do tell the parent are believed. Client task.
#include "device_parts.h"

#include "device_usb_host_speed.h"
#include "esp_log.h"

#include <stdio.h>

enum { PORT_ENABLED = 1 << 1, PORT_LOW_SPEED = 1 << 9, PORT_HIGH_SPEED = 1 << 10 };

static bool is_live(const struct device *d)
{
    return d->life == DEVICE_NEW || d->life == DEVICE_KNOWN;
}

struct device *device_at(struct device_usb_host *h, const struct device *parent, uint8_t root,
                         uint8_t port)
{
    for (unsigned i = 0; i < h->capacity; i++) {
        struct device *d = &h->devices[i];
        if (is_live(d) && d->place.found && !d->place.lost && d->place.parent == parent &&
            d->place.root == root && (!parent || d->place.port == port))
            return d;
    }
    return NULL;
}

static bool is_taken(struct device_usb_host *h, const struct device *parent, uint8_t root,
                     uint8_t port)
{
    const struct device *d = device_at(h, parent, root, port);
    return d && d->kind != DEVICE_OBSTACLE;
}

static void name_path(struct usb_device_info *info)
{
    (void)snprintf(info->path, sizeof info->path, "/usb_host/usb%u/%s", info->busnum, info->busid);
}

void device_path_set(struct device *d, struct device *parent, uint8_t root, uint8_t port)
{
    struct usb_device_info *info = &d->info;
    d->place.parent = parent;
    d->place.root = parent ? parent->place.root : root;
    d->place.port = port;
    info->busnum = (uint8_t)(d->place.root == 0 ? DEVICE_HIGH_SPEED_BUS : DEVICE_FULL_SPEED_BUS);
    if (parent)
        (void)snprintf(info->busid, sizeof info->busid, "%.25s.%u", parent->info.busid, port);
    else
        (void)snprintf(info->busid, sizeof info->busid, "%u-1", info->busnum);
    name_path(info);
    d->place.found = true;
}

// --- candidates ---------------------------------------------------------------------------------

static bool is_hub(const struct device *d)
{
    return d->kind == DEVICE_HUB && is_live(d) && !d->gone;
}

// The full-speed root port has the number of a hub's first port.
static bool root_fits(const struct device *d)
{
    struct device_usb_host *h = d->host;
    return d->place.port == 1 && h->config.full_speed_port && d->info.speed != USB_SPEED_HIGH &&
           !is_taken(h, NULL, 1, 1);
}

// Without split transactions a high-speed hub has high-speed devices only, and others none.
static bool hub_fits(const struct device *d, const struct device *hub)
{
    bool alike = (d->info.speed == USB_SPEED_HIGH) == (hub->info.speed == USB_SPEED_HIGH);
    unsigned ports = hub->hub->ports; // 0: not known yet
    return hub != d && alike && d->place.port > 0 && (ports == 0 || d->place.port <= ports) &&
           !is_taken(d->host, hub, hub->place.root, d->place.port);
}

static bool is_fresh(const struct device *d, const struct device *hub)
{
    return hub->hub->polled_us >= d->since_us;
}

static bool hub_shows(const struct device *d, const struct device *hub)
{
    unsigned status = d->place.port <= DEVICE_HUB_PORTS ? hub->hub->port[d->place.port].status : 0;
    bool low = (status & PORT_LOW_SPEED) != 0, high = (status & PORT_HIGH_SPEED) != 0;
    return status & PORT_ENABLED && low == (d->info.speed == USB_SPEED_LOW) &&
           (low || high == (d->info.speed == USB_SPEED_HIGH));
}

struct search {
    unsigned possible, shown;           // places that it may be in, and that show a device like it
    bool fresh;                         // all hubs have been asked since it came
    bool root;                          // one of the possible is the root port
    struct device *first, *first_shown; // hubs; NULL: the root port
};

static void search_root(const struct device *d, struct search *s)
{
    if (!root_fits(d))
        return;
    s->possible++;
    s->root = true;
    s->shown += device_usb_host_root_connected(1);
}

static void search_hub(const struct device *d, struct device *hub, struct search *s)
{
    if (!hub_fits(d, hub))
        return;
    if (s->possible++ == 0)
        s->first = hub;
    if (!is_fresh(d, hub)) {
        s->fresh = false;
        hub->hub->wanted = true;
    } else if (hub_shows(d, hub) && s->shown++ == 0) {
        s->first_shown = hub;
    }
}

static struct search search_places(struct device *d)
{
    struct search s = {.fresh = true};
    search_root(d, &s);
    for (unsigned i = 0; i < d->host->capacity; i++)
        if (is_hub(&d->host->devices[i]))
            search_hub(d, &d->host->devices[i], &s);
    return s;
}

// --- decision -----------------------------------------------------------------------------------

// Its hub is not served, for example. It works all the same, under a name that no place has.
static bool settle_nowhere(struct device *d, uint8_t root)
{
    struct usb_device_info *info = &d->info;
    device_path_set(d, NULL, root, 0);
    d->place.lost = true;
    (void)snprintf(info->busid, sizeof info->busid, "%u-0.%u", info->busnum, d->address);
    name_path(info);
    ESP_LOGW("usb_device", "%s: the hub of this device is not to be found", info->busid);
    return true;
}

// What is shown at that place as an obstacle goes first: it has the same busid. If somebody works
// there, one of the two was guessed wrong, and neither may be taken away.
static bool settle_at(struct device *d, struct device *parent, uint8_t root)
{
    if (parent && !parent->place.found)
        return false;
    root = parent ? parent->place.root : root;
    struct device *there = device_at(d->host, parent, root, parent ? d->place.port : 1);
    if (there && !there->gone && there->kind != DEVICE_OBSTACLE)
        return settle_nowhere(d, root);
    if (there) {
        there->gone = true;
        device_due(d->host, device_now_us(d->host) + DEVICE_RETRY_US);
        return false;
    }
    device_path_set(d, parent, root, parent ? d->place.port : 1);
    return true;
}

// True: it was looked for long enough. Else the next look is arranged.
static bool stop_looking(struct device *d)
{
    uint64_t now_us = device_now_us(d->host), limit_us = d->since_us + DEVICE_PATH_US;
    device_due(d->host, now_us < limit_us ? limit_us : now_us + DEVICE_RETRY_US);
    return now_us >= limit_us;
}

// A root port of the controller that the speed suggests.
static uint8_t likely_root(const struct device *d)
{
    const struct device_usb_host_config *c = &d->host->config;
    if (!c->high_speed_port)
        return 1;
    return d->info.speed != USB_SPEED_HIGH && d->place.port == 1 && c->full_speed_port ? 1 : 0;
}

static bool find_place(struct device *d)
{
    struct search s = search_places(d);
    if (s.possible == 0)
        return stop_looking(d) && settle_nowhere(d, likely_root(d));
    if (s.possible == 1)
        return settle_at(d, s.first, 1);
    if (s.fresh && s.shown > 0)
        return settle_at(d, s.first_shown, 1);
    return stop_looking(d) && settle_at(d, s.root ? NULL : s.first, 1);
}

// The library has named the hub.
static bool find_named(struct device *d)
{
    for (unsigned i = 0; i < d->host->capacity; i++) {
        struct device *hub = &d->host->devices[i];
        if (is_hub(hub) && hub->address == d->place.parent_address)
            return settle_at(d, hub, hub->place.root);
    }
    return stop_looking(d) && settle_nowhere(d, likely_root(d));
}

bool device_locate(struct device *d)
{
    const struct device_usb_host_config *c = &d->host->config;
    if (d->place.found)
        return true;
    if (d->place.parent_address != 0)
        return find_named(d);
    if (d->place.port == 0)
        return settle_at(d, NULL, c->high_speed_port ? 0 : 1);
    return find_place(d);
}
