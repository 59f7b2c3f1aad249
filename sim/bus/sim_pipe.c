// SPDX-License-Identifier: Apache-2.0
// A pipe moves on: its first URB, by the way of its transfer type.
#include "sim_engine.h"

static bool is_isochronous(const struct sim_pipe *pipe)
{
    return !sim_pipe_is_control(pipe) && sim_pipe_head(pipe)->ep.type == USB_ISOCHRONOUS;
}

static void timer_due(struct sim_timer *t)
{
    struct sim_pipe *pipe = BASE_CONTAINER(t, struct sim_pipe, timer);
    if (base_list_empty(&pipe->urbs))
        return;
    if (is_isochronous(pipe))
        sim_iso_packet(pipe);
    else
        sim_pipe_ready(pipe);
}

void sim_pipe_init(struct sim_pipe *pipe, struct sim_port *port)
{
    base_list_init(&pipe->urbs);
    base_list_init(&pipe->ready);
    sim_timer_init(&pipe->timer, timer_due);
    pipe->port = port;
}

// Control URBs and pipe changes share endpoint 0, in the order in which the core asked.
static void run_change(struct sim_port *p)
{
    base_list_remove(&p->op_link);
    p->op_status = sim_state_execute(p, &p->op);
    p->op_done = true;
    sim_port_attend(p);
}

static void run_transfer(struct sim_pipe *pipe)
{
    struct usb_urb *u = sim_pipe_head(pipe);
    int32_t status = sim_pipe_is_control(pipe) ? sim_control_transfer(pipe->port, u)
                                               : sim_bulk_transfer(pipe->port, u);
    if (status != SIM_PENDING)
        sim_urb_done(pipe->port->bus, u, status);
}

void sim_pipe_run(struct sim_pipe *pipe)
{
    struct base_list *first = pipe->urbs.next;
    if (first == &pipe->urbs)
        return;
    if (first == &pipe->port->op_link)
        run_change(pipe->port);
    else if (is_isochronous(pipe))
        sim_iso_run(pipe);
    else
        run_transfer(pipe);
    // One URB per turn, so that no endpoint keeps the others waiting.
    if (pipe->urbs.next != first)
        sim_pipe_ready(pipe);
}

void sim_pipe_clear(struct sim_pipe *pipe)
{
    sim_timer_clear(&pipe->timer);
    while (!base_list_empty(&pipe->urbs))
        sim_urb_done(pipe->port->bus, sim_pipe_head(pipe), USB_STATUS_NO_DEVICE);
    base_list_remove(&pipe->ready);
}
