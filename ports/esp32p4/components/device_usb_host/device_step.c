// SPDX-License-Identifier: Apache-2.0
// The steps of pipe changes, and which change has which. The library sends none of these requests,
// and sets the host's data toggles to DATA0 only when an interface is claimed: so each change
// quiets the endpoints, asks the device, and on its yes releases and claims, which puts both sides
// in step. A device that refuses finds everything as it was, because nothing was released yet.
// Client task, outside callbacks.
#include "device_parts.h"

#include "esp_log.h"

#include <string.h>

static const char tag[] = "usb_device";

// --- endpoints quiet ----------------------------------------------------------------------------

static struct device_pipe *concerned_pipe(struct device *d, unsigned i)
{
    struct device_pipe *p = d->pipe[i];
    return p && d->change.interfaces & 1u << p->ep.interface ? p : NULL;
}

static enum device_step_result halt_pipes(struct device *d)
{
    bool busy = false;
    for (unsigned i = 0; i < DEVICE_PIPES; i++) {
        struct device_pipe *p = concerned_pipe(d, i);
        if (!p)
            continue;
        p->paused = true;
        device_pipe_halt(p);
        busy |= p->busy > 0;
    }
    return busy ? STEP_WAIT : STEP_NEXT;
}

// --- requests -----------------------------------------------------------------------------------

enum { TO_DEVICE = 0, TO_INTERFACE = 1, TO_ENDPOINT = 2 }; // bmRequestType

static struct usb_setup set_interface_setup(uint8_t interface, uint16_t alternate)
{
    return (struct usb_setup){.bmRequestType = TO_INTERFACE,
                              .bRequest = USB_REQ_SET_INTERFACE,
                              .wValue = alternate,
                              .wIndex = interface};
}

static struct usb_setup clear_halt_setup(uint16_t endpoint)
{
    return (struct usb_setup){.bmRequestType = TO_ENDPOINT,
                              .bRequest = USB_REQ_CLEAR_FEATURE,
                              .wValue = USB_FEATURE_ENDPOINT_HALT,
                              .wIndex = endpoint};
}

// A request that the device never ends, and the library never takes back: whoever waits for the
// change would hold the device for ever. What becomes of the request later is nobody's.
static bool abandon_overdue_request(struct device *d)
{
    bool closing = d->change.kind == CHANGE_CLOSE;
    uint64_t limit_us = d->change.begun_us + (closing ? DEVICE_CLEAN_US : DEVICE_CHANGE_US);
    if (device_now_us(d->host) < limit_us) {
        device_due(d->host, limit_us);
        return false;
    }
    ESP_LOGW(tag, "%s: does not answer; its state is unknown until it is plugged in again",
             d->info.busid);
    d->control.request =
        (struct device_request){.state = REQUEST_NONE, .status = USB_STATUS_NO_RESPONSE};
    return true;
}

// STEP_NEXT: over, with d->control.request.status, whatever that is.
static enum device_step_result send_request(struct device *d, struct usb_setup setup)
{
    if (device_request_take(d) || abandon_overdue_request(d))
        return STEP_NEXT;
    if (d->control.request.state == REQUEST_NONE)
        device_request(d, setup, NULL);
    return STEP_WAIT;
}

// A device that does not agree ends the change.
static enum device_step_result send_binding_request(struct device *d, struct usb_setup setup)
{
    if (send_request(d, setup) == STEP_WAIT)
        return STEP_WAIT;
    d->change.status = d->control.request.status;
    return d->change.status == USB_STATUS_OK ? STEP_NEXT : STEP_END;
}

static enum device_step_result send_configuration(struct device *d, uint8_t value)
{
    const struct usb_setup setup = {
        .bmRequestType = TO_DEVICE, .bRequest = USB_REQ_SET_CONFIGURATION, .wValue = value};
    enum device_step_result r = send_binding_request(d, setup);
    if (r == STEP_NEXT && d->change.op.type != USB_RESET_DEVICE)
        memset(d->setting.alternate, 0, sizeof d->setting.alternate);
    return r;
}

static enum device_step_result set_configuration(struct device *d)
{
    enum device_step_result r = send_configuration(d, d->change.op.value);
    if (r == STEP_NEXT)
        d->setting.config = d->change.op.value;
    return r;
}

static enum device_step_result reset_configuration(struct device *d)
{
    return d->setting.config ? send_configuration(d, d->setting.config) : STEP_END;
}

// After a reset the alternate settings are what they were.
static enum device_step_result reset_alternates(struct device *d)
{
    uint8_t interface = (uint8_t)d->change.cursor;
    if (interface >= USB_MAX_INTERFACES)
        return STEP_NEXT;
    uint8_t alternate = d->setting.alternate[interface];
    if (alternate != 0) {
        if (send_request(d, set_interface_setup(interface, alternate)) == STEP_WAIT)
            return STEP_WAIT;
        if (d->control.request.status != USB_STATUS_OK)
            d->setting.alternate[interface] = 0;
    }
    return STEP_AGAIN;
}

static enum device_step_result set_interface(struct device *d)
{
    const struct usb_control_op *op = &d->change.op;
    return send_binding_request(d, set_interface_setup(op->interface, op->value));
}

static enum device_step_result clear_halt(struct device *d)
{
    return send_binding_request(d, clear_halt_setup(d->change.op.value));
}

// Claiming again has put the host's toggles of the other endpoints of that interface to DATA0 as
// well: their device side must follow.
static enum device_step_result clear_siblings(struct device *d)
{
    unsigned i = d->change.cursor;
    if (i >= DEVICE_PIPES)
        return STEP_NEXT;
    const struct device_pipe *p = concerned_pipe(d, i);
    if (!p || p->ep.address == d->change.op.value || p->ep.type == USB_ISOCHRONOUS)
        return STEP_AGAIN;
    if (send_request(d, clear_halt_setup(p->ep.address)) == STEP_WAIT)
        return STEP_WAIT;
    if (d->control.request.status != USB_STATUS_OK)
        ESP_LOGW(tag,
                 "%s: endpoint 0x%02x may lose a packet: the device refuses to reset its "
                 "toggle",
                 d->info.busid, p->ep.address);
    return STEP_AGAIN;
}

// For the next client the device is to be as after plug-in, whether it agrees or not.
static enum device_step_result clean_configuration(struct device *d)
{
    d->change.op = (struct usb_control_op){.type = USB_SET_CONFIGURATION};
    if (d->info.active_config != 0 && send_configuration(d, d->info.active_config) == STEP_WAIT)
        return STEP_WAIT;
    d->change.status = USB_STATUS_OK;
    d->setting.config = d->info.active_config;
    memset(d->setting.alternate, 0, sizeof d->setting.alternate);
    return STEP_NEXT;
}

// --- release and claim --------------------------------------------------------------------------

static enum device_step_result retry_soon(struct device *d)
{
    d->change.retry_us = device_now_us(d->host) + DEVICE_RETRY_US;
    device_due(d->host, d->change.retry_us);
    return STEP_WAIT;
}

static enum device_step_result release_interfaces(struct device *d)
{
    bool keep = d->change.op.type == USB_CLEAR_HALT && d->change.kind == CHANGE_CONTROL;
    for (uint8_t i = 0; i < USB_MAX_INTERFACES; i++)
        if (d->change.interfaces & 1u << i && device_release(d, i, keep) == BASE_ERR_AGAIN)
            return retry_soon(d);
    return STEP_NEXT;
}

static int32_t status_of(enum base_err err)
{
    switch (err) {
    case BASE_OK:
        return USB_STATUS_OK;
    case BASE_ERR_NOMEM:
        return USB_STATUS_NO_MEMORY;
    case BASE_ERR_LIMIT:
        return USB_STATUS_NO_BANDWIDTH;
    case BASE_ERR_UNSUPPORTED:
        return USB_STATUS_INVALID;
    default:
        return USB_STATUS_PROTOCOL;
    }
}

static bool has_interface(const struct device *d, uint8_t interface)
{
    return usb_config_has_alternate(device_config(d), interface, d->setting.alternate[interface]);
}

// Endpoint 0 hangs in a request that the last client has left there: no import can do without it.
static enum device_step_result refuse_if_hung(struct device *d)
{
    if (!d->control.busy)
        return STEP_NEXT;
    ESP_LOGW(tag, "%s: hangs in a control transfer until it is plugged in again", d->info.busid);
    d->change.result = BASE_ERR_IO;
    return STEP_END;
}

// The chosen configuration came into force after the device was shown in the one before.
static enum device_step_result set_shown_configuration(struct device *d)
{
    if (!d->setting.unsure)
        return STEP_NEXT;
    enum device_step_result r = send_configuration(d, d->info.active_config);
    d->setting.unsure = r != STEP_NEXT;
    if (r == STEP_END)
        d->change.result = BASE_ERR_IO;
    return r;
}

// What the chip cannot do, which costs an interface and no more.
static bool is_cost(enum base_err err)
{
    return err == BASE_ERR_LIMIT || err == BASE_ERR_UNSUPPORTED;
}

// Each interface with its current alternate setting. True: the change ends here.
static bool claim_those(struct device *d, bool bulk)
{
    for (uint8_t i = 0; i < USB_MAX_INTERFACES; i++) {
        uint8_t alternate = d->setting.alternate[i];
        if (!has_interface(d, i) || device_has_bulk(d, i, alternate) != bulk)
            continue;
        enum base_err err = device_claim(d, i, alternate, false);
        if (err != BASE_OK)
            d->change.result = err;
        if (err != BASE_OK && !is_cost(err))
            return true;
    }
    return false;
}

// Channels go to where the data is first: a serial adapter works without the interrupt endpoint
// that tells of modem lines. Who gets nothing at all had better wait for others to leave.
static enum device_step_result claim_all(struct device *d)
{
    if (d->setting.config != 0) {
        bool over = claim_those(d, true) || claim_those(d, false);
        bool none = d->setting.claimed == 0 && d->change.result == BASE_ERR_LIMIT;
        d->change.status = over || none ? status_of(d->change.result) : USB_STATUS_OK;
        if (over || none)
            return STEP_END;
    }
    d->change.result = BASE_OK;
    return STEP_NEXT;
}

static enum device_step_result claim_interface(struct device *d)
{
    uint8_t i = d->change.op.interface;
    uint8_t alternate = d->change.op.value;
    enum base_err err = device_claim(d, i, alternate, alternate != 0);
    if (alternate == 0 && is_cost(err)) // as when the configuration was set
        err = BASE_OK;
    d->change.status = status_of(err);
    if (err != BASE_OK)
        return STEP_END;
    d->setting.alternate[i] = alternate;
    return STEP_NEXT;
}

// The device has taken a setting that the host cannot serve: back to the old one, and the client
// hears why not.
static enum device_step_result set_old_interface(struct device *d)
{
    uint8_t i = d->change.op.interface;
    return send_request(d, set_interface_setup(i, d->setting.alternate[i]));
}

static enum device_step_result claim_old_interface(struct device *d)
{
    uint8_t i = d->change.op.interface;
    (void)device_claim(d, i, d->setting.alternate[i], false);
    return STEP_NEXT;
}

static enum device_step_result reclaim_interfaces(struct device *d)
{
    for (uint8_t i = 0; i < USB_MAX_INTERFACES; i++)
        if (d->change.interfaces & 1u << i)
            d->change.status = status_of(device_reclaim(d, i));
    return d->change.status == USB_STATUS_OK ? STEP_NEXT : STEP_END;
}

// --- the changes --------------------------------------------------------------------------------

static const struct device_step open_steps[] = {
    {.make = refuse_if_hung},
    {.make = set_shown_configuration},
    {.make = claim_all, .undo = {release_interfaces}},
    {.make = NULL},
};

static const struct device_step close_steps[] = {
    {.make = halt_pipes},
    {.make = clean_configuration},
    {.make = release_interfaces},
    {.make = NULL},
};

static const struct device_step control_steps[][7] = {
    [USB_SET_CONFIGURATION] =
        {
            {.make = halt_pipes},
            {.make = set_configuration},
            {.make = release_interfaces},
            {.make = claim_all, .undo = {release_interfaces}},
        },
    [USB_SET_INTERFACE] =
        {
            {.make = halt_pipes},
            {.make = set_interface},
            {.make = release_interfaces},
            {.make = claim_interface, .undo = {set_old_interface, claim_old_interface}},
        },
    [USB_CLEAR_HALT] =
        {
            {.make = halt_pipes},
            {.make = clear_halt},
            {.make = release_interfaces},
            {.make = reclaim_interfaces},
            {.make = clear_siblings},
        },
    [USB_RESET_DEVICE] =
        {
            {.make = halt_pipes},
            {.make = reset_configuration},
            {.make = reset_alternates},
            {.make = release_interfaces},
            {.make = claim_all, .undo = {release_interfaces}},
        },
};

const struct device_step *device_steps(const struct device_change *c)
{
    switch (c->kind) {
    case CHANGE_OPEN:
        return open_steps;
    case CHANGE_CLOSE:
        return close_steps;
    default:
        return control_steps[c->op.type];
    }
}
