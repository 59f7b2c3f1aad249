// SPDX-License-Identifier: Apache-2.0
// Control transfers: the standard requests of USB 2.0 chapter 9 are answered here, on the device's
// side of the bus only; class and vendor requests by the device. What chapter 9 leaves undefined or
// calls a request error stalls.
#include "sim_engine.h"

#include <assert.h>

enum {
    SETUP_ASKED = 1, // usb_urb.backend_state: the device has seen the request

    TYPE_MASK = 0x60, // of bmRequestType
    TYPE_STANDARD = 0,
    RECIPIENT_MASK = 0x1f,
    RECIPIENT_DEVICE = 0,
    RECIPIENT_INTERFACE = 1,
    RECIPIENT_ENDPOINT = 2,

    FEATURE_REMOTE_WAKEUP = 1,
    ATTRIBUTE_SELF_POWERED = 0x40, // of bmAttributes in the configuration descriptor
    ATTRIBUTE_REMOTE_WAKEUP = 0x20,
    STATUS_SELF_POWERED = 1,
    STATUS_REMOTE_WAKEUP = 2,
    STATUS_HALTED = 1,
};

static unsigned recipient(const struct usb_setup *s)
{
    return s->bmRequestType & RECIPIENT_MASK;
}

static bool to_host(const struct usb_setup *s)
{
    return (s->bmRequestType & USB_DIR_IN) != 0;
}

static bool is_super(const struct sim_port *p)
{
    return p->device->speed == USB_SPEED_SUPER;
}

// Not configured, a device has the attributes of its first configuration.
static uint8_t attributes(const struct sim_port *p)
{
    struct base_span config = usb_device_config(&p->info, p->device->config);
    if (config.size == 0 && p->info.config_count > 0)
        config = p->info.config[0];
    return config.size >= USB_DT_CONFIG_SIZE ? config.data[7] : 0;
}

static bool has_interface(const struct sim_port *p, uint16_t index)
{
    struct base_span config = usb_device_config(&p->info, p->device->config);
    return index <= 0xff && usb_config_interface_index(config, (uint8_t)index) >= 0;
}

// The endpoint that wIndex names, or NULL. Not configured, there is the control endpoint only.
static const struct usb_endpoint *endpoint(const struct sim_port *p, uint16_t index)
{
    return index > 0xff ? NULL : sim_endpoint(p->device, (uint8_t)index);
}

static int get_status(const struct sim_port *p, const struct usb_setup *s, uint8_t *data,
                      uint32_t len)
{
    const struct usb_endpoint *ep = endpoint(p, s->wIndex);
    uint8_t status[2] = {0};
    if (!to_host(s) || s->wValue != 0)
        return SIM_STALL;
    if (recipient(s) == RECIPIENT_DEVICE && s->wIndex == 0)
        status[0] = (attributes(p) & ATTRIBUTE_SELF_POWERED ? STATUS_SELF_POWERED : 0) |
                    (p->device->remote_wakeup ? STATUS_REMOTE_WAKEUP : 0) | sim_super_status(p);
    else if (recipient(s) == RECIPIENT_ENDPOINT && ep)
        status[0] = p->device->halted >> sim_pipe_index(ep->address) & STATUS_HALTED;
    else if (recipient(s) != RECIPIENT_INTERFACE || !has_interface(p, s->wIndex))
        return SIM_STALL;
    return sim_answer(data, len, status, sizeof status);
}

static int set_device_feature(struct sim_port *p, const struct usb_setup *s, bool on)
{
    if (is_super(p)) // waking is a feature of its interfaces there
        return sim_super_device_feature(p, s, on);
    if (s->wValue != FEATURE_REMOTE_WAKEUP || s->wIndex != 0 ||
        !(attributes(p) & ATTRIBUTE_REMOTE_WAKEUP))
        return SIM_STALL;
    p->device->remote_wakeup = on;
    return 0;
}

static int set_halt(struct sim_port *p, const struct usb_setup *s, bool on)
{
    const struct usb_endpoint *ep = endpoint(p, s->wIndex);
    if (s->wValue != USB_FEATURE_ENDPOINT_HALT || !ep)
        return SIM_STALL;
    if (!on)
        return sim_state_clear_halt(p, ep->address) ? 0 : SIM_STALL;
    if (ep->type == USB_CONTROL || ep->type == USB_ISOCHRONOUS)
        return SIM_STALL;
    p->device->halted |= 1u << sim_pipe_index(ep->address);
    sim_pipe_ready(&p->pipe[sim_pipe_index(ep->address)]);
    return 0;
}

static int change_feature(struct sim_port *p, const struct usb_setup *s, bool on)
{
    if (to_host(s))
        return SIM_STALL;
    switch (recipient(s)) {
    case RECIPIENT_DEVICE:
        return set_device_feature(p, s, on);
    case RECIPIENT_ENDPOINT:
        return set_halt(p, s, on);
    case RECIPIENT_INTERFACE: // USB 2.0 has no feature of interfaces
        return is_super(p) && has_interface(p, s->wIndex & 0xff) ? sim_super_interface_feature(s)
                                                                 : SIM_STALL;
    default:
        return SIM_STALL;
    }
}

// A server that forwards the request to the device makes it listen at an address that its host
// does not use.
static int set_address(struct sim_port *p, const struct usb_setup *s)
{
    if (s->bmRequestType != 0 || s->wValue > 127)
        return SIM_STALL;
    p->dead = true;
    for (unsigned i = 1; i < SIM_PIPES; i++)
        sim_pipe_ready(&p->pipe[i]);
    return 0;
}

static int set_configuration(struct sim_port *p, const struct usb_setup *s)
{
    if (s->bmRequestType != 0 || s->wValue > 0xff)
        return SIM_STALL;
    return sim_state_set_config(p, (uint8_t)s->wValue) ? 0 : SIM_STALL;
}

static int get_interface(const struct sim_port *p, const struct usb_setup *s, uint8_t *data,
                         uint32_t len)
{
    if (s->bmRequestType != (USB_DIR_IN | RECIPIENT_INTERFACE) || !has_interface(p, s->wIndex))
        return SIM_STALL;
    struct base_span config = usb_device_config(&p->info, p->device->config);
    int i = usb_config_interface_index(config, (uint8_t)s->wIndex);
    return sim_answer(data, len, &p->device->alternate[i], 1);
}

static int set_interface(struct sim_port *p, const struct usb_setup *s)
{
    if (s->bmRequestType != RECIPIENT_INTERFACE || s->wValue > 0xff || !has_interface(p, s->wIndex))
        return SIM_STALL;
    return sim_state_set_interface(p, (uint8_t)s->wIndex, (uint8_t)s->wValue) ? 0 : SIM_STALL;
}

static int ask_device(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    int n = d->ops->setup ? d->ops->setup(d, s, data, len) : SIM_STALL;
    assert(n < 0 || (uint32_t)n <= len);
    return n;
}

static int descriptor_request(struct sim_port *p, const struct usb_setup *s, uint8_t *data,
                              uint32_t len)
{
    bool get = s->bRequest == USB_REQ_GET_DESCRIPTOR;
    if (get != to_host(s))
        return SIM_STALL;
    if (recipient(s) == RECIPIENT_DEVICE)
        return get ? sim_descriptor_get(p->device, s, data, len) : SIM_STALL;
    if (recipient(s) == RECIPIENT_INTERFACE && !has_interface(p, s->wIndex & 0xff))
        return SIM_STALL;
    return ask_device(p->device, s, data, len); // a class's own, HID report for instance
}

static int standard_request(struct sim_port *p, const struct usb_setup *s, uint8_t *data,
                            uint32_t len)
{
    switch (s->bRequest) {
    case USB_REQ_GET_STATUS:
        return get_status(p, s, data, len);
    case USB_REQ_CLEAR_FEATURE:
        return change_feature(p, s, false);
    case USB_REQ_SET_FEATURE:
        return change_feature(p, s, true);
    case USB_REQ_SET_ADDRESS:
        return set_address(p, s);
    case USB_REQ_GET_DESCRIPTOR:
    case USB_REQ_SET_DESCRIPTOR:
        return descriptor_request(p, s, data, len);
    case USB_REQ_GET_CONFIGURATION:
        return s->bmRequestType == USB_DIR_IN ? sim_answer(data, len, &p->device->config, 1)
                                              : SIM_STALL;
    case USB_REQ_SET_CONFIGURATION:
        return set_configuration(p, s);
    case USB_REQ_GET_INTERFACE:
        return get_interface(p, s, data, len);
    case USB_REQ_SET_INTERFACE:
        return set_interface(p, s);
    default: // not SYNCH_FRAME: no endpoint here has a pattern
        return is_super(p) ? sim_super_request(s, len) : SIM_STALL;
    }
}

static int32_t end_transfer(struct usb_urb *u, int result)
{
    if (result == SIM_NAK)
        return SIM_PENDING;
    if (result == SIM_STALL)
        return USB_STATUS_STALL; // of this request; the next SETUP packet ends it
    if (result < 0)
        return USB_STATUS_PROTOCOL;
    u->actual_length = usb_urb_is_in(u) ? (uint32_t)result : u->length;
    bool is_short = usb_urb_is_in(u) && u->actual_length < u->length;
    return is_short && (u->flags & USB_URB_SHORT_NOT_OK) ? USB_STATUS_SHORT : USB_STATUS_OK;
}

int32_t sim_control_transfer(struct sim_port *p, struct usb_urb *u)
{
    struct sim_device *d = p->device;
    struct usb_setup s = usb_setup_unpack(u->setup);
    if (p->dead)
        return USB_STATUS_NO_RESPONSE;
    if (u->length > 0 && to_host(&s) != usb_urb_is_in(u))
        return USB_STATUS_INVALID; // the host's two ideas of the data stage differ
    d->setup_again = (u->backend_state & SETUP_ASKED) != 0;
    u->backend_state |= SETUP_ASKED;
    if (!d->setup_again && d->ops->setup_seen)
        d->ops->setup_seen(d, &s);
    uint32_t len = u->length < s.wLength ? u->length : s.wLength;
    uint8_t *data = u->buffer ? u->buffer : p->bus->scratch; // so that devices may copy 0 bytes
    bool is_standard = (s.bmRequestType & TYPE_MASK) == TYPE_STANDARD;
    if (is_standard && d->ops->holds && d->ops->holds(d, &s))
        return SIM_PENDING;
    int result = is_standard ? standard_request(p, &s, data, len) : ask_device(d, &s, data, len);
    return end_transfer(u, result);
}
