// SPDX-License-Identifier: Apache-2.0
// Pipes: strict order, one transfer on the bus (two if isochronous: the hardware has two buffers),
// an error halts and keeps the rest until it is flushed, no time limit, no bytes if it failed.
#include "tests/firmware/usb_host_double_state.h"

#include <string.h>

enum { GARBAGE = 0xdb };

static struct double_transfer *transfer_of(struct base_list *link)
{
    return BASE_CONTAINER(link, struct double_transfer, link);
}

static unsigned list_size(const struct base_list *list)
{
    unsigned n = 0;
    for (const struct base_list *l = list->next; l != list; l = l->next)
        n++;
    return n;
}

void double_pipe_init(struct double_pipe *pipe, struct usb_device_handle_s *d,
                      const struct usb_endpoint *ep)
{
    pipe->device = d;
    pipe->ep = *ep;
    base_list_init(&pipe->pending);
    base_list_init(&pipe->bus);
    base_list_init(&pipe->done);
    base_list_init(&pipe->event_link);
}

bool double_pipe_empty(const struct double_pipe *pipe)
{
    return base_list_empty(&pipe->pending) && base_list_empty(&pipe->bus) &&
           base_list_empty(&pipe->done);
}

struct double_pipe *double_pipe_of(struct usb_device_handle_s *d, uint8_t address)
{
    return d->pipe[sim_pipe_index(address)];
}

static bool live(const struct double_pipe *pipe)
{
    return double_library.root[pipe->device->root].live;
}

// --- to the bus ----------------------------------------------------------------------------------

static void fill_control(struct double_transfer *t)
{
    usb_transfer_t *p = double_public(t);
    uint16_t length = (uint16_t)(p->data_buffer[6] | p->data_buffer[7] << 8);
    memcpy(t->urb.setup, p->data_buffer, sizeof t->urb.setup);
    t->urb.ep.address = length > 0 ? p->data_buffer[0] & 0x80 : 0;
    t->urb.length = length;
    t->urb.buffer = length > 0 ? p->data_buffer + USB_SETUP_PACKET_SIZE : NULL;
}

static void fill_iso(struct double_transfer *t)
{
    usb_transfer_t *p = double_public(t);
    uint32_t offset = 0;
    for (int i = 0; i < p->num_isoc_packets; i++) {
        uint32_t length = (uint32_t)p->isoc_packet_desc[i].num_bytes;
        t->packets[i] = (struct usb_iso_packet){.offset = offset, .length = length};
        offset += length;
    }
    t->urb.packets = t->packets;
    t->urb.packet_count = (uint32_t)p->num_isoc_packets;
}

static void to_bus(struct double_pipe *pipe, struct double_transfer *t)
{
    usb_transfer_t *p = double_public(t);
    struct usbip_backend *bus = double_bus(pipe->device->root);
    base_list_remove(&t->link);
    base_list_append(&pipe->bus, &t->link);
    if (!pipe->device->port)
        return; // nobody is there: it stays until the pipe is flushed
    t->urb = (struct usb_urb){.device = pipe->device->port,
                              .ep = pipe->ep,
                              .buffer = p->num_bytes > 0 ? p->data_buffer : NULL,
                              .length = (uint32_t)p->num_bytes};
    if (pipe->ep.type == USB_CONTROL)
        fill_control(t);
    else if (pipe->ep.type == USB_ISOCHRONOUS)
        fill_iso(t);
    else if (p->flags & USB_TRANSFER_FLAG_ZERO_PACK)
        t->urb.flags = USB_URB_ZERO_PACKET;
    t->on_bus = true;
    bus->submit(bus, &t->urb);
}

void double_pipe_run(struct double_pipe *pipe)
{
    unsigned buffers = pipe->ep.type == USB_ISOCHRONOUS ? 2 : 1;
    while (!pipe->halted && live(pipe) && !base_list_empty(&pipe->pending) &&
           list_size(&pipe->bus) < buffers)
        to_bus(pipe, transfer_of(pipe->pending.next));
}

// --- from the bus --------------------------------------------------------------------------------

static void raise_event(struct double_pipe *pipe, enum double_pipe_event event)
{
    static const unsigned actions[] = {
        [DOUBLE_URB_DONE] = ACTION_EP0_DEQUEUE,
        [DOUBLE_ERROR] = ACTION_EP0_FLUSH | ACTION_EP0_DEQUEUE | ACTION_EP0_CLEAR,
        [DOUBLE_OVERFLOW] = ACTION_EP0_FLUSH | ACTION_EP0_DEQUEUE | ACTION_EP0_CLEAR,
        [DOUBLE_STALL] = ACTION_EP0_DEQUEUE | ACTION_EP0_CLEAR,
    };
    pipe->last_event = event;
    if (pipe->ep.type == USB_CONTROL) {
        double_device_act(pipe->device, actions[event]);
        if (event != DOUBLE_URB_DONE)
            pipe->device->refuse_control = double_library.config.control_refused_after_error;
        return;
    }
    if (!pipe->interface)
        return; // the hub driver's
    struct usb_host_client_handle_s *c = pipe->interface->client;
    if (base_list_empty(&pipe->event_link))
        base_list_append(&c->pipes, &pipe->event_link);
    c->event = true;
    double_wake();
}

static void check_unchanged(const struct double_transfer *t, const usb_transfer_t *p)
{
    if (p->num_bytes != t->submitted_bytes || p->bEndpointAddress != t->submitted_ep ||
        p->callback != t->submitted_callback)
        double_fail("a transfer was changed after it was submitted (endpoint %02x)",
                    t->submitted_ep);
}

static void scramble(const struct double_pipe *pipe, usb_transfer_t *p)
{
    bool control = pipe->ep.type == USB_CONTROL;
    int skip = control ? USB_SETUP_PACKET_SIZE : 0;
    bool in = control ? p->data_buffer[0] & 0x80 : pipe->ep.address & 0x80;
    if (in && p->num_bytes > skip)
        memset(p->data_buffer + skip, GARBAGE, (size_t)(p->num_bytes - skip));
}

// The transfer is over: to be dequeued with this status and, if it failed, nothing else.
static void finish(struct double_pipe *pipe, struct double_transfer *t,
                   usb_transfer_status_t status)
{
    usb_transfer_t *p = double_public(t);
    check_unchanged(t, p);
    t->on_bus = false;
    if (status != USB_TRANSFER_STATUS_COMPLETED) {
        p->actual_num_bytes = 0;
        scramble(pipe, p);
    }
    p->status = status;
    base_list_remove(&t->link);
    base_list_append(&pipe->done, &t->link);
}

static void finish_iso(struct double_transfer *t)
{
    usb_transfer_t *p = double_public(t);
    p->actual_num_bytes = 0;
    for (int i = 0; i < p->num_isoc_packets; i++) {
        const struct usb_iso_packet *packet = &t->packets[i];
        usb_isoc_packet_desc_t *desc = &p->isoc_packet_desc[i];
        desc->status = packet->status == USB_STATUS_OK     ? USB_TRANSFER_STATUS_COMPLETED
                       : packet->status == USB_STATUS_XDEV ? USB_TRANSFER_STATUS_SKIPPED
                                                           : USB_TRANSFER_STATUS_ERROR;
        // Of one that failed, too, the hardware says how much of it has come.
        desc->actual_num_bytes = desc->status == USB_TRANSFER_STATUS_ERROR
                                     ? desc->num_bytes / 2
                                     : (int)packet->actual_length;
        p->actual_num_bytes += desc->actual_num_bytes;
    }
}

// The library miscounts when an interrupt IN of several packets ends early (hcd_dwc.c,
// _buffer_parse_intr).
static int interrupt_bytes(const struct double_pipe *pipe, const struct double_transfer *t)
{
    int size = pipe->ep.max_packet_size, actual = (int)t->urb.actual_length;
    if (!(pipe->ep.address & 0x80) || actual == (int)t->urb.length)
        return actual;
    int packets = actual / size + 1;
    return packets < (int)t->urb.length / size ? size * packets - 2 + actual % size : actual;
}

static void completed(struct double_pipe *pipe, struct double_transfer *t)
{
    usb_transfer_t *p = double_public(t);
    if (pipe->ep.type == USB_ISOCHRONOUS)
        finish_iso(t);
    else if (pipe->ep.type == USB_CONTROL)
        p->actual_num_bytes = USB_SETUP_PACKET_SIZE + (int)t->urb.actual_length;
    else if (pipe->ep.type == USB_INTERRUPT)
        p->actual_num_bytes = interrupt_bytes(pipe, t);
    else
        p->actual_num_bytes = (int)t->urb.actual_length;
    if (pipe->ep.type == USB_CONTROL && pipe->device->is_hub)
        double_hub_answer(pipe->device, t->urb.setup, p->data_buffer + USB_SETUP_PACKET_SIZE,
                          t->urb.actual_length);
    finish(pipe, t, USB_TRANSFER_STATUS_COMPLETED);
    raise_event(pipe, DOUBLE_URB_DONE);
    double_pipe_run(pipe);
}

static void take_back(const struct double_pipe *pipe)
{
    struct usbip_backend *bus = double_bus(pipe->device->root);
    BASE_LIST_FOR_EACH (struct double_transfer, t, &pipe->bus, link)
        if (t->on_bus)
            bus->cancel(bus, &t->urb);
}

static void failed(struct double_pipe *pipe, struct double_transfer *t, int32_t status)
{
    bool stall = status == USB_STATUS_STALL && pipe->ep.type != USB_ISOCHRONOUS;
    bool overflow = status == USB_STATUS_OVERFLOW;
    pipe->halted = true;
    finish(pipe, t,
           stall      ? USB_TRANSFER_STATUS_STALL
           : overflow ? USB_TRANSFER_STATUS_OVERFLOW
                      : USB_TRANSFER_STATUS_ERROR);
    take_back(pipe);
    raise_event(pipe, stall ? DOUBLE_STALL : overflow ? DOUBLE_OVERFLOW : DOUBLE_ERROR);
}

void double_pipe_urb_done(struct usb_urb *u)
{
    struct double_transfer *t = BASE_CONTAINER(u, struct double_transfer, urb);
    struct double_pipe *pipe = t->pipe;
    t->on_bus = false;
    if (pipe->halted)
        return; // taken back; the flush gives it its status
    if (u->status == USB_STATUS_OK) {
        completed(pipe, t);
    } else if (u->status == USB_STATUS_NO_DEVICE) { // pulled: silence on the bus
        if (double_library.config.errors_before_gone && live(pipe) && pipe->device->hub)
            failed(pipe, t, USB_STATUS_PROTOCOL);
    } else {
        failed(pipe, t, u->status);
    }
}

// --- commands ------------------------------------------------------------------------------------

void double_pipe_halt(struct double_pipe *pipe)
{
    if (pipe->halted)
        return;
    bool on_live_port = live(pipe);
    pipe->halted = true;
    BASE_LIST_FOR_EACH (struct double_transfer, t, &pipe->bus, link)
        t->was_canceled = on_live_port;
    take_back(pipe);
    double_interrupt();
}

esp_err_t double_pipe_flush(struct double_pipe *pipe)
{
    if (!pipe->halted)
        return ESP_ERR_INVALID_STATE;
    double_interrupt(); // what was taken back comes
    bool any = !base_list_empty(&pipe->bus) || !base_list_empty(&pipe->pending);
    usb_transfer_status_t status =
        live(pipe) ? USB_TRANSFER_STATUS_CANCELED : USB_TRANSFER_STATUS_NO_DEVICE;
    while (!base_list_empty(&pipe->bus)) {
        struct double_transfer *t = transfer_of(pipe->bus.next);
        if (t->on_bus)
            double_fail("the double has lost a transfer that it took back");
        finish(pipe, t, t->was_canceled ? USB_TRANSFER_STATUS_CANCELED : status);
    }
    while (!base_list_empty(&pipe->pending)) {
        struct double_transfer *t = transfer_of(pipe->pending.next);
        usb_transfer_t *p = double_public(t);
        for (int i = 0; i < p->num_isoc_packets; i++) {
            p->isoc_packet_desc[i].actual_num_bytes = 0;
            p->isoc_packet_desc[i].status = status;
        }
        finish(pipe, t, status);
    }
    if (any)
        raise_event(pipe, DOUBLE_URB_DONE);
    return ESP_OK;
}

esp_err_t double_pipe_clear(struct double_pipe *pipe)
{
    if (!pipe->halted || !live(pipe))
        return ESP_ERR_INVALID_STATE;
    if (!base_list_empty(&pipe->bus))
        double_fail("endpoint %02x is cleared without a flush: the transfer that was executing is "
                    "lost",
                    pipe->ep.address);
    pipe->halted = false;
    double_pipe_run(pipe);
    return ESP_OK;
}
