// SPDX-License-Identifier: Apache-2.0
// The control endpoint: the client's requests and our own, one at a time. The library cannot take
// one back, so one that is cancelled is answered at once and its end, whenever that comes, is
// dropped; what is behind it waits. Client task.
#include "device_parts.h"

#include "device_usb_host_speed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SETUP_SIZE = 8, TRIES = 20 };

bool device_control_create(struct device *d)
{
    base_list_init(&d->control.urbs);
    return device_transfer_alloc(DEVICE_CONTROL_BYTES, 0, &d->control.own) == ESP_OK;
}

void device_control_destroy(struct device *d)
{
    assert(!d->control.busy);
    (void)usb_host_transfer_free(d->control.own);
    d->control.own = NULL;
}

void device_control_submit(struct device *d, struct usb_urb *u)
{
    base_list_append(&d->control.urbs, &u->backend_link);
}

void device_request(struct device *d, struct usb_setup setup, uint8_t *data)
{
    assert(d->control.request.state == REQUEST_NONE);
    d->control.request =
        (struct device_request){.state = REQUEST_WAITING, .setup = setup, .data = data};
}

bool device_request_take(struct device *d)
{
    if (d->control.request.state != REQUEST_DONE)
        return false;
    d->control.request.state = REQUEST_NONE;
    return true;
}

// --- the end ------------------------------------------------------------------------------------

// The device was asked for less than the asker wants, and might have given more.
static bool is_cut(const struct device_control *c, struct usb_setup wanted, uint32_t got)
{
    return c->asked < wanted.wLength && got >= c->asked;
}

// A client makes do with the beginning of a descriptor, as with a device that gives no more.
static bool may_be_cut(struct usb_setup s)
{
    return s.bmRequestType == USB_DIR_IN && s.bRequest == USB_REQ_GET_DESCRIPTOR;
}

// What came of the data stage. `room`: what the asker has place for.
static int32_t outcome_of(const struct device_control *c, struct usb_setup wanted, uint32_t room,
                          bool short_not_ok, uint32_t *actual_length)
{
    int n = c->transfer->actual_num_bytes - SETUP_SIZE;
    uint32_t got = n > 0 ? (uint32_t)n : 0;
    *actual_length = got < room ? got : room;
    int32_t status = device_status(c->transfer->status);
    if (status != USB_STATUS_OK)
        *actual_length = 0;
    else if (got > room || (is_cut(c, wanted, got) && !may_be_cut(wanted)))
        status = USB_STATUS_OVERFLOW; // more than there is room for, or than one transfer can bring
    else if (short_not_ok && got < room)
        status = USB_STATUS_SHORT;
    return status;
}

static const uint8_t *data_of(const struct device_control *c)
{
    return c->transfer->data_buffer + SETUP_SIZE;
}

static void report_too_long(struct device *d, bool in, uint16_t bytes, uint32_t most)
{
    const struct eventlog_what what = EVENTLOG_WITH(control_too_long, .bytes = bytes, .most = most);
    if (!d->told.too_long[in])
        device_log(d, &what);
    d->told.too_long[in] = true;
}

static void finish_urb(struct device *d)
{
    struct device_control *c = &d->control;
    struct usb_urb *u = c->urb;
    struct usb_setup setup = usb_setup_unpack(u->setup);
    bool in = (setup.bmRequestType & USB_DIR_IN) != 0;
    bool short_not_ok = in && u->flags & USB_URB_SHORT_NOT_OK;
    int32_t status = outcome_of(c, setup, u->length, short_not_ok, &u->actual_length);
    if (in && is_cut(c, setup, (uint32_t)(c->transfer->actual_num_bytes - SETUP_SIZE)))
        report_too_long(d, in, setup.wLength, c->asked);
    if (in && u->actual_length > 0)
        memcpy(u->buffer, data_of(c), u->actual_length);
    c->urb = NULL;
    device_urb_done(u, status);
}

static void finish_request(struct device_control *c)
{
    struct device_request *r = &c->request;
    uint32_t room = r->setup.wLength;
    r->status = outcome_of(c, r->setup, room, false, &r->actual_length);
    if (r->data && r->actual_length > 0)
        memcpy(r->data, data_of(c), r->actual_length);
    r->state = REQUEST_DONE;
}

static void return_transfer(struct device *d)
{
    struct device_control *c = &d->control;
    if (c->temporary)
        (void)usb_host_transfer_free(c->transfer);
    else if (c->transfer != c->own)
        device_pool_put(d->host, c->transfer);
    c->transfer = NULL;
    c->temporary = false;
}

// A callback of the library, in device_usb_host_client_turn().
static void transfer_done(usb_transfer_t *t)
{
    struct device *d = t->context;
    struct device_control *c = &d->control;
    assert(c->busy && c->transfer == t);
    d->host->called = true;
    c->busy = false;
    c->done_turn = device_turn(d->host);
    if (c->urb)
        finish_urb(d);
    else if (c->request.state == REQUEST_IN_FLIGHT)
        finish_request(c);
    return_transfer(d);
}

// --- the beginning ------------------------------------------------------------------------------

// Longest data stage: what the controller counts, which depends on the chip's revision.
static uint32_t data_max(const struct device *d)
{
    return d->max_packet_size0 * device_usb_host_packets_max(d->place.root == 1);
}

// Bytes of the transfer, the setup packet included; the library wants an IN in whole packets.
static uint32_t transfer_size(const struct device *d, bool in, uint32_t length)
{
    uint32_t packet = d->max_packet_size0;
    return SETUP_SIZE + (in ? (length + packet - 1) / packet * packet : length);
}

// A request that hangs may have the pool's last buffer: others need not wait for its device.
static usb_transfer_t *take_transfer(struct device *d, uint32_t size)
{
    usb_transfer_t *t = NULL;
    if (size <= DEVICE_CONTROL_BYTES)
        return d->control.own;
    if (size <= DEVICE_POOL_BYTES)
        t = device_pool_get(d->host, 0);
    if (t)
        return t;
    t = device_transfer_alloc_for_now(size);
    d->control.temporary = t != NULL;
    return t;
}

static void try_later(struct device *d)
{
    bool at_once = d->control.tries == 1; // in the next turn: the daemon may have been quick
    d->control.retry_us = device_now_us(d->host) + (at_once ? 0 : DEVICE_RETRY_US);
    device_due(d->host, d->control.retry_us);
}

enum begun { BEGUN, LATER, NEVER, NO_MEMORY };

static enum begun begin_transfer(struct device *d, struct usb_setup setup, const uint8_t *out)
{
    struct device_control *c = &d->control;
    bool in = (setup.bmRequestType & USB_DIR_IN) != 0;
    uint32_t max = data_max(d);
    c->asked = setup.wLength = (uint16_t)(setup.wLength < max ? setup.wLength : max);
    uint32_t size = transfer_size(d, in, setup.wLength);
    usb_transfer_t *t = take_transfer(d, size);
    if (!t && size > DEVICE_POOL_BYTES)
        return NO_MEMORY;
    if (!t) {
        c->tries = 0; // not in the next turn: that would be without end
        return LATER;
    }
    c->transfer = t;
    usb_setup_pack(t->data_buffer, &setup);
    if (out && !in && setup.wLength > 0)
        memcpy(t->data_buffer + SETUP_SIZE, out, setup.wLength);
    t->num_bytes = (int)size;
    t->device_handle = d->handle;
    t->bEndpointAddress = 0;
    t->flags = 0;
    t->callback = transfer_done;
    t->context = d;
    esp_err_t err = usb_host_transfer_submit_control(d->host->client, t);
    if (err == ESP_OK) {
        c->busy = true;
        c->tries = 0;
        return BEGUN;
    }
    return_transfer(d);
    // After a STALL the pipe becomes ready only when the daemon has got round to it.
    return err == ESP_ERR_INVALID_STATE && ++c->tries < TRIES ? LATER : NEVER;
}

// True: it is over or in the library.
static bool begin_request(struct device *d)
{
    struct device_request *r = &d->control.request;
    enum begun b = begin_transfer(d, r->setup, NULL); // none of our own requests sends data
    if (b == LATER) {
        try_later(d);
        return false;
    }
    r->state = b == BEGUN ? REQUEST_IN_FLIGHT : REQUEST_DONE;
    r->status = b == BEGUN ? USB_STATUS_OK : USB_STATUS_PROTOCOL;
    return true;
}

static bool begin_urb(struct device *d)
{
    struct device_control *c = &d->control;
    struct usb_urb *u = BASE_CONTAINER(c->urbs.next, struct usb_urb, backend_link);
    struct usb_setup setup = usb_setup_unpack(u->setup);
    bool in = (setup.bmRequestType & USB_DIR_IN) != 0;
    bool too_long = !in && setup.wLength > data_max(d);
    bool invalid = too_long || (!in && setup.wLength > u->length);
    enum begun b = invalid ? NEVER : begin_transfer(d, setup, u->buffer);
    if (too_long)
        report_too_long(d, in, setup.wLength, data_max(d));
    if (b == LATER) {
        try_later(d);
        return false;
    }
    base_list_remove(&u->backend_link);
    if (b == BEGUN)
        c->urb = u;
    else if (b == NO_MEMORY)
        device_urb_done(u, USB_STATUS_NO_MEMORY);
    else
        device_urb_done(u, invalid ? USB_STATUS_INVALID : USB_STATUS_PROTOCOL);
    if (b != BEGUN)
        c->tries = 0;
    return true;
}

// --- cancelled, unplugged -----------------------------------------------------------------------

static void cancel_urbs(struct device *d)
{
    struct device_control *c = &d->control;
    if (c->urb && c->urb->backend_progress & URB_CANCEL) {
        struct usb_urb *u = c->urb;
        c->urb = NULL; // the transfer goes on, for nobody
        device_urb_done(u, USB_STATUS_CANCELLED);
    }
    BASE_LIST_FOR_EACH (struct usb_urb, u, &c->urbs, backend_link) {
        if (u->backend_progress & URB_CANCEL)
            device_urb_done(u, USB_STATUS_CANCELLED);
    }
}

void device_control_fail(struct device *d, int32_t status)
{
    struct device_control *c = &d->control;
    if (c->urb)
        device_urb_done(c->urb, status);
    c->urb = NULL;
    BASE_LIST_FOR_EACH (struct usb_urb, u, &c->urbs, backend_link)
        device_urb_done(u, status);
    c->request.state = REQUEST_NONE;
}

// True: there may be more to do at once, be it that the first one could not be sent at all.
bool device_control_run(struct device *d)
{
    struct device_control *c = &d->control;
    cancel_urbs(d);
    if (c->busy)
        return false;
    if (c->retry_us > device_now_us(d->host)) {
        device_due(d->host, c->retry_us);
        return false;
    }
    c->retry_us = 0;
    if (c->request.state == REQUEST_WAITING)
        begin_request(d);
    else if (!base_list_empty(&c->urbs))
        begin_urb(d);
    else
        return false;
    return c->retry_us == 0;
}
