// SPDX-License-Identifier: Apache-2.0
// Configuration, alternate settings, halts and toggles: what chapter 9 requests change in the
// device, and what a pipe change does on both sides of the bus.
#include "sim_engine.h"

#include <string.h>

enum { SUPER_PACKET_SIZE_0 = 512 }; // USB 3.2 9.6.1: the descriptor has an exponent

// Bits of the endpoints that the current settings give to this interface.
static uint32_t endpoints_of(const struct sim_port *p, uint8_t interface)
{
    uint32_t bits = 0;
    for (unsigned number = 1; number < 16; number++)
        for (unsigned in = 0; in < 2; in++)
            if (p->table.present[in][number] && p->table.ep[in][number].interface == interface)
                bits |= 1u << (number + 16 * in);
    return bits;
}

static void build_table(struct sim_port *p)
{
    const struct sim_device *d = p->device;
    usb_endpoint_table_build(
        &p->table, usb_device_config(&p->info, d->config), d->speed, d->alternate,
        d->speed == USB_SPEED_SUPER ? SUPER_PACKET_SIZE_0 : p->info.device_descriptor.data[7]);
}

// What waits on these endpoints is asked again: the endpoint may have another device's function
// behind it now, or none.
static void restart_pipes(struct sim_port *p, uint32_t endpoints)
{
    for (unsigned i = 0; i < SIM_PIPES; i++) {
        if (!(endpoints & 1u << i))
            continue;
        sim_timer_clear(&p->pipe[i].timer);
        p->pipe[i].frame_us = 0;
        sim_pipe_ready(&p->pipe[i]);
    }
}

static void clear_endpoints(struct sim_device *d, uint32_t endpoints)
{
    d->halted &= ~endpoints;
    d->toggle &= ~endpoints;
}

bool sim_state_set_config(struct sim_port *p, uint8_t value)
{
    struct sim_device *d = p->device;
    if (value != 0 && usb_config_check(usb_device_config(&p->info, value)) != BASE_OK)
        return false;
    d->config = value;
    p->info.active_config = value;
    d->link_states = 0;
    memset(d->alternate, 0, sizeof d->alternate);
    clear_endpoints(d, UINT32_MAX);
    build_table(p);
    restart_pipes(p, ~1u);
    if (d->ops->configured)
        d->ops->configured(d);
    return true;
}

bool sim_state_set_interface(struct sim_port *p, uint8_t interface, uint8_t alternate)
{
    struct sim_device *d = p->device;
    struct base_span config = usb_device_config(&p->info, d->config);
    int index = usb_config_interface_index(config, interface);
    if (index < 0 || !usb_config_has_alternate(config, interface, alternate))
        return false;
    uint32_t endpoints = endpoints_of(p, interface);
    d->alternate[index] = alternate;
    build_table(p);
    endpoints |= endpoints_of(p, interface);
    clear_endpoints(d, endpoints);
    restart_pipes(p, endpoints);
    if (d->ops->alternate_selected)
        d->ops->alternate_selected(d, interface);
    return true;
}

bool sim_state_clear_halt(struct sim_port *p, uint8_t ep)
{
    struct sim_device *d = p->device;
    const struct usb_endpoint *e = sim_endpoint(d, ep);
    if (!e || e->type == USB_ISOCHRONOUS)
        return false;
    if (e->type == USB_CONTROL)
        return true; // never halted for longer than a request
    clear_endpoints(d, 1u << sim_pipe_index(ep));
    if (d->ops->halt_cleared)
        d->ops->halt_cleared(d, ep);
    sim_pipe_ready(&p->pipe[sim_pipe_index(ep)]);
    return true;
}

static void bus_reset(struct sim_port *p)
{
    struct sim_device *d = p->device;
    p->dead = false;
    p->host_toggle = 0;
    p->info.active_config = 0;
    d->config = 0;
    d->remote_wakeup = false;
    memset(d->alternate, 0, sizeof d->alternate);
    clear_endpoints(d, UINT32_MAX);
    build_table(p);
    restart_pipes(p, UINT32_MAX);
    if (d->ops->reset)
        d->ops->reset(d);
}

void sim_state_power_on(struct sim_port *p)
{
    bus_reset(p);
    if (p->info.config_count > 0)
        (void)sim_state_set_config(p, usb_config_value(p->info.config[0]));
}

static int32_t reset_device(struct sim_port *p)
{
    uint8_t config = p->device->config, alternate[USB_MAX_INTERFACES];
    memcpy(alternate, p->device->alternate, sizeof alternate);
    bus_reset(p);
    if (config != 0)
        (void)sim_state_set_config(p, config);
    struct usb_interface list[USB_MAX_INTERFACES];
    unsigned n =
        usb_config_interfaces(usb_device_config(&p->info, config), list, USB_MAX_INTERFACES);
    for (unsigned i = 0; i < n; i++)
        if (alternate[i] != 0)
            (void)sim_state_set_interface(p, list[i].bInterfaceNumber, alternate[i]);
    return USB_STATUS_OK;
}

static int32_t set_config(struct sim_port *p, uint8_t value)
{
    if (!sim_state_set_config(p, value))
        return USB_STATUS_STALL;
    p->host_toggle = 0;
    return USB_STATUS_OK;
}

static int32_t set_interface(struct sim_port *p, uint8_t interface, uint8_t alternate)
{
    uint32_t before = endpoints_of(p, interface);
    if (!sim_state_set_interface(p, interface, alternate))
        return USB_STATUS_STALL;
    p->host_toggle &= ~(before | endpoints_of(p, interface));
    return USB_STATUS_OK;
}

static int32_t clear_halt(struct sim_port *p, uint8_t ep)
{
    if (!sim_state_clear_halt(p, ep))
        return USB_STATUS_STALL;
    p->host_toggle &= ~(1u << sim_pipe_index(ep));
    return USB_STATUS_OK;
}

// The request with which a host makes the change.
static void show_setup(struct sim_device *d, const struct usb_control_op *op)
{
    struct usb_setup s = {.wValue = op->value};
    if (op->type == USB_SET_CONFIGURATION) {
        s.bRequest = USB_REQ_SET_CONFIGURATION;
    } else if (op->type == USB_SET_INTERFACE) {
        s.bmRequestType = 1;
        s.bRequest = USB_REQ_SET_INTERFACE;
        s.wIndex = op->interface;
    } else {
        s.bmRequestType = 2;
        s.bRequest = USB_REQ_CLEAR_FEATURE;
        s.wValue = USB_FEATURE_ENDPOINT_HALT;
        s.wIndex = op->value;
    }
    if (d->ops->setup_seen)
        d->ops->setup_seen(d, &s);
}

int32_t sim_state_execute(struct sim_port *p, const struct usb_control_op *op)
{
    if (op->type == USB_RESET_DEVICE)
        return reset_device(p);
    if (p->dead)
        return USB_STATUS_NO_RESPONSE;
    show_setup(p->device, op);
    switch (op->type) {
    case USB_SET_CONFIGURATION:
        return set_config(p, op->value);
    case USB_SET_INTERFACE:
        return set_interface(p, op->interface, op->value);
    default:
        return clear_halt(p, op->value);
    }
}
