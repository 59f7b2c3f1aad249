// SPDX-License-Identifier: Apache-2.0
// Hubs, their ports, and power. The worker finds the hubs, asks each once how it switches, and
// switches; the loop reads the list under the lock. Only the worker changes it, also under the
// lock.
#include "ports/linux/device_libusb_state.h"
#include "ports/linux/sysfs_file.h"
#include "ports/linux/usbfs_hub.h"

#include "base/base_text.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct device_hub *find_hub(const struct device_libusb *h, const char *name)
{
    BASE_LIST_FOR_EACH (struct device_hub, hub, &h->hubs, link) {
        if (strcmp(hub->is.name, name) == 0)
            return hub;
    }
    return NULL;
}

// NULL: there is no such port.
static struct device_port *find_port(const struct device_libusb *h, const char *name,
                                     struct device_hub **hub)
{
    char hub_name[USB_BUSID_SIZE];
    uint8_t number;
    *hub = sysfs_hub_of_port(name, hub_name, &number) ? find_hub(h, hub_name) : NULL;
    return *hub && number <= (*hub)->is.ports ? &(*hub)->port[number - 1] : NULL;
}

// --- looking -------------------------------------------------------------------------------------

static bool is_super(const struct device_hub *hub)
{
    return hub->is.speed == USB_SPEED_SUPER;
}

static void ask_ports(const struct device_libusb *h, struct device_hub *hub, int fd)
{
    for (unsigned i = 0; i < hub->is.ports; i++) {
        uint8_t number = (uint8_t)(i + 1);
        int on = sysfs_hub_port_on(h->config.root, hub->is.name, number);
        if (on < 0)
            on = usbfs_hub_port_on(fd, is_super(hub), number);
        hub->port[i].on = on != 0;
        sysfs_hub_twin(h->config.root, hub->is.name, number, hub->port[i].twin);
    }
}

static void ask_hub(const struct device_libusb *h, struct device_hub *hub)
{
    for (unsigned i = 0; i < hub->is.ports; i++)
        hub->port[i] = (struct device_port){.on = true, .claim = -1};
    if (hub->is.is_foreign)
        return;
    int fd = usbfs_hub_open(h->config.root, hub->is.busnum, hub->is.devnum);
    if (fd < 0)
        return;
    hub->power = usbfs_hub_power(fd, is_super(hub));
    if (hub->power == BACKEND_POWER_SINGLE)
        ask_ports(h, hub, fd);
    close(fd);
}

static void name_bus(const struct device_libusb *h, struct device_hub *hub)
{
    char folder[SYSFS_PATH_SIZE], line[SYSFS_LINE_SIZE] = "";
    if (hub->is.is_root && !hub->is.is_foreign &&
        sysfs_device_folder(h->config.root, hub->is.name, folder, sizeof folder))
        (void)sysfs_line(folder, "product", line, sizeof line);
    const char *name = hub->is.is_foreign ? "devices over USB/IP" : line[0] ? line : "USB bus";
    (void)base_text_copy(hub->bus_name, sizeof hub->bus_name, name);
}

static void free_hub(struct device_hub *hub)
{
    base_list_remove(&hub->link);
    for (unsigned i = 0; i < hub->is.ports; i++)
        if (hub->port[i].claim >= 0)
            close(hub->port[i].claim);
    free(hub);
}

static void change(struct device_libusb *h, struct device_hub *gone, struct device_hub *come)
{
    pthread_mutex_lock(&h->lock);
    if (gone)
        base_list_remove(&gone->link);
    if (come)
        base_list_append(&h->hubs, &come->link);
    pthread_mutex_unlock(&h->lock);
    if (gone)
        free_hub(gone);
}

static bool is_same(const struct sysfs_hub *a, const struct sysfs_hub *b)
{
    return a->folder == b->folder && a->ports == b->ports;
}

static bool look_at(void *ctx, const char *name)
{
    struct device_libusb *h = ctx;
    struct sysfs_hub now;
    struct device_hub *known = find_hub(h, name), *hub;
    if (!sysfs_hub_read(h->config.root, name, &now) || (known && is_same(&known->is, &now)))
        return false;
    hub = calloc(1, sizeof *hub + now.ports * sizeof hub->port[0]);
    if (!hub)
        return false; // the next look tries again
    hub->is = now;
    base_list_init(&hub->link);
    ask_hub(h, hub);
    name_bus(h, hub);
    change(h, known, hub);
    return false;
}

void device_hub_scan(struct device_libusb *h, const char *folder)
{
    struct sysfs_hub now;
    BASE_LIST_FOR_EACH (struct device_hub, hub, &h->hubs, link) {
        if (!sysfs_hub_read(h->config.root, hub->is.name, &now))
            change(h, hub, NULL);
    }
    (void)sysfs_any_name(folder, look_at, h);
}

// --- switching (worker) --------------------------------------------------------------------------

static enum base_err result_of(int error)
{
    switch (error) {
    case 0:
        return BASE_OK;
    case EACCES:
    case EPERM:
    case EROFS:
        return BASE_ERR_UNSUPPORTED;
    case ENODEV:
    case ENOENT:
        return BASE_ERR_GONE;
    default:
        return BASE_ERR_IO;
    }
}

// Without the kernel's file: by requests to the hub. A port that is off stays claimed.
static int set_by_requests(const struct device_libusb *h, const struct device_hub *hub,
                           struct device_port *p, uint8_t number, bool on)
{
    int fd =
        p->claim >= 0 ? p->claim : usbfs_hub_open(h->config.root, hub->is.busnum, hub->is.devnum);
    int error = fd < 0 ? errno : usbfs_hub_set_port(fd, number, on);
    p->claim = error == 0 && !on ? fd : -1;
    if (fd >= 0 && p->claim < 0)
        close(fd);
    return error;
}

static enum base_err set_one(struct device_libusb *h, const char *name, bool on)
{
    struct device_hub *hub;
    struct device_port *p = find_port(h, name, &hub);
    if (!p)
        return BASE_ERR_GONE;
    uint8_t number = (uint8_t)(p - hub->port + 1);
    int error = sysfs_hub_set_port(h->config.root, hub->is.name, number, on);
    if (error == ENOENT)
        error = set_by_requests(h, hub, p, number, on);
    if (error)
        return result_of(error);
    int really = sysfs_hub_port_on(h->config.root, hub->is.name, number);
    pthread_mutex_lock(&h->lock);
    p->on = really < 0 ? on : really;
    pthread_mutex_unlock(&h->lock);
    return p->on == on ? BASE_OK : BASE_ERR_IO;
}

// A socket has power as long as one of its two ports has.
static enum base_err set_both(struct device_libusb *h, const char *name, bool on)
{
    struct device_hub *hub;
    const struct device_port *p = find_port(h, name, &hub);
    char twin[USB_BUSID_SIZE] = "";
    if (p)
        memcpy(twin, p->twin, sizeof twin);
    enum base_err result = set_one(h, name, on);
    return result == BASE_OK && twin[0] ? set_one(h, twin, on) : result;
}

static bool take_wish(struct device_libusb *h, struct device_switch *wish)
{
    pthread_mutex_lock(&h->lock);
    bool any = h->wanted.count > 0;
    if (any) {
        *wish = h->wanted.at[0];
        memmove(h->wanted.at, h->wanted.at + 1, --h->wanted.count * sizeof *wish);
    }
    pthread_mutex_unlock(&h->lock);
    return any;
}

void device_hub_switch(struct device_libusb *h)
{
    struct device_switch wish;
    while (take_wish(h, &wish)) {
        wish.result = set_both(h, wish.port, wish.on);
        pthread_mutex_lock(&h->lock);
        h->switched.at[h->switched.count++] = wish;
        pthread_mutex_unlock(&h->lock);
        h->scan_now = true;
        h->config.wake(h->config.ctx);
    }
}

void device_hub_free_all(struct device_libusb *h)
{
    BASE_LIST_FOR_EACH (struct device_hub, hub, &h->hubs, link) {
        free_hub(hub);
    }
}

// --- what the loop sees --------------------------------------------------------------------------

bool device_hub_bus(struct device_libusb *h, unsigned i, struct backend_bus *out)
{
    bool found = false;
    pthread_mutex_lock(&h->lock);
    BASE_LIST_FOR_EACH (const struct device_hub, hub, &h->hubs, link) {
        if (!hub->is.is_root || i-- > 0)
            continue;
        memcpy(h->bus_name, hub->bus_name, sizeof h->bus_name);
        *out = (struct backend_bus){.name = h->bus_name,
                                    .busnum = hub->is.busnum,
                                    .speed = hub->is.speed,
                                    .ports = hub->is.ports};
        found = true;
        break;
    }
    pthread_mutex_unlock(&h->lock);
    return found;
}

unsigned device_hub_ports(struct device_libusb *h, const char *name)
{
    pthread_mutex_lock(&h->lock);
    const struct device_hub *hub = find_hub(h, name);
    unsigned ports = hub ? hub->is.ports : 0;
    pthread_mutex_unlock(&h->lock);
    return ports;
}

bool device_hub_port(struct device_libusb *h, const char *name, struct backend_port *out)
{
    struct device_hub *hub;
    pthread_mutex_lock(&h->lock);
    const struct device_port *p = find_port(h, name, &hub);
    if (p) {
        *out = (struct backend_port){.power = hub->power, .on = p->on};
        memcpy(out->twin, p->twin, sizeof out->twin);
    }
    pthread_mutex_unlock(&h->lock);
    return p != NULL;
}

void device_hub_ask(struct device_libusb *h, const char *name, bool on)
{
    struct device_switch wish = {.on = on};
    (void)base_text_copy(wish.port, sizeof wish.port, name);
    pthread_mutex_lock(&h->lock);
    assert(h->wanted.count + h->switched.count < DEVICE_SWITCHES);
    h->wanted.at[h->wanted.count++] = wish;
    pthread_mutex_unlock(&h->lock);
    device_wake_worker(h);
}

bool device_hub_switched(struct device_libusb *h, struct backend_event *ev)
{
    pthread_mutex_lock(&h->lock);
    bool any = h->switched.count > 0;
    if (any) {
        h->told = h->switched.at[0];
        memmove(h->switched.at, h->switched.at + 1, --h->switched.count * sizeof h->told);
    }
    pthread_mutex_unlock(&h->lock);
    if (any)
        *ev = (struct backend_event){
            .type = BACKEND_PORT_POWER, .port = h->told.port, .result = h->told.result};
    return any;
}
