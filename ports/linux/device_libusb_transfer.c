// SPDX-License-Identifier: Apache-2.0
// URBs and libusb's transfers. What fits into one transfer is handed to the kernel at once, several
// per endpoint; a longer URB goes part by part, and nothing of its endpoint flies beside it but
// what is in front of its first part: a short packet ends it, and the next byte belongs to the next
// URB. Loop thread.
#include "ports/linux/device_libusb_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

unsigned device_pipe_index(const struct usb_urb *u)
{
    unsigned number = u->ep.address & 0x0f;
    return number != 0 && usb_urb_is_in(u) ? number + 16 : number;
}

static struct device_pipe *pipe_of(const struct usb_urb *u)
{
    return &((struct device *)u->device)->pipe[device_pipe_index(u)];
}

// Isochronous packets have the results that they have, or none.
static void fail_packets(struct usb_urb *u)
{
    u->actual_length = 0;
    u->error_count = u->packet_count;
    for (uint32_t i = 0; i < u->packet_count; i++) {
        u->packets[i].actual_length = 0;
        u->packets[i].status = USB_STATUS_XDEV;
    }
}

void device_urb_done(struct usb_urb *u, int32_t status)
{
    const struct device *d = u->device;
    u->status = status;
    u->backend_state |= URB_ENDED;
    if (!base_list_empty(&u->backend_link))
        base_list_remove(&u->backend_link);
    base_list_append(&d->host->done, &u->backend_link);
}

// --- transfers -----------------------------------------------------------------------------------

static void free_transfer(struct device_transfer *t)
{
    libusb_free_transfer(t->transfer);
    free(t);
}

static struct device_transfer *new_transfer(int packets)
{
    struct device_transfer *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->transfer = libusb_alloc_transfer(packets);
    t->packets = packets;
    if (t->transfer)
        return t;
    free(t);
    return NULL;
}

// Those that are spare are as good as new ones.
static struct device_transfer *get_transfer(struct device_libusb *h, int packets)
{
    BASE_LIST_FOR_EACH (struct device_transfer, t, &h->spare, link) {
        if (t->packets < packets)
            continue;
        base_list_remove(&t->link);
        return t;
    }
    return new_transfer(packets);
}

static void put_transfer(struct device_libusb *h, struct device_transfer *t)
{
    t->urb = NULL;
    base_list_prepend(&h->spare, &t->link);
}

void device_free_transfers(struct device_libusb *h)
{
    BASE_LIST_FOR_EACH (struct device_transfer, t, &h->spare, link) {
        base_list_remove(&t->link);
        free_transfer(t);
    }
}

// --- parts ---------------------------------------------------------------------------------------

static bool is_last_part(const struct usb_urb *u)
{
    const struct device_transfer *t = u->backend_ptr;
    return u->packet_count > 0 || u->backend_progress + t->bytes >= u->length;
}

static void transfer_done(struct libusb_transfer *x);

// libusb wants the setup packet in front of the data, where our buffers have room for it. The
// device is asked for what there is room for.
static void fill_control(struct device_transfer *t, struct usb_urb *u)
{
    struct libusb_transfer *x = t->transfer;
    uint8_t *setup = u->buffer ? u->buffer - LIBUSB_CONTROL_SETUP_SIZE : t->setup;
    uint32_t length = u->length < DEVICE_CONTROL_BYTES ? u->length : DEVICE_CONTROL_BYTES;
    memcpy(setup, u->setup, LIBUSB_CONTROL_SETUP_SIZE);
    base_put_le16(setup + 6, (uint16_t)length);
    x->buffer = setup;
    x->length = (int)(LIBUSB_CONTROL_SETUP_SIZE + length);
    t->bytes = u->length;
}

static void fill_bulk(struct device_transfer *t, struct usb_urb *u)
{
    struct libusb_transfer *x = t->transfer;
    uint32_t left = u->length - (uint32_t)u->backend_progress;
    uint32_t most = ((const struct device *)u->device)->part_bytes;
    uint32_t part = most / u->ep.max_packet_size * u->ep.max_packet_size;
    t->bytes = left < part ? left : part;
    x->buffer = u->buffer ? u->buffer + u->backend_progress : t->setup;
    x->length = (int)t->bytes;
    if (!usb_urb_is_in(u) && u->flags & USB_URB_ZERO_PACKET && t->bytes == left)
        x->flags |= LIBUSB_TRANSFER_ADD_ZERO_PACKET;
}

static bool fill(struct device_transfer *t, struct usb_urb *u)
{
    static const uint8_t types[] = {
        [USB_CONTROL] = LIBUSB_TRANSFER_TYPE_CONTROL,
        [USB_ISOCHRONOUS] = LIBUSB_TRANSFER_TYPE_ISOCHRONOUS,
        [USB_BULK] = LIBUSB_TRANSFER_TYPE_BULK,
        [USB_INTERRUPT] = LIBUSB_TRANSFER_TYPE_INTERRUPT,
    };
    const struct device *d = u->device;
    struct libusb_transfer *x = t->transfer;
    t->urb = u;
    x->dev_handle = d->handle;
    x->flags = 0;
    x->endpoint = u->ep.type == USB_CONTROL ? 0 : u->ep.address;
    x->type = types[u->ep.type];
    x->timeout = 0;
    x->callback = transfer_done;
    x->user_data = t;
    x->num_iso_packets = 0;
    if (u->ep.type == USB_ISOCHRONOUS)
        return device_iso_fill(t, u);
    if (u->ep.type == USB_CONTROL)
        fill_control(t, u);
    else
        fill_bulk(t, u);
    return true;
}

// 0: the kernel has it; 1: there is no memory now; else the URB's status.
static int32_t start_part(struct usb_urb *u)
{
    struct device *d = u->device;
    struct device_libusb *h = d->host;
    struct device_transfer *t = get_transfer(h, (int)u->packet_count);
    if (!t)
        return 1;
    if (!fill(t, u)) {
        put_transfer(h, t);
        return 1;
    }
    int error = libusb_submit_transfer(t->transfer);
    if (error == LIBUSB_SUCCESS) {
        u->backend_ptr = t;
        d->flying++;
        h->flying++;
        return 0;
    }
    int32_t status = device_status_of_submit(error, errno);
    free(t->bounce);
    t->bounce = NULL;
    put_transfer(h, t);
    return status == 0 ? 1 : status;
}

// --- an endpoint ---------------------------------------------------------------------------------

static bool may_follow(const struct device_pipe *p)
{
    return base_list_empty(&p->flying) ||
           is_last_part(BASE_CONTAINER(p->flying.prev, struct usb_urb, backend_link));
}

static void end_failed(struct usb_urb *u, int32_t status)
{
    if (u->packet_count > 0)
        fail_packets(u);
    else
        u->actual_length = (uint32_t)u->backend_progress;
    device_urb_done(u, status);
}

static void tell_once(const struct device *d)
{
    struct device_libusb *h = d->host;
    struct eventlog_event e = {.time_us = h->config.now_us(h->config.ctx),
                               .what = EVENTLOG(usb_memory_short)};
    if (h->starved_told)
        return;
    h->starved_told = true;
    memcpy(e.busid, d->info.busid, sizeof e.busid);
    eventlog_record(h->config.log, &e);
}

// Without memory somebody else's transfer has to end first; if nobody has one, it will not get
// better.
static bool wait_for_memory(const struct device *d)
{
    struct device_libusb *h = d->host;
    tell_once(d);
    h->starved |= h->flying > 0;
    return h->flying > 0;
}

static void run_pipe(struct device *d, struct device_pipe *p)
{
    while (!p->held && !base_list_empty(&p->waiting) && may_follow(p)) {
        struct usb_urb *u = BASE_CONTAINER(p->waiting.next, struct usb_urb, backend_link);
        int32_t result = start_part(u);
        if (result == 1 && wait_for_memory(d))
            return;
        base_list_remove(&u->backend_link);
        if (result == 0)
            base_list_append(&p->flying, &u->backend_link);
        else
            end_failed(u, result == 1 ? USB_STATUS_NO_MEMORY : result);
    }
}

static void run_starved(struct device_libusb *h)
{
    if (!h->starved)
        return;
    h->starved = false;
    BASE_LIST_FOR_EACH (struct device, d, &h->present, loop_link) {
        for (unsigned i = 0; i < DEVICE_PIPES && !d->gone && d->open; i++)
            run_pipe(d, &d->pipe[i]);
    }
}

// --- the end of a part ---------------------------------------------------------------------------

// The status of an URB whose transfer ended so.
static int32_t status_of(const struct usb_urb *u, enum libusb_transfer_status s)
{
    const struct device *d = u->device;
    if (s == LIBUSB_TRANSFER_CANCELLED || (s != LIBUSB_TRANSFER_COMPLETED && d->gone)) {
        if (u->backend_state & URB_CANCEL)
            return USB_STATUS_CANCELLED;
        if (d->gone)
            return USB_STATUS_SHUTDOWN;
    }
    int32_t status = device_status_of_transfer(s);
    bool is_short = usb_urb_is_in(u) && u->actual_length < u->length;
    if (status == USB_STATUS_OK && is_short && u->flags & USB_URB_SHORT_NOT_OK &&
        u->ep.type != USB_ISOCHRONOUS)
        return USB_STATUS_SHORT;
    return status;
}

// Back to where it was, for later: device_hold() has taken it back.
static void requeue(struct device_pipe *p, struct usb_urb *u)
{
    base_list_remove(&u->backend_link);
    u->backend_state &= ~(uint32_t)URB_REQUEUE;
    base_list_prepend(&p->waiting, &u->backend_link);
}

static bool goes_on(const struct usb_urb *u, const struct libusb_transfer *x, bool was_last,
                    uint32_t part)
{
    return x->status == LIBUSB_TRANSFER_COMPLETED && !was_last &&
           (uint32_t)x->actual_length == part && !(u->backend_state & URB_CANCEL);
}

// A part is through. The next one of the same URB starts, or the URB waits at the head.
static void next_part(struct device *d, struct device_pipe *p, struct usb_urb *u)
{
    int32_t result = p->held ? 1 : start_part(u);
    if (result == 0)
        return;
    if (result == 1 && (p->held || wait_for_memory(d)))
        requeue(p, u);
    else
        end_failed(u, result == 1 ? USB_STATUS_NO_MEMORY : result);
}

static void end_part(struct device *d, struct device_pipe *p, struct device_transfer *t)
{
    const struct libusb_transfer *x = t->transfer;
    struct usb_urb *u = t->urb;
    bool was_last = is_last_part(u);
    uint32_t part = t->bytes, actual = x->actual_length > 0 ? (uint32_t)x->actual_length : 0;
    if (u->packet_count > 0) {
        device_iso_done(t, u);
    } else {
        u->backend_progress += actual < part ? actual : part;
        u->actual_length = (uint32_t)u->backend_progress;
    }
    u->backend_ptr = NULL;
    if (u->backend_state & URB_REQUEUE && x->status == LIBUSB_TRANSFER_CANCELLED &&
        !(u->backend_state & URB_CANCEL) && !d->gone)
        requeue(p, u);
    else if (goes_on(u, x, was_last, part))
        next_part(d, p, u);
    else
        device_urb_done(u, status_of(u, x->status));
}

// libusb's callback; from device_libusb_ready(), on the loop.
static void transfer_done(struct libusb_transfer *x)
{
    struct device_transfer *t = x->user_data;
    struct device *d = t->urb->device;
    struct device_pipe *p = pipe_of(t->urb);
    d->flying--;
    d->host->flying--;
    end_part(d, p, t);
    put_transfer(d->host, t);
    if (!d->gone)
        run_pipe(d, p);
    run_starved(d->host);
}

// --- what the core asks for ----------------------------------------------------------------------

// What the library, or the device as the kernel knows it, can never do.
static int32_t refusal(const struct usb_urb *u)
{
    const struct device *d = u->device;
    if (d->gone || !d->open || !d->handle)
        return USB_STATUS_NO_DEVICE;
    if (u->ep.type != USB_CONTROL && u->ep.max_packet_size == 0)
        return USB_STATUS_STALL;
    if (u->ep.type == USB_CONTROL && !usb_urb_is_in(u) && u->length > DEVICE_CONTROL_BYTES)
        return USB_STATUS_INVALID;
    return USB_STATUS_OK;
}

// libusb takes 4096 bytes at most. Configurations may be longer, and clients read them whole: the
// kernel has read them, too.
static bool answer_long_config(struct usb_urb *u)
{
    static const uint8_t get_config[] = {USB_DIR_IN, USB_REQ_GET_DESCRIPTOR};
    const struct usb_device_info *info = &((const struct device *)u->device)->info;
    unsigned index = u->setup[2];
    if (u->ep.type != USB_CONTROL || u->length <= DEVICE_CONTROL_BYTES ||
        memcmp(u->setup, get_config, sizeof get_config) != 0 || u->setup[3] != USB_DT_CONFIG ||
        index >= info->config_count || info->config[index].size <= DEVICE_CONTROL_BYTES)
        return false;
    size_t size = info->config[index].size;
    u->actual_length = size < u->length ? (uint32_t)size : u->length;
    memcpy(u->buffer, info->config[index].data, u->actual_length);
    device_urb_done(u, USB_STATUS_OK);
    return true;
}

void device_submit(struct usb_urb *u)
{
    struct device *d = u->device;
    u->status = USB_STATUS_OK;
    u->actual_length = u->start_frame = u->error_count = 0;
    u->backend_ptr = NULL;
    u->backend_progress = 0;
    u->backend_state = 0;
    base_list_init(&u->backend_link);
    int32_t status = refusal(u);
    if (status != USB_STATUS_OK) {
        end_failed(u, status);
        return;
    }
    if (answer_long_config(u))
        return;
    base_list_append(&pipe_of(u)->waiting, &u->backend_link);
    run_pipe(d, pipe_of(u));
}

void device_cancel(struct usb_urb *u)
{
    struct device *d = u->device;
    struct device_transfer *t = u->backend_ptr;
    if (u->backend_state & (URB_CANCEL | URB_ENDED))
        return;
    u->backend_state |= URB_CANCEL;
    if (t) {
        (void)libusb_cancel_transfer(t->transfer); // NOT_FOUND: it has ended, and will be told
        return;
    }
    base_list_remove(&u->backend_link);
    end_failed(u, USB_STATUS_CANCELLED);
    if (!d->gone)
        run_pipe(d, pipe_of(u));
}

// The newest first, so that none moves data that belongs to one before it.
static void take_back(struct device_pipe *p, uint32_t state)
{
    for (struct base_list *node = p->flying.prev; node != &p->flying; node = node->prev) {
        struct usb_urb *u = BASE_CONTAINER(node, struct usb_urb, backend_link);
        struct device_transfer *t = u->backend_ptr;
        u->backend_state |= state;
        (void)libusb_cancel_transfer(t->transfer);
    }
}

static struct device_pipe *endpoint_pipe(struct device *d, uint8_t endpoint)
{
    return &d->pipe[(endpoint & 0x0f) + (endpoint & USB_DIR_IN ? 16 : 0)];
}

void device_hold(struct device *d, uint8_t endpoint)
{
    struct device_pipe *p = endpoint_pipe(d, endpoint);
    p->held = true;
    take_back(p, URB_REQUEUE);
}

bool device_is_quiet(const struct device *d, uint8_t endpoint)
{
    return base_list_empty(&d->pipe[(endpoint & 0x0f) + (endpoint & USB_DIR_IN ? 16 : 0)].flying);
}

void device_go_on(struct device *d, uint8_t endpoint)
{
    struct device_pipe *p = endpoint_pipe(d, endpoint);
    p->held = false;
    if (!d->gone)
        run_pipe(d, p);
}

void device_end_urbs(struct device *d)
{
    d->gone = true;
    for (unsigned i = 0; i < DEVICE_PIPES; i++) {
        struct device_pipe *p = &d->pipe[i];
        BASE_LIST_FOR_EACH (struct usb_urb, u, &p->waiting, backend_link) {
            base_list_remove(&u->backend_link);
            end_failed(u, USB_STATUS_SHUTDOWN);
        }
        take_back(p, 0);
    }
}
