// SPDX-License-Identifier: Apache-2.0
// A change of pipes, from the wish to the event that tells its outcome: import, release,
// SET_CONFIGURATION, SET_INTERFACE, CLEAR_HALT, reset. Client task, outside callbacks.
#include "device_parts.h"

#include <string.h>

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

// What is answered here, without the device: its endpoints could not be claimed.
static bool is_impossible(const struct device *d, const struct usb_control_op *op)
{
    switch (op->type) {
    case USB_SET_CONFIGURATION:
        return op->value != 0 && usb_device_config(&d->info, op->value).size == 0;
    case USB_SET_INTERFACE:
        return op->interface >= USB_MAX_INTERFACES;
    default:
        return false;
    }
}

static void report_impossible(struct device *d, const struct usb_control_op *op)
{
    const struct eventlog_what what = EVENTLOG_WITH(configuration_refused, .value = op->value);
    if (op->type != USB_SET_CONFIGURATION)
        return;
    if (!d->told.configuration)
        device_log(d, &what);
    d->told.configuration = true;
}

void device_change_begin(struct device *d, enum device_change_kind kind,
                         const struct usb_control_op *op)
{
    d->change = (struct device_change){
        .kind = kind, .interfaces = UINT32_MAX, .begun_us = device_now_us(d->host)};
    if (kind == CHANGE_OPEN)
        memset(&d->told, 0, sizeof d->told);
    if (kind != CHANGE_CONTROL)
        return;
    d->change.op = *op;
    d->change.interfaces = interfaces_of(d, op);
}

static void resume_pipes(struct device *d)
{
    for (unsigned i = 0; i < DEVICE_PIPES; i++)
        if (d->pipe[i])
            d->pipe[i]->paused = false;
}

static void finish_change(struct device *d)
{
    struct device_event ev = {.result = d->change.result, .status = d->change.status};
    static const enum backend_event_type type[] = {
        [CHANGE_OPEN] = BACKEND_OPENED,
        [CHANGE_CLOSE] = BACKEND_CLOSED,
        [CHANGE_CONTROL] = BACKEND_CONTROL_DONE,
    };
    ev.type = type[d->change.kind];
    d->change.kind = CHANGE_NONE;
    resume_pipes(d);
    device_event(d, &ev);
}

// NULL: none is left.
static device_step_function *current_step(const struct device_change *c)
{
    const struct device_step *s = &device_steps(c)[c->step];
    return c->undo == 0 ? s->make : s->undo[c->undo - 1];
}

// False: it waits.
static bool make_step(struct device *d, device_step_function *step)
{
    struct device_change *c = &d->change;
    switch (step(d)) {
    case STEP_WAIT:
        return false;
    case STEP_AGAIN:
        c->cursor++;
        return true;
    case STEP_NEXT:
        c->cursor = 0;
        if (c->undo > 0)
            c->undo++;
        else
            c->step++;
        return true;
    default:
        c->undo++;
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
        finish_change(d);
        return true;
    }
    if (c->retry_us > device_now_us(d->host)) {
        device_due(d->host, c->retry_us);
        return false;
    }
    if (c->step == 0 && c->kind == CHANGE_CONTROL && is_impossible(d, &c->op)) {
        report_impossible(d, &c->op);
        c->status = USB_STATUS_STALL;
        finish_change(d);
        return true;
    }
    device_step_function *step;
    for (bool moved = false; (step = current_step(c)); moved = true)
        if (!make_step(d, step))
            return moved;
    finish_change(d);
    return true;
}
