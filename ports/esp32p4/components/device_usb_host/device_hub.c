// SPDX-License-Identifier: Apache-2.0
// Hubs belong to the library's own hub driver, which tells clients nothing of them. We look at the
// list of addresses for new ones, show them, and ask their ports about once a second: where devices
// are plugged in (device_path.c), and which ones nobody can serve. A hub is open in the library
// only while it is asked: of one that is open the library does not say when it goes, and its port
// would stay dead. Client task.
#include "device_parts.h"

#include "device_usb_host_speed.h"

#include <stdlib.h>
#include <string.h>

enum {
    SETUP_SIZE = 8,
    HUB_DESCRIPTOR = 0x2900, // wValue: type 0x29, USB 2.0 11.23.2.1
    HUB_DESCRIPTOR_SIZE = 8,
    PORT_STATUS_SIZE = 4,
    FROM_HUB = 0xa0,  // bmRequestType: class, device
    FROM_PORT = 0xa3, // class, other
    CONNECTED = 1 << 0,
    ENABLED = 1 << 1,
    IN_RESET = 1 << 4,
    LOW_SPEED = 1 << 9,
    HIGH_SPEED = 1 << 10,
    STUCK = 2, // looks in a row
    OBSTACLE_DEVNUM = 128,
};

// --- what cannot be served ----------------------------------------------------------------------

static unsigned channels_of(const struct device *d)
{
    unsigned n = d->kind == DEVICE_HUB ? 2 : 1;
    for (unsigned i = 0; i < DEVICE_PIPES; i++)
        n += d->pipe[i] != NULL;
    return d->kind == DEVICE_OBSTACLE ? 0 : n;
}

static bool has_channel(const struct device_usb_host *h, uint8_t root)
{
    unsigned n = 0;
    for (unsigned i = 0; i < h->capacity; i++) {
        const struct device *d = &h->devices[i];
        if (d->life != DEVICE_FREE && d->life != DEVICE_LEFT && d->place.found &&
            d->place.root == root)
            n += channels_of(d);
    }
    return n < (unsigned)(root == 0 ? DEVICE_HIGH_SPEED_CHANNELS : DEVICE_FULL_SPEED_CHANNELS);
}

static void show_obstacle(struct device_usb_host *h, struct device *parent, uint8_t root,
                          uint8_t port, enum usb_obstacle why, enum usb_speed speed)
{
    struct device *d = device_new(h, DEVICE_OBSTACLE);
    if (!d)
        return;
    device_path_set(d, parent, root, port);
    d->info.speed = speed;
    d->info.devnum = (uint8_t)(OBSTACLE_DEVNUM + (d - h->devices));
    if (why == USB_OBSTACLE_ENUMERATION && !has_channel(h, d->place.root))
        why = USB_OBSTACLE_HOST_FULL;
    else if (why == USB_OBSTACLE_ENUMERATION && atomic_exchange(&h->scan.accepted, false))
        why = USB_OBSTACLE_CONFIGURATION; // it has given its device descriptor
    d->info.obstacle = why;
    device_announce(d);
}

// The library enumerates one device after the other: while devices come up, others have to wait.
static bool is_quiet(const struct device_usb_host *h)
{
    return device_now_us(h) >= h->scan.arrived_us + DEVICE_QUIET_US;
}

static void judge_port(struct device *hub, uint8_t port)
{
    struct device_usb_host *h = hub->host;
    struct device_hub_port *p = &hub->hub->port[port];
    struct device *there = device_at(h, hub, hub->place.root, port);
    bool unserved = p->status & CONNECTED && !(p->status & (ENABLED | IN_RESET));
    if (there && there->kind == DEVICE_OBSTACLE) {
        if (!unserved)
            there->gone = true;
        return;
    }
    p->stuck = unserved && !there && is_quiet(h) ? p->stuck + 1 : 0;
    if (p->stuck < STUCK)
        return;
    p->stuck = 0;
    bool high = (p->status & HIGH_SPEED) != 0, low = (p->status & LOW_SPEED) != 0;
    bool split = hub->info.speed == USB_SPEED_HIGH && (low || !high);
    show_obstacle(h, hub, hub->place.root, port,
                  split ? USB_OBSTACLE_SPEED : USB_OBSTACLE_ENUMERATION,
                  low    ? USB_SPEED_LOW
                  : high ? USB_SPEED_HIGH
                         : USB_SPEED_FULL);
}

static void judge_root(struct device_usb_host *h, uint8_t root)
{
    struct device *there = device_at(h, NULL, root, 1);
    uint64_t *since_us = &h->scan.root_since_us[root], now_us = device_now_us(h);
    bool connected = device_usb_host_root_connected(root);
    if (there && there->kind == DEVICE_OBSTACLE) {
        if (!connected)
            there->gone = true;
        return;
    }
    if (!connected || there || !is_quiet(h) || *since_us == 0)
        *since_us = connected && !there ? now_us : 0;
    else if (now_us - *since_us >= DEVICE_ROOT_PATIENCE_US)
        show_obstacle(h, NULL, root, 1, USB_OBSTACLE_ENUMERATION, USB_SPEED_UNKNOWN);
}

// --- asking a hub -------------------------------------------------------------------------------

static void tell_ports(struct device *d, unsigned ports)
{
    pthread_mutex_lock(&d->host->lock);
    d->shared.hub_ports = ports;
    pthread_mutex_unlock(&d->host->lock);
}

static void hub_answered(usb_transfer_t *t)
{
    struct device *d = t->context;
    struct device_hub *hub = d->hub;
    const uint8_t *data = t->data_buffer + SETUP_SIZE;
    int size = t->actual_num_bytes - SETUP_SIZE;
    bool good = t->status == USB_TRANSFER_STATUS_COMPLETED;
    unsigned known = hub->ports;
    d->host->called = true;
    hub->busy = false;
    hub->done_turn = device_turn(d->host);
    if (hub->asking == 0 && good && size >= HUB_DESCRIPTOR_SIZE - 1)
        hub->ports = data[2] < DEVICE_HUB_PORTS ? data[2] : DEVICE_HUB_PORTS;
    else if (hub->asking > 0)
        hub->port[hub->asking].status =
            (uint16_t)(good && size >= PORT_STATUS_SIZE ? data[0] | data[1] << 8 : 0);
    hub->broken = !good && t->status != USB_TRANSFER_STATUS_STALL;
    hub->asking++;
    if (hub->ports != known)
        tell_ports(d, hub->ports);
}

static bool ask_hub(struct device *d)
{
    struct device_hub *hub = d->hub;
    usb_transfer_t *t = hub->transfer;
    uint16_t size = hub->asking == 0 ? HUB_DESCRIPTOR_SIZE : PORT_STATUS_SIZE;
    struct usb_setup setup = {
        .bmRequestType = hub->asking == 0 ? FROM_HUB : FROM_PORT,
        .bRequest = hub->asking == 0 ? USB_REQ_GET_DESCRIPTOR : USB_REQ_GET_STATUS,
        .wValue = hub->asking == 0 ? HUB_DESCRIPTOR : 0,
        .wIndex = (uint16_t)hub->asking,
        .wLength = size,
    };
    usb_setup_pack(t->data_buffer, &setup);
    t->num_bytes =
        SETUP_SIZE + (size + d->max_packet_size0 - 1) / d->max_packet_size0 * d->max_packet_size0;
    t->device_handle = hub->handle;
    t->bEndpointAddress = 0;
    t->callback = hub_answered;
    t->context = d;
    hub->busy = usb_host_transfer_submit_control(d->host->client, t) == ESP_OK;
    return hub->busy;
}

static void open_hub(struct device *d)
{
    struct device_hub *hub = d->hub;
    esp_err_t err = usb_host_device_open(d->host->client, d->address, &hub->handle);
    if (err != ESP_OK) {
        hub->handle = NULL;
        d->gone = err != ESP_ERR_NOT_ALLOWED; // it went
        return;
    }
    hub->wanted = hub->broken = false;
    hub->begun_us = device_now_us(d->host);
    hub->asking = hub->ports ? 1 : 0;
}

// True: answers are all here, or there will be none.
static bool is_asking_over(const struct device *d)
{
    return d->gone || d->hub->broken || d->hub->asking > d->hub->ports;
}

static void judge_ports(struct device *d)
{
    struct device_hub *hub = d->hub;
    if (hub->broken || d->gone || !d->place.found)
        return;
    for (unsigned i = 1; i <= hub->ports; i++)
        judge_port(d, (uint8_t)i);
}

static bool go_on_asking(struct device *d)
{
    struct device_usb_host *h = d->host;
    struct device_hub *hub = d->hub;
    if (hub->busy)
        return false;
    if (!is_asking_over(d)) {
        if (ask_hub(d))
            return true;
        hub->broken = true; // next time
    }
    if (!hub->broken && !d->gone)
        hub->polled_us = hub->begun_us;
    if (!device_counted(h, hub->done_turn))
        return false;
    (void)usb_host_device_close(h->client, hub->handle);
    hub->handle = NULL;
    judge_ports(d);
    return true; // somebody may have waited to know where it is
}

// A hub that goes takes along what it shows as obstacles.
static void end_hub(struct device *d)
{
    for (unsigned i = 0; i < d->host->capacity; i++)
        if (d->host->devices[i].kind == DEVICE_OBSTACLE && d->host->devices[i].place.parent == d)
            d->host->devices[i].gone = true;
    (void)usb_host_transfer_free(d->hub->transfer);
    free(d->hub);
    d->hub = NULL;
    tell_ports(d, 0);
}

bool device_hub_run(struct device *d)
{
    struct device_hub *hub = d->hub;
    if (hub->handle)
        return go_on_asking(d);
    if (d->gone) {
        end_hub(d);
        return false;
    }
    bool any = d->life == DEVICE_NEW && device_locate(d);
    if (any)
        device_announce(d);
    if (hub->wanted && !d->host->ending)
        open_hub(d);
    return (hub->handle && go_on_asking(d)) || any;
}

// --- looking for hubs ---------------------------------------------------------------------------

void device_hub_found(struct device *d)
{
    (void)usb_host_device_close(d->host->client, d->handle);
    d->handle = NULL;
    d->kind = DEVICE_HUB;
    d->info.is_hub = true;
    d->hub = calloc(1, sizeof *d->hub);
    if (d->hub && device_transfer_alloc(DEVICE_HUB_BYTES, 0, &d->hub->transfer) == ESP_OK) {
        d->hub->wanted = true;
        return;
    }
    free(d->hub);
    d->hub = NULL;
    d->gone = true; // no memory: the next scan tries again
}

void device_hub_scan(struct device_usb_host *h, const uint8_t *addresses, size_t n)
{
    for (unsigned i = 0; i < h->capacity; i++) {
        struct device *d = &h->devices[i];
        if (d->kind != DEVICE_HUB || (d->life != DEVICE_NEW && d->life != DEVICE_KNOWN))
            continue;
        if (!memchr(addresses, d->address, n))
            d->gone = true;
        else if (d->hub)
            d->hub->wanted = true;
    }
    if (h->config.high_speed_port)
        judge_root(h, 0);
    if (h->config.full_speed_port)
        judge_root(h, 1);
}
