// SPDX-License-Identifier: Apache-2.0
// Changes of pipes, step by step: import, release, SET_CONFIGURATION, SET_INTERFACE, CLEAR_HALT,
// reset. The library sends none of these requests, and sets the host's data toggles to DATA0 only
// when an interface is claimed: so each change quiets the endpoints, asks the device, and on its
// yes releases and claims, which puts both sides in step. A device that refuses finds everything
// as it was, because nothing was released yet. Client task, outside callbacks.
#include "device_state.h"

#include "esp_log.h"

static const char tag[] = "usb_device";

enum step_result {
    STEP_WAIT, // again later
    STEP_NEXT,
    STEP_AGAIN, // the same step, for the next interface or endpoint
    STEP_END,
};

typedef enum step_result step_function(struct device *d);

// --- endpoints quiet ----------------------------------------------------------------------------

static struct device_pipe *concerned(struct device *d, unsigned i)
{
    struct device_pipe *p = d->pipe[i];
    return p && d->change.interfaces & 1u << p->ep.interface ? p : NULL;
}

static enum step_result quiet(struct device *d)
{
    bool busy = false;
    for (unsigned i = 0; i < DEVICE_PIPES; i++) {
        struct device_pipe *p = concerned(d, i);
        if (!p)
            continue;
        p->paused = true;
        device_pipe_halt(p);
        busy |= p->busy > 0;
    }
    return busy ? STEP_WAIT : STEP_NEXT;
}

static void resume(struct device *d)
{
    for (unsigned i = 0; i < DEVICE_PIPES; i++)
        if (d->pipe[i])
            d->pipe[i]->paused = false;
}

// --- requests -----------------------------------------------------------------------------------

static struct usb_setup setup_of(uint8_t recipient, uint8_t request, uint16_t value, uint16_t index)
{
    return (struct usb_setup){
        .bmRequestType = recipient, .bRequest = request, .wValue = value, .wIndex = index};
}

enum { TO_DEVICE = 0, TO_INTERFACE = 1, TO_ENDPOINT = 2 };

// A request that the device never ends, and the library never takes back: whoever waits for the
// change would hold the device for ever. What becomes of the request later is nobody's.
static bool is_overdue(struct device *d)
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

// True: answered, with d->control.request.status.
static bool ask(struct device *d, struct usb_setup setup)
{
    if (device_request_over(d) || is_overdue(d))
        return true;
    if (d->control.request.state == REQUEST_NONE)
        device_request(d, setup, NULL);
    return false;
}

static enum step_result answer(struct device *d)
{
    d->change.status = d->control.request.status;
    return d->change.status == USB_STATUS_OK ? STEP_NEXT : STEP_END;
}

static enum step_result ask_configuration(struct device *d, uint8_t value)
{
    if (!ask(d, setup_of(TO_DEVICE, USB_REQ_SET_CONFIGURATION, value, 0)))
        return STEP_WAIT;
    enum step_result r = answer(d);
    if (r == STEP_NEXT)
        for (unsigned i = 0; i < USB_MAX_INTERFACES; i++)
            d->alternate[i] = d->change.op.type == USB_RESET_DEVICE ? d->alternate[i] : 0;
    return r;
}

static enum step_result set_configuration(struct device *d)
{
    enum step_result r = ask_configuration(d, d->change.op.value);
    if (r == STEP_NEXT)
        d->configured = d->change.op.value != 0;
    return r;
}

static enum step_result reset_configuration(struct device *d)
{
    return d->configured ? ask_configuration(d, d->info.active_config) : STEP_END;
}

// After a reset the alternate settings are what they were.
static enum step_result reset_alternates(struct device *d)
{
    uint8_t interface = (uint8_t)d->change.cursor;
    if (interface >= USB_MAX_INTERFACES)
        return STEP_NEXT;
    uint8_t alternate = d->alternate[interface];
    if (alternate != 0) {
        if (!ask(d, setup_of(TO_INTERFACE, USB_REQ_SET_INTERFACE, alternate, interface)))
            return STEP_WAIT;
        if (d->control.request.status != USB_STATUS_OK)
            d->alternate[interface] = 0;
    }
    return STEP_AGAIN;
}

static enum step_result set_interface(struct device *d)
{
    const struct usb_control_op *op = &d->change.op;
    return ask(d, setup_of(TO_INTERFACE, USB_REQ_SET_INTERFACE, op->value, op->interface))
               ? answer(d)
               : STEP_WAIT;
}

static enum step_result clear_halt(struct device *d)
{
    return ask(d, setup_of(TO_ENDPOINT, USB_REQ_CLEAR_FEATURE, USB_FEATURE_ENDPOINT_HALT,
                           d->change.op.value))
               ? answer(d)
               : STEP_WAIT;
}

// Claiming again has put the host's toggles of the other endpoints of that interface to DATA0 as
// well: their device side must follow.
static enum step_result clear_siblings(struct device *d)
{
    unsigned i = d->change.cursor;
    if (i >= DEVICE_PIPES)
        return STEP_NEXT;
    const struct device_pipe *p = concerned(d, i);
    if (!p || p->ep.address == d->change.op.value || p->ep.type == USB_ISOCHRONOUS)
        return STEP_AGAIN;
    if (!ask(d, setup_of(TO_ENDPOINT, USB_REQ_CLEAR_FEATURE, USB_FEATURE_ENDPOINT_HALT,
                         p->ep.address)))
        return STEP_WAIT;
    if (d->control.request.status != USB_STATUS_OK)
        ESP_LOGW(tag,
                 "%s: endpoint 0x%02x may lose a packet: the device refuses to reset its "
                 "toggle",
                 d->info.busid, p->ep.address);
    return STEP_AGAIN;
}

// For the next client the device is to be as after plug-in, whether it agrees or not.
static enum step_result clean_configuration(struct device *d)
{
    d->change.op = (struct usb_control_op){.type = USB_SET_CONFIGURATION};
    if (d->info.active_config != 0 && ask_configuration(d, d->info.active_config) == STEP_WAIT)
        return STEP_WAIT;
    d->change.status = USB_STATUS_OK;
    d->configured = d->info.active_config != 0;
    for (unsigned i = 0; i < USB_MAX_INTERFACES; i++)
        d->alternate[i] = 0;
    return STEP_NEXT;
}

// --- release and claim --------------------------------------------------------------------------

static enum step_result again_soon(struct device *d)
{
    d->change.retry_us = device_now_us(d->host) + DEVICE_RETRY_US;
    device_due(d->host, d->change.retry_us);
    return STEP_WAIT;
}

static enum step_result release(struct device *d)
{
    bool keep = d->change.op.type == USB_CLEAR_HALT && d->change.kind == CHANGE_CONTROL;
    for (uint8_t i = 0; i < USB_MAX_INTERFACES; i++)
        if (d->change.interfaces & 1u << i && device_release(d, i, keep) == BASE_ERR_AGAIN)
            return again_soon(d);
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
    return usb_config_has_alternate(device_config(d), interface, d->alternate[interface]);
}

// Endpoint 0 hangs in a request that the last client has left there: no import can do without it.
static enum step_result answers(struct device *d)
{
    if (!d->control.busy)
        return STEP_NEXT;
    ESP_LOGW(tag, "%s: hangs in a control transfer until it is plugged in again", d->info.busid);
    d->change.result = BASE_ERR_IO;
    return STEP_END;
}

// Each interface with its current alternate setting; what was claimed is released if one fails.
static enum step_result claim_all(struct device *d)
{
    for (uint8_t i = 0; d->configured && i < USB_MAX_INTERFACES; i++) {
        if (!has_interface(d, i))
            continue;
        d->change.result = device_claim(d, i, d->alternate[i]);
        d->change.status = status_of(d->change.result);
        if (d->change.result != BASE_OK)
            return STEP_NEXT;
    }
    return STEP_END;
}

static enum step_result claim_interface(struct device *d)
{
    uint8_t i = d->change.op.interface;
    d->change.status = status_of(device_claim(d, i, d->change.op.value));
    if (d->change.status != USB_STATUS_OK)
        return STEP_NEXT;
    d->alternate[i] = d->change.op.value;
    return STEP_END;
}

// The device has taken a setting that the host cannot serve: back to the old one, and the client
// hears why not.
static enum step_result ask_old_interface(struct device *d)
{
    uint8_t i = d->change.op.interface;
    return ask(d, setup_of(TO_INTERFACE, USB_REQ_SET_INTERFACE, d->alternate[i], i)) ? STEP_NEXT
                                                                                     : STEP_WAIT;
}

static enum step_result claim_old_interface(struct device *d)
{
    uint8_t i = d->change.op.interface;
    (void)device_claim(d, i, d->alternate[i]);
    return STEP_END;
}

static enum step_result reclaim(struct device *d)
{
    for (uint8_t i = 0; i < USB_MAX_INTERFACES; i++)
        if (d->change.interfaces & 1u << i)
            d->change.status = status_of(device_reclaim(d, i));
    return d->change.status == USB_STATUS_OK ? STEP_NEXT : STEP_END;
}

// --- the changes --------------------------------------------------------------------------------

static step_function *const open_steps[] = {answers, claim_all, release, NULL};
static step_function *const close_steps[] = {quiet, clean_configuration, release, NULL};
static step_function *const control_steps[][7] = {
    [USB_SET_CONFIGURATION] = {quiet, set_configuration, release, claim_all, release},
    [USB_SET_INTERFACE] = {quiet, set_interface, release, claim_interface, ask_old_interface,
                           claim_old_interface},
    [USB_CLEAR_HALT] = {quiet, clear_halt, release, reclaim, clear_siblings},
    [USB_RESET_DEVICE] = {quiet, reset_configuration, reset_alternates, release, claim_all,
                          release},
};

static step_function *const *steps_of(const struct device_change *c)
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

// Bits of the interfaces whose endpoints it touches.
static uint32_t interfaces_of(const struct device *d, const struct usb_control_op *op)
{
    const struct device_pipe *p = d->pipe[device_pipe_index(op->value)];
    switch (op->type) {
    case USB_SET_INTERFACE:
        return op->interface < USB_MAX_INTERFACES ? 1u << op->interface : 0;
    case USB_CLEAR_HALT:
        return p ? 1u << p->ep.interface : 0;
    default:
        return UINT32_MAX;
    }
}

// What is answered here, without the device: the library cannot change the configuration of a
// device that it has enumerated.
static bool is_impossible(const struct device *d, const struct usb_control_op *op)
{
    switch (op->type) {
    case USB_SET_CONFIGURATION:
        return op->value != 0 && op->value != d->info.active_config;
    case USB_SET_INTERFACE:
        return op->interface >= USB_MAX_INTERFACES;
    default:
        return false;
    }
}

void device_change_begin(struct device *d, enum device_change_kind kind,
                         const struct usb_control_op *op)
{
    d->change = (struct device_change){
        .kind = kind, .interfaces = UINT32_MAX, .begun_us = device_now_us(d->host)};
    if (kind != CHANGE_CONTROL)
        return;
    d->change.op = *op;
    d->change.interfaces = interfaces_of(d, op);
}

static void finish(struct device *d)
{
    struct device_event ev = {.result = d->change.result, .status = d->change.status};
    static const enum backend_event_type type[] = {
        [CHANGE_OPEN] = BACKEND_OPENED,
        [CHANGE_CLOSE] = BACKEND_CLOSED,
        [CHANGE_CONTROL] = BACKEND_CONTROL_DONE,
    };
    ev.type = type[d->change.kind];
    d->change.kind = CHANGE_NONE;
    resume(d);
    device_event(d, &ev);
}

// True: go on at once.
static bool step(struct device *d)
{
    step_function *const *steps = steps_of(&d->change);
    switch (steps[d->change.step](d)) {
    case STEP_WAIT:
        return false;
    case STEP_AGAIN:
        d->change.cursor++;
        return true;
    case STEP_NEXT:
        d->change.cursor = 0;
        d->change.step++;
        return true;
    default:
        while (steps[d->change.step])
            d->change.step++;
        return true;
    }
}

bool device_change_run(struct device *d)
{
    struct device_change *c = &d->change;
    if (c->kind == CHANGE_NONE)
        return false;
    if (d->kind != DEVICE_ORDINARY) { // a hub, or what nobody can serve
        c->result = BASE_ERR_UNSUPPORTED;
        c->status = USB_STATUS_INVALID;
        finish(d);
        return true;
    }
    if (c->retry_us > device_now_us(d->host)) {
        device_due(d->host, c->retry_us);
        return false;
    }
    if (c->step == 0 && c->kind == CHANGE_CONTROL && is_impossible(d, &c->op)) {
        c->status = USB_STATUS_STALL;
        finish(d);
        return true;
    }
    bool moved = false;
    while (steps_of(c)[c->step]) {
        if (!step(d))
            return moved;
        moved = true;
    }
    finish(d);
    return true;
}
