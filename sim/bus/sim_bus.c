// SPDX-License-Identifier: Apache-2.0
// A simulated bus is a backend (server/server_backend.h).
#include "base/base_text.h"
#include "sim_engine.h"

#include <assert.h>
#include <string.h>

static struct sim_bus *bus_of(struct usbip_backend *b)
{
    return BASE_CONTAINER(b, struct sim_bus, backend);
}

static bool deaf(const struct sim_port *p)
{
    return p->gone; // the device that the core means has left; UNPLUGGED is on its way
}

static void backend_open(struct usbip_backend *b, void *device)
{
    struct sim_port *p = device;
    (void)b;
    if (deaf(p))
        return;
    assert(p->claim == SIM_CLOSED);
    p->claim = SIM_OPENING;
    p->delay_over = false;
    sim_port_attend(p);
}

static bool has_urbs(const struct sim_port *p)
{
    for (unsigned i = 0; i < SIM_PIPES; i++)
        if (!base_list_empty(&p->pipe[i].urbs))
            return true;
    return false;
}

static void backend_close(struct usbip_backend *b, void *device)
{
    struct sim_port *p = device;
    (void)b;
    if (deaf(p))
        return;
    base_list_remove(&p->op_link); // an answer is no longer wanted
    p->op_done = false;
    assert(p->claim != SIM_CLOSED && !has_urbs(p));
    p->claim = SIM_CLOSING;
    p->delay_over = false;
    sim_timer_clear(&p->delay_timer);
    sim_port_attend(p);
}

static void backend_submit(struct usbip_backend *b, struct usb_urb *u)
{
    struct sim_port *p = u->device;
    u->actual_length = u->error_count = u->start_frame = 0;
    u->backend_state = 0;
    u->backend_ptr = NULL;
    if (deaf(p)) {
        sim_urb_done(bus_of(b), u, USB_STATUS_NO_DEVICE);
        return;
    }
    assert(p->claim == SIM_OPEN);
    struct sim_pipe *pipe = &p->pipe[sim_pipe_index(u->ep.address)];
    bool idle = base_list_empty(&pipe->urbs);
    u->backend_ptr = pipe;
    base_list_append(&pipe->urbs, &u->backend_link);
    if (idle)
        sim_pipe_ready(pipe);
}

static void backend_cancel(struct usbip_backend *b, struct usb_urb *u)
{
    struct sim_pipe *pipe = u->backend_ptr;
    if (!pipe)
        return; // was faster
    sim_urb_done(bus_of(b), u, USB_STATUS_CANCELLED);
    sim_pipe_ready(pipe);
}

static void backend_control(struct usbip_backend *b, void *device, const struct usb_control_op *op)
{
    struct sim_port *p = device;
    (void)b;
    if (deaf(p))
        return;
    assert(p->claim == SIM_OPEN && base_list_empty(&p->op_link) && !p->op_done);
    p->op = *op;
    p->delay_over = false;
    if (op->type == USB_RESET_DEVICE) { // needs no endpoint 0, which may be stuck
        p->op_status = sim_state_execute(p, op);
        p->op_done = true;
        sim_port_attend(p);
        return;
    }
    bool idle = base_list_empty(&p->pipe[0].urbs);
    base_list_append(&p->pipe[0].urbs, &p->op_link);
    if (idle)
        sim_pipe_ready(&p->pipe[0]);
}

static void *backend_buffer_alloc(struct usbip_backend *b, uint32_t size)
{
    return base_alloc(bus_of(b)->alloc, size);
}

static void backend_buffer_free(struct usbip_backend *b, void *buffer, uint32_t size)
{
    (void)size;
    base_free(bus_of(b)->alloc, buffer);
}

// --- events --------------------------------------------------------------------------------------

// False: the delay is over.
static bool keep_waiting(struct sim_port *p, uint64_t delay_us)
{
    if (p->delay_over || delay_us == 0)
        return false;
    uint64_t now_us = p->bus->now_us;
    if (base_list_empty(&p->delay_timer.link))
        sim_timer_set(p->bus, &p->delay_timer,
                      delay_us > UINT64_MAX - now_us ? UINT64_MAX : now_us + delay_us);
    return true;
}

static bool take_claim_event(struct sim_port *p, struct backend_event *ev)
{
    if (p->claim == SIM_OPENING && !keep_waiting(p, p->open_delay_us)) {
        p->claim = p->open_result == BASE_OK ? SIM_OPEN : SIM_CLOSED;
        ev->type = BACKEND_OPENED;
        ev->result = p->open_result;
    } else if (p->claim == SIM_CLOSING && !keep_waiting(p, p->close_delay_us)) {
        sim_state_power_on(p);
        p->claim = SIM_CLOSED;
        ev->type = BACKEND_CLOSED;
    } else {
        return false;
    }
    return true;
}

// The next event of this port. False if there is none (yet).
static bool take_port_event(struct sim_port *p, struct backend_event *ev)
{
    *ev = (struct backend_event){.device = p};
    if (p->gone) {
        p->gone = p->announced = false;
        ev->type = BACKEND_UNPLUGGED;
        return true;
    }
    if (!sim_port_live(p))
        return false;
    if (!p->announced) {
        p->announced = true;
        ev->type = BACKEND_PLUGGED;
        ev->info = &p->info;
        return true;
    }
    if (p->op_done && !keep_waiting(p, p->control_delay_us)) {
        p->op_done = false;
        ev->type = BACKEND_CONTROL_DONE;
        ev->status = p->op_status;
        return true;
    }
    return take_claim_event(p, ev);
}

static bool take_attention_event(struct sim_bus *bus, struct backend_event *ev)
{
    struct base_list *first = base_list_pop(&bus->attention);
    struct sim_port *p = BASE_CONTAINER(first, struct sim_port, attention);
    if (p->vanish) {
        sim_port_vanish(p); // gives URBs back, which come before UNPLUGGED
        return false;
    }
    if (p->settle) {
        p->settle = false;
        sim_port_settle(bus);
    }
    if (!take_port_event(p, ev))
        return false;
    sim_port_attend(p); // there may be more
    return true;
}

static bool take_power_answer(struct sim_bus *bus, struct backend_event *ev)
{
    if (bus->answers == 0)
        return false;
    bus->answered = bus->answer[0];
    memmove(bus->answer, bus->answer + 1, --bus->answers * sizeof bus->answer[0]);
    *ev = (struct backend_event){
        .type = BACKEND_PORT_POWER, .port = bus->answered.port, .result = bus->answered.result};
    return true;
}

static bool backend_take_event(struct usbip_backend *b, uint64_t now_us, struct backend_event *ev)
{
    struct sim_bus *bus = bus_of(b);
    sim_time_advance(bus, now_us);
    for (;;) {
        struct base_list *done = base_list_pop(&bus->done);
        if (done) {
            *ev = (struct backend_event){.type = BACKEND_URB_DONE};
            ev->urb = BASE_CONTAINER(done, struct usb_urb, backend_link);
            ev->device = ev->urb->device;
            return true;
        }
        if (!base_list_empty(&bus->attention)) {
            if (take_attention_event(bus, ev))
                return true;
            continue;
        }
        if (take_power_answer(bus, ev)) // what has lost its power has left by now
            return true;
        struct base_list *ready = base_list_pop(&bus->ready);
        if (!ready)
            return false;
        sim_pipe_run(BASE_CONTAINER(ready, struct sim_pipe, ready));
    }
}

static uint64_t backend_next_deadline(struct usbip_backend *b)
{
    struct sim_bus *bus = bus_of(b);
    if (!base_list_empty(&bus->done) || !base_list_empty(&bus->attention) ||
        !base_list_empty(&bus->ready) || bus->answers > 0)
        return bus->now_us;
    uint64_t first_us = UINT64_MAX;
    BASE_LIST_FOR_EACH (const struct sim_timer, t, &bus->timers, link) {
        if (t->at_us >= first_us)
            break; // they are in that order
        if (t->shows_us < first_us)
            first_us = t->shows_us;
    }
    return first_us;
}

// --- ports ---------------------------------------------------------------------------------------

static bool backend_bus(struct usbip_backend *b, unsigned i, struct backend_bus *out)
{
    const struct sim_bus *bus = bus_of(b);
    *out = (struct backend_bus){
        .name = "simulated bus",
        .busnum = bus->busnum,
        .speed = USB_SPEED_HIGH,
        .ports = (uint8_t)sim_root_ports(bus),
    };
    return i == 0;
}

static unsigned backend_hub_ports(struct usbip_backend *b, void *device)
{
    const struct sim_port *p = device;
    (void)b;
    return deaf(p) ? 0 : sim_hub_ports(p->device);
}

static bool backend_port(struct usbip_backend *b, const char *port, struct backend_port *out)
{
    return sim_port_known(bus_of(b), port, out);
}

static void backend_port_power(struct usbip_backend *b, const char *port, bool on)
{
    struct sim_bus *bus = bus_of(b);
    assert(bus->answers < SIM_POWER_ANSWERS);
    struct sim_power_answer *a = &bus->answer[bus->answers++];
    (void)base_text_copy(a->port, sizeof a->port, port);
    a->result = sim_port_power(bus, port, on);
}

static const struct usbip_backend backend = {
    .open = backend_open,
    .close = backend_close,
    .submit = backend_submit,
    .cancel = backend_cancel,
    .control = backend_control,
    .buffer_alloc = backend_buffer_alloc,
    .buffer_free = backend_buffer_free,
    .take_event = backend_take_event,
    .next_deadline = backend_next_deadline,
    .bus = backend_bus,
    .hub_ports = backend_hub_ports,
    .port = backend_port,
    .port_power = backend_port_power,
};

// --- life ----------------------------------------------------------------------------------------

struct sim_bus *sim_bus_create(const struct base_alloc *alloc, uint8_t busnum)
{
    assert(busnum > 0);
    struct sim_bus *bus = base_alloc(alloc, sizeof *bus);
    if (!bus)
        return NULL;
    bus->backend = backend;
    bus->alloc = alloc;
    bus->busnum = busnum;
    bus->devnum = SIM_DEVNUM_ROOT_HUB;
    base_list_init(&bus->ports);
    base_list_init(&bus->attention);
    base_list_init(&bus->ready);
    base_list_init(&bus->done);
    base_list_init(&bus->timers);
    return bus;
}

uint8_t sim_busnum(const struct sim_bus *bus)
{
    return bus->busnum;
}

void sim_bus_destroy(struct sim_bus *bus)
{
    if (!bus)
        return;
    BASE_LIST_FOR_EACH (struct sim_port, p, &bus->ports, link) {
        p->device->port = NULL;
        p->device->ops->destroy(p->device);
        base_free(bus->alloc, p);
    }
    base_free(bus->alloc, bus);
}

struct usbip_backend *sim_bus_backend(struct sim_bus *bus)
{
    return &bus->backend;
}
