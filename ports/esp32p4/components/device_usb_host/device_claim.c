// SPDX-License-Identifier: Apache-2.0
// Interfaces: claimed in the library with one alternate setting each, which gives their endpoints
// hardware channels, the host's data toggles at DATA0 and pipes here. Nothing goes over the bus.
// Client task, outside callbacks.
#include "device_fifo.h"
#include "device_parts.h"
#include "device_view.h"

#include "esp_heap_caps.h"
#include "esp_log.h"

static const char tag[] = "usb_device";

// --- what the host controller or its driver cannot do -------------------------------------------

static bool is_periodic(const struct usb_endpoint *ep)
{
    return ep->type == USB_INTERRUPT || ep->type == USB_ISOCHRONOUS;
}

static unsigned packet_limit(const struct device *d, const struct usb_endpoint *ep)
{
    struct device_fifo f = device_fifo(d->place.root == 1);
    if (ep->address & USB_DIR_IN)
        return (f.rx - DEVICE_FIFO_RX_STATUS) * DEVICE_FIFO_LINE;
    return (is_periodic(ep) ? f.periodic : f.nonperiodic) * DEVICE_FIFO_LINE;
}

// Why no pipe can be made, or 0. The driver checks some of it, and computes with the rest.
static enum eventlog_cost cost_of(const struct device *d, const struct usb_endpoint *ep)
{
    if (ep->type == USB_CONTROL)
        return EVENT_COST_CONTROL;
    if (ep->max_packet_size > packet_limit(d, ep))
        return EVENT_COST_PACKET_SIZE;
    if (ep->type != USB_ISOCHRONOUS)
        return 0;
    if (ep->packets_per_interval > 1)
        return EVENT_COST_HIGH_BANDWIDTH;
    if (1u << (ep->bInterval - 1u) > DEVICE_ISO_FRAMES_MAX) // 1 to 16, mended
        return EVENT_COST_INTERVAL;
    return 0;
}

// --- a plan -------------------------------------------------------------------------------------

// What of a setting is to be claimed.
struct plan {
    struct device *device;
    uint8_t interface, alternate;
    struct usb_endpoint ep[USB_MAX_ENDPOINTS];
    unsigned count, lost;
};

// Setting 0 and those that the client asks for by themselves.
static void report_cost(const struct plan *p, uint8_t endpoint, enum eventlog_cost why)
{
    struct device *d = p->device;
    uint32_t *told = endpoint ? d->told.endpoints : d->told.interfaces;
    uint32_t bit = 1u << (endpoint ? device_pipe_index(endpoint) : p->interface);
    told += p->alternate != 0;
    if (*told & bit)
        return;
    *told |= bit;
    const struct eventlog_what what = EVENTLOG_WITH(
        not_served, .where = EVENTLOG_PLACE(p->interface, p->alternate, endpoint), .reason = why);
    device_log(d, &what);
}

static void plan_endpoint(struct plan *p, const struct usb_endpoint *ep)
{
    enum eventlog_cost why = cost_of(p->device, ep);
    if (why != 0) {
        p->lost++;
        report_cost(p, ep->address, why);
    } else if (ep->max_packet_size > 0 && p->count < USB_MAX_ENDPOINTS) {
        p->ep[p->count++] = *ep; // with a size of 0 nothing can be moved there
    }
}

static bool is_in_setting(const struct usb_walk *w, uint8_t interface, uint8_t alternate)
{
    return w->has_interface && w->interface.bInterfaceNumber == interface &&
           w->interface.bAlternateSetting == alternate;
}

static void make_plan(struct plan *p)
{
    struct usb_walk w;
    struct usb_endpoint ep;
    usb_walk_begin(&w, device_config(p->device), p->device->info.speed);
    while (usb_walk_next(&w))
        if (is_in_setting(&w, p->interface, p->alternate) && usb_walk_endpoint(&w, &ep))
            plan_endpoint(p, &ep);
}

bool device_has_bulk(const struct device *d, uint8_t interface, uint8_t alternate)
{
    struct usb_walk w;
    struct usb_endpoint ep;
    usb_walk_begin(&w, device_config(d), d->info.speed);
    while (usb_walk_next(&w))
        if (is_in_setting(&w, interface, alternate) && usb_walk_endpoint(&w, &ep) &&
            ep.type == USB_BULK)
            return true;
    return false;
}

bool device_has_endpoint(const struct device *d, uint8_t address)
{
    struct usb_walk w;
    struct usb_endpoint ep;
    usb_walk_begin(&w, device_config(d), d->info.speed);
    while (usb_walk_next(&w)) {
        uint8_t i = w.interface.bInterfaceNumber;
        if (i < USB_MAX_INTERFACES && is_in_setting(&w, i, d->setting.alternate[i]) &&
            usb_walk_endpoint(&w, &ep) && ep.address == address)
            return ep.max_packet_size > 0;
    }
    return false;
}

// --- claim and release --------------------------------------------------------------------------

static void destroy_pipes(struct device *d, uint8_t interface)
{
    for (unsigned i = 0; i < DEVICE_PIPES; i++) {
        struct device_pipe **p = &d->pipe[i];
        if (!*p || (*p)->ep.interface != interface)
            continue;
        device_pipe_destroy(*p, USB_STATUS_SHUTDOWN);
        *p = NULL;
    }
}

static enum base_err claim_in_library(struct device *d, uint8_t interface)
{
    esp_err_t err = device_view_claim(d->host->client, d->handle, d->setting.view[interface]);
    if (err == ESP_OK) {
        d->setting.claimed |= 1u << interface;
        return BASE_OK;
    }
    if (err == ESP_ERR_NOT_SUPPORTED)
        return BASE_ERR_LIMIT;
    ESP_LOGW(tag, "%s: interface %u: %s", d->info.busid, interface,
             err == ESP_ERR_NO_MEM ? "no memory" : "refused by the library");
    return err == ESP_ERR_NO_MEM ? BASE_ERR_NOMEM : BASE_ERR_IO;
}

static void free_view(struct device *d, uint8_t interface)
{
    heap_caps_free(d->setting.view[interface]);
    d->setting.view[interface] = NULL;
}

static bool make_pipes(const struct plan *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        struct device_pipe **at = &p->device->pipe[device_pipe_index(p->ep[i].address)];
        if (!*at)
            *at = device_pipe_create(p->device, &p->ep[i]);
        if (!*at)
            return false;
    }
    return true;
}

static enum base_err carry_out(const struct plan *p)
{
    struct device *d = p->device;
    usb_config_desc_t **view = &d->setting.view[p->interface];
    *view = device_view_create(p->interface, p->alternate, p->ep, p->count);
    if (!*view)
        return BASE_ERR_NOMEM;
    enum base_err err = claim_in_library(d, p->interface);
    if (err != BASE_OK)
        free_view(d, p->interface);
    if (err == BASE_ERR_LIMIT)
        report_cost(p, 0, EVENT_COST_CHANNELS);
    if (err != BASE_OK || make_pipes(p))
        return err;
    ESP_LOGW(tag, "%s: no memory for transfer buffers", d->info.busid);
    (void)device_release(d, p->interface, false); // nothing was in flight yet
    return BASE_ERR_NOMEM;
}

enum base_err device_claim(struct device *d, uint8_t interface, uint8_t alternate, bool whole)
{
    struct plan p = {.device = d, .interface = interface, .alternate = alternate};
    make_plan(&p);
    if (p.lost > 0 && (whole || p.count == 0))
        return BASE_ERR_UNSUPPORTED;
    return p.count > 0 ? carry_out(&p) : BASE_OK;
}

static bool is_busy(const struct device *d, uint8_t interface)
{
    for (unsigned i = 0; i < DEVICE_PIPES; i++) {
        const struct device_pipe *p = d->pipe[i];
        if (p && p->ep.interface == interface && p->busy > 0)
            return true;
    }
    return false;
}

// The library sleeps for 10 ticks, and everybody's transfers wait, if an event of any endpoint is
// still to be handled: so those are handled first.
enum base_err device_release(struct device *d, uint8_t interface, bool keep_pipes)
{
    if (!(d->setting.claimed & 1u << interface))
        return BASE_OK;
    (void)usb_host_client_handle_events(d->host->client, 0);
    if (is_busy(d, interface))
        return BASE_ERR_AGAIN;
    esp_err_t err = usb_host_interface_release(d->host->client, d->handle, interface);
    if (err == ESP_ERR_INVALID_STATE)
        return BASE_ERR_AGAIN; // an event of an endpoint is still to be handled
    d->setting.claimed &= ~(1u << interface);
    if (!keep_pipes) {
        destroy_pipes(d, interface);
        free_view(d, interface);
    }
    return BASE_OK;
}

enum base_err device_reclaim(struct device *d, uint8_t interface)
{
    if (!d->setting.view[interface])
        return BASE_OK; // it was not claimed
    enum base_err err = claim_in_library(d, interface);
    if (err != BASE_OK) {
        destroy_pipes(d, interface);
        free_view(d, interface);
        return err;
    }
    for (unsigned i = 0; i < DEVICE_PIPES; i++) {
        struct device_pipe *p = d->pipe[i];
        if (p && p->ep.interface == interface)
            p->state = PIPE_RUNS; // a new pipe in the library
    }
    return BASE_OK;
}
