// SPDX-License-Identifier: Apache-2.0
// Interfaces: claimed in the library with one alternate setting each, which gives their endpoints
// hardware channels, the host's data toggles at DATA0 and pipes here. Nothing goes over the bus.
// Client task, outside callbacks.
#include "device_parts.h"

#include "esp_log.h"

static const char tag[] = "usb_device";

// --- what the host controller or its driver cannot do -------------------------------------------

static bool is_periodic(const struct usb_endpoint *ep)
{
    return ep->type == USB_INTERRUPT || ep->type == USB_ISOCHRONOUS;
}

// Why no pipe can be made, or NULL. The driver checks some of it, and computes with the rest. That
// interrupt endpoints of high speed have milliseconds instead of an exponent is common: the
// driver's shift takes it modulo 32, and polls at least every 32 ms.
static const char *defect_of(const struct usb_endpoint *ep)
{
    if (ep->type == USB_CONTROL)
        return "is a second control endpoint";
    if (is_periodic(ep) && ep->bInterval == 0)
        return "has no interval";
    if (ep->type != USB_ISOCHRONOUS)
        return NULL;
    if (ep->packets_per_interval > 1)
        return "is high-bandwidth isochronous, which the host controller driver cannot do";
    if (ep->bInterval > 16 || 1u << (ep->bInterval - 1u) > DEVICE_ISO_FRAMES_MAX)
        return "has a longer interval than the host controller's list";
    return NULL;
}

// The driver does not mend what Linux mends: the endpoint as it is in the descriptor. False: it can
// make nothing of its packet size.
static bool as_the_driver_sees_it(const struct usb_walk *w, struct usb_endpoint *ep)
{
    const uint8_t *p = w->descriptor.data;
    uint16_t size = base_get_le16(p + 4);
    ep->max_packet_size = size & 0x7ff;
    ep->packets_per_interval = (uint8_t)(1 + (size >> 11 & 3));
    ep->bInterval = p[6];
    return p[2] == ep->address && ep->max_packet_size > 0 && ep->packets_per_interval <= 3;
}

// Calls `each` for the endpoints of one alternate setting until it says no.
static bool for_endpoints(struct device *d, uint8_t interface, uint8_t alternate,
                          bool (*each)(struct device *d, const struct usb_endpoint *ep))
{
    struct usb_walk w;
    struct usb_endpoint ep;
    usb_walk_begin(&w, device_config(d), d->info.speed);
    while (usb_walk_next(&w)) {
        if (w.has_interface && w.interface.bInterfaceNumber == interface &&
            w.interface.bAlternateSetting == alternate && usb_walk_endpoint(&w, &ep) &&
            as_the_driver_sees_it(&w, &ep) && !each(d, &ep))
            return false;
    }
    return true;
}

static bool check_endpoint(struct device *d, const struct usb_endpoint *ep)
{
    const char *why = defect_of(ep);
    if (why)
        ESP_LOGW(tag, "%s: endpoint 0x%02x %s", d->info.busid, ep->address, why);
    return !why;
}

static bool make_pipe(struct device *d, const struct usb_endpoint *ep)
{
    struct device_pipe **at = &d->pipe[device_pipe_index(ep->address)];
    if (!*at)
        *at = device_pipe_create(d, ep);
    return *at != NULL;
}

// --- claim and release --------------------------------------------------------------------------

static enum base_err report_refusal(const struct device *d, uint8_t interface, uint8_t alternate,
                                    esp_err_t err)
{
    const char *why = "refused by the library"; // gone, or an endpoint that two interfaces have
    enum base_err result = BASE_ERR_IO;
    if (err == ESP_ERR_NOT_SUPPORTED) {
        why = "no free channel in the host controller, or packets larger than its memory";
        result = BASE_ERR_LIMIT;
    } else if (err == ESP_ERR_NO_MEM) {
        why = "no memory";
        result = BASE_ERR_NOMEM;
    }
    ESP_LOGW(tag, "%s: interface %u, alternate setting %u: %s", d->info.busid, interface, alternate,
             why);
    return result;
}

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

static enum base_err claim_in_library(struct device *d, uint8_t interface, uint8_t alternate)
{
    esp_err_t err = usb_host_interface_claim(d->host->client, d->handle, interface, alternate);
    if (err != ESP_OK)
        return report_refusal(d, interface, alternate, err);
    d->setting.claimed |= 1u << interface;
    return BASE_OK;
}

enum base_err device_claim(struct device *d, uint8_t interface, uint8_t alternate)
{
    if (!for_endpoints(d, interface, alternate, check_endpoint))
        return BASE_ERR_UNSUPPORTED;
    enum base_err err = claim_in_library(d, interface, alternate);
    if (err != BASE_OK)
        return err;
    if (for_endpoints(d, interface, alternate, make_pipe))
        return BASE_OK;
    ESP_LOGW(tag, "%s: no memory for transfer buffers", d->info.busid);
    (void)device_release(d, interface, false); // nothing was in flight yet
    return BASE_ERR_NOMEM;
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
    if (!keep_pipes)
        destroy_pipes(d, interface);
    return BASE_OK;
}

enum base_err device_reclaim(struct device *d, uint8_t interface)
{
    enum base_err err = claim_in_library(d, interface, d->setting.alternate[interface]);
    if (err != BASE_OK) {
        destroy_pipes(d, interface);
        return err;
    }
    for (unsigned i = 0; i < DEVICE_PIPES; i++) {
        struct device_pipe *p = d->pipe[i];
        if (p && p->ep.interface == interface)
            p->state = PIPE_RUNS; // a new pipe in the library
    }
    return BASE_OK;
}
