// SPDX-License-Identifier: Apache-2.0
// A device from its arrival to the moment when nobody knows it any more. It is opened in the
// library as soon as it is there and kept open until it goes: only who has it open is told of that,
// and only when it is closed does the library serve its port again. Client task.
#include "device_parts.h"

#include "esp_log.h"

static const char tag[] = "usb_device";

// --- arrival ------------------------------------------------------------------------------------

static void refuse_device(struct device *d, const char *why)
{
    ESP_LOGE(tag, "device at address %u is not served: %s", d->address, why);
    if (d->control.own)
        device_control_destroy(d);
    (void)usb_host_device_close(d->host->client, d->handle);
    device_free(d);
}

static bool is_there(const struct device_usb_host *h, uint8_t address)
{
    for (unsigned i = 0; i < h->capacity; i++) {
        const struct device *d = &h->devices[i];
        if (d->address == address && d->life != DEVICE_FREE && d->life != DEVICE_LEFT)
            return true;
    }
    return false;
}

// True: it was noted before.
static bool note_refused(struct device_usb_host *h, uint8_t address, bool refused)
{
    uint32_t bit = 1u << address % 32, *bits = &h->scan.refused[address / 32];
    bool before = (*bits & bit) != 0;
    *bits = refused ? *bits | bit : *bits & ~bit;
    return before;
}

static void open_if_new(struct device_usb_host *h, uint8_t address)
{
    usb_device_handle_t handle;
    if (is_there(h, address))
        return;
    if (usb_host_device_open(h->client, address, &handle) != ESP_OK)
        return; // gone already, or still being enumerated: then the next scan finds it
    struct device *d = device_new(h, DEVICE_ORDINARY);
    if (!d) {
        if (!note_refused(h, address, true))
            ESP_LOGW(tag, "device at address %u is not served: %u are there", address,
                     h->config.max_devices);
        (void)usb_host_device_close(h->client, handle);
        return;
    }
    (void)note_refused(h, address, false);
    atomic_store(&h->scan.accepted, false);
    d->address = address;
    d->handle = handle;
    h->scan.arrived_us = d->since_us;
    if (!device_fetch_cached(d))
        refuse_device(d, "its descriptors cannot be read");
    else if (device_fetch_shows_hub(d)) {
        (void)device_fetch_active(d);
        device_hub_found(d);
    } else if (!device_control_create(d))
        refuse_device(d, "no memory for transfers");
    else
        device_fetch_begin(d);
}

void device_life_scan(struct device_usb_host *h)
{
    uint8_t addresses[127];
    int n = 0;
    if (usb_host_device_addr_list_fill(sizeof addresses, addresses, &n) != ESP_OK)
        return;
    for (int i = 0; i < n; i++)
        open_if_new(h, addresses[i]);
    device_hub_scan(h, addresses, (size_t)n);
}

// --- the end ------------------------------------------------------------------------------------

static void end_pipes(struct device *d)
{
    for (unsigned i = 0; i < DEVICE_PIPES; i++) {
        struct device_pipe *p = d->pipe[i];
        if (!p)
            continue;
        p->paused = true;
        if (d->host->ending)
            device_pipe_halt(p);
        device_pipe_fail(p, USB_STATUS_SHUTDOWN);
    }
}

static bool has_busy_pipe(const struct device *d)
{
    for (unsigned i = 0; i < DEVICE_PIPES; i++)
        if (d->pipe[i] && d->pipe[i]->busy > 0)
            return true;
    return false;
}

void device_life_gone(struct device_usb_host *h, usb_device_handle_t handle)
{
    for (unsigned i = 0; i < h->capacity; i++)
        if (h->devices[i].handle == handle && h->devices[i].life != DEVICE_FREE)
            h->devices[i].gone = true;
}

// All URBs back, then UNPLUGGED. The library had given back all transfers before it told us.
static void end_device(struct device *d)
{
    struct device_event ev = {.type = BACKEND_UNPLUGGED};
    bool known = d->life == DEVICE_KNOWN;
    d->change.kind = CHANGE_NONE;
    d->life = DEVICE_GONE;
    if (known)
        device_event(d, &ev);
    pthread_mutex_lock(&d->host->lock);
    d->shared.wants_open = d->shared.wants_close = d->shared.wants_control = false;
    d->shared.forgotten = !known;
    pthread_mutex_unlock(&d->host->lock);
}

static bool end_urbs(struct device *d)
{
    device_control_fail(d, USB_STATUS_SHUTDOWN);
    end_pipes(d);
    return !has_busy_pipe(d) && !d->control.busy;
}

static bool close_device(struct device *d)
{
    struct device_usb_host *h = d->host;
    for (uint8_t i = 0; i < USB_MAX_INTERFACES; i++) {
        if (device_release(d, i, false) == BASE_OK)
            continue;
        device_due(h, device_now_us(h) + DEVICE_RETRY_US);
        return false;
    }
    if (!device_counted(h, d->control.done_turn))
        return false;
    if (d->control.own)
        device_control_destroy(d);
    (void)usb_host_device_close(h->client, d->handle);
    d->handle = NULL;
    return true;
}

// --- one round ----------------------------------------------------------------------------------

static bool run_pipes(struct device *d)
{
    bool any = false;
    for (unsigned i = 0; i < DEVICE_PIPES; i++)
        if (d->pipe[i])
            any |= device_pipe_run(d->pipe[i]);
    return any;
}

static bool run_new(struct device *d)
{
    if (!d->fetch.done)
        device_fetch_run(d);
    bool any = device_control_run(d);
    if (d->fetch.done && device_locate(d)) {
        device_announce(d);
        return true;
    }
    return any;
}

// True: somebody may have waited for its place.
static bool run_gone(struct device *d)
{
    enum device_life before = d->life;
    if (before != DEVICE_GONE) {
        if (!end_urbs(d))
            return false;
        end_device(d);
    }
    if (!d->handle || close_device(d))
        d->life = DEVICE_LEFT;
    return d->life != before;
}

static bool run_known(struct device *d)
{
    bool any = device_change_run(d);
    if (d->kind != DEVICE_ORDINARY)
        return any;
    any |= device_control_run(d);
    return run_pipes(d) || any;
}

bool device_life_run(struct device *d)
{
    bool any = d->hub && device_hub_run(d);
    if (d->hub && d->gone)
        return any; // it is still being asked
    if (d->gone && d->life != DEVICE_LEFT && d->life != DEVICE_FREE)
        return run_gone(d);
    switch (d->life) {
    case DEVICE_NEW:
        return d->kind == DEVICE_ORDINARY ? run_new(d) : any;
    case DEVICE_KNOWN:
        return run_known(d) || any;
    case DEVICE_LEFT:
        if (device_forgotten(d))
            device_free(d);
        return false;
    default:
        return false;
    }
}
