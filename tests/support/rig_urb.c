// SPDX-License-Identifier: Apache-2.0
// URBs of the rig, and whole transfers.
#include "tests/support/rig.h"

#include <string.h>

static void init(struct rig_urb *u, struct rig_device *d, const struct usb_endpoint *ep,
                 const void *data, uint32_t length)
{
    *u = (struct rig_urb){.rig = d->rig, .buffer_size = length};
    u->urb =
        (struct usb_urb){.device = d->handle, .ep = *ep, .length = length, .packets = u->packets};
    if (length == 0)
        return;
    u->urb.buffer = d->rig->backend->buffer_alloc(d->rig->backend, length);
    CHECK(u->urb.buffer);
    if (data)
        memcpy(u->urb.buffer, data, length);
    else
        memset(u->urb.buffer, RIG_NOBODY_SENDS, length);
}

void rig_urb(struct rig_urb *u, struct rig_device *d, uint8_t ep, const void *data, uint32_t length)
{
    struct usb_endpoint e;
    struct base_span config = usb_device_config(&d->info, d->config);
    if (!usb_config_find_endpoint(config, d->info.speed, ep, &e))
        e = (struct usb_endpoint){.type = USB_BULK};
    e.address = ep;
    init(u, d, &e, data, length);
}

void rig_iso_urb(struct rig_urb *u, struct rig_device *d, uint8_t ep, const void *data,
                 unsigned count, uint32_t size)
{
    CHECK(count <= RIG_PACKETS);
    rig_urb(u, d, ep, data, count * size);
    u->urb.packet_count = count;
    for (unsigned i = 0; i < count; i++)
        u->packets[i] = (struct usb_iso_packet){i * size, size, 7777, 7777};
}

static void control_urb(struct rig_urb *u, struct rig_device *d, const struct usb_setup *s,
                        const void *data)
{
    bool in = s->wLength > 0 && (s->bmRequestType & USB_DIR_IN) != 0;
    struct usb_endpoint ep = {.type = USB_CONTROL, .max_packet_size = 64};
    ep.address = in ? USB_DIR_IN : 0;
    init(u, d, &ep, in ? NULL : data, s->wLength);
    usb_setup_pack(u->urb.setup, s);
}

static unsigned hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c);
    CHECK(c && at);
    return (unsigned)(at - digits);
}

static struct usb_setup from_hex(const char *setup)
{
    uint8_t bytes[8];
    CHECK_EQ(strlen(setup), 16);
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(hex_digit(setup[2 * i]) << 4 | hex_digit(setup[2 * i + 1]));
    return usb_setup_unpack(bytes);
}

void rig_control_urb(struct rig_urb *u, struct rig_device *d, const char *setup, const void *data)
{
    struct usb_setup s = from_hex(setup);
    control_urb(u, d, &s, data);
}

void rig_queue_submit(struct rig_urb *u)
{
    u->done = false;
    u->rig->urbs++;
    u->rig->backend->submit(u->rig->backend, &u->urb);
}

void rig_queue_cancel(struct rig_urb *u)
{
    u->rig->backend->cancel(u->rig->backend, &u->urb);
}

void rig_submit(struct rig_urb *u)
{
    rig_queue_submit(u);
    rig_settle(u->rig);
}

void rig_cancel(struct rig_urb *u)
{
    rig_queue_cancel(u);
    rig_settle(u->rig);
    CHECK(u->done);
}

void rig_release(struct rig_urb *u)
{
    CHECK(u->done);
    if (u->urb.buffer)
        u->rig->backend->buffer_free(u->rig->backend, u->urb.buffer, u->buffer_size);
    u->urb.buffer = NULL;
}

void rig_check_urb(const struct rig_urb *u, int32_t status, uint32_t actual)
{
    CHECK(u->done);
    CHECK_EQ(u->urb.status, status);
    CHECK_EQ(u->urb.actual_length, actual);
}

int rig_finish(struct rig_urb *u)
{
    bool pending = !u->done;
    if (pending) {
        rig_cancel(u);
        CHECK_EQ(u->urb.status, USB_STATUS_CANCELLED);
    }
    rig_release(u);
    if (pending)
        return RIG_PENDING;
    return u->urb.status != USB_STATUS_OK ? (int)u->urb.status : (int)u->urb.actual_length;
}

// --- whole transfers -----------------------------------------------------------------------------

static void copy_in(void *data, const struct rig_urb *u)
{
    if (usb_urb_is_in(&u->urb) && u->urb.actual_length > 0)
        memcpy(data, u->urb.buffer, u->urb.actual_length);
}

int rig_read(struct rig_device *d, uint8_t ep, void *data, uint32_t length)
{
    struct rig_urb u;
    rig_urb(&u, d, ep, NULL, length);
    rig_submit(&u);
    copy_in(data, &u);
    return rig_finish(&u);
}

int rig_write(struct rig_device *d, uint8_t ep, const void *data, uint32_t length)
{
    struct rig_urb u;
    rig_urb(&u, d, ep, data, length);
    rig_submit(&u);
    return rig_finish(&u);
}

int32_t rig_in(struct rig_device *d, uint8_t ep, void *data, uint32_t length, uint32_t *actual)
{
    struct rig_urb u;
    rig_urb(&u, d, ep, NULL, length);
    rig_submit(&u);
    CHECK(u.done);
    copy_in(data, &u);
    if (actual)
        *actual = u.urb.actual_length;
    rig_release(&u);
    return u.urb.status;
}

int32_t rig_out(struct rig_device *d, uint8_t ep, const void *data, uint32_t length)
{
    struct rig_urb u;
    rig_urb(&u, d, ep, data, length);
    rig_submit(&u);
    rig_release(&u);
    return u.urb.status;
}

void rig_check_transfer(struct rig_device *d, uint8_t ep, void *data, uint32_t length,
                        int32_t status, uint32_t actual)
{
    struct rig_urb u;
    rig_urb(&u, d, ep, ep & USB_DIR_IN ? NULL : data, length);
    rig_submit(&u);
    rig_check_urb(&u, status, actual);
    copy_in(data, &u);
    rig_release(&u);
}

static int request(struct rig_device *d, const struct usb_setup *s, void *data)
{
    struct rig_urb u;
    control_urb(&u, d, s, data);
    rig_submit(&u);
    CHECK(u.done);
    copy_in(data, &u);
    return rig_finish(&u);
}

int rig_ask(struct rig_device *d, const char *setup, void *data)
{
    struct usb_setup s = from_hex(setup);
    return request(d, &s, data);
}

int rig_request(struct rig_device *d, unsigned request_code, unsigned value, unsigned index,
                void *data, unsigned length)
{
    struct usb_setup s = {(uint8_t)(request_code >> 8), (uint8_t)request_code, (uint16_t)value,
                          (uint16_t)index, (uint16_t)length};
    return request(d, &s, data);
}

// --- bytes ---------------------------------------------------------------------------------------

const uint8_t *rig_pattern(void)
{
    static uint8_t bytes[RIG_PATTERN];
    for (unsigned i = 0; bytes[sizeof bytes - 1] == 0 && i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    return bytes;
}

unsigned rig_check_config(const uint8_t *config)
{
    struct base_span bytes = {config, base_get_le16(config + 2)};
    CHECK_EQ(usb_config_check(bytes), BASE_OK);
    struct usb_walk w;
    struct usb_endpoint ep;
    unsigned endpoints = 0, announced = 0;
    usb_walk_begin(&w, bytes, USB_SPEED_UNKNOWN);
    while (usb_walk_next(&w)) {
        if (w.descriptor.data[1] == USB_DT_INTERFACE)
            announced += w.interface.bNumEndpoints;
        endpoints += usb_walk_endpoint(&w, &ep);
    }
    CHECK_EQ(w.rest.size, 0);
    CHECK_EQ(endpoints, announced);
    return endpoints;
}
