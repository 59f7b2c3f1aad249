// SPDX-License-Identifier: Apache-2.0
#include "plain_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void plain_backend_failed(const char *file, int line, const char *condition)
{
    printf("FAILED: %s:%d: %s\n", file, line, condition);
    exit(1);
}

static void add_event(struct usbip_backend *backend, const struct backend_event *ev)
{
    struct plain_backend *b = (struct plain_backend *)backend;
    REQUIRE(b->end - b->first < PLAIN_EVENTS);
    b->events[b->end++ % PLAIN_EVENTS] = *ev;
}

static void plain_open(struct usbip_backend *b, void *device)
{
    add_event(b, &(struct backend_event){.type = BACKEND_OPENED, .device = device});
}

static void plain_close(struct usbip_backend *b, void *device)
{
    add_event(b, &(struct backend_event){.type = BACKEND_CLOSED, .device = device});
}

static void plain_submit(struct usbip_backend *backend, struct usb_urb *urb)
{
    struct plain_backend *b = (struct plain_backend *)backend;
    b->urbs++;
    if (b->keeps)
        return;
    urb->status = USB_STATUS_OK;
    urb->actual_length = urb->length;
    add_event(backend, &(struct backend_event){.type = BACKEND_URB_DONE, .urb = urb});
}

static void plain_cancel(struct usbip_backend *b, struct usb_urb *urb)
{
    (void)b, (void)urb;
}

static void plain_control(struct usbip_backend *b, void *device, const struct usb_control_op *op)
{
    (void)op;
    add_event(b, &(struct backend_event){.type = BACKEND_CONTROL_DONE, .device = device});
}

static void *plain_alloc(struct usbip_backend *b, uint32_t size)
{
    (void)b;
    return malloc(size);
}

static void plain_free(struct usbip_backend *b, void *p, uint32_t size)
{
    (void)b, (void)size;
    free(p);
}

static bool plain_take(struct usbip_backend *backend, uint64_t now_us, struct backend_event *ev)
{
    struct plain_backend *b = (struct plain_backend *)backend;
    (void)now_us;
    if (b->first == b->end)
        return false;
    *ev = b->events[b->first++ % PLAIN_EVENTS];
    return true;
}

static uint64_t plain_deadline(struct usbip_backend *b)
{
    (void)b;
    return UINT64_MAX;
}

struct plain_backend *plain_backend_create(unsigned devices, struct base_span config, bool keeps)
{
    static const uint8_t device[] = {18, 1, 0, 2, 0, 0, 0, 64, 9, 0x12, 9, 0, 0, 1, 0, 0, 0, 1};
    struct plain_backend *b = calloc(1, sizeof *b);
    REQUIRE(b && devices <= PLAIN_DEVICES_MAX);
    b->keeps = keeps;
    b->backend = (struct usbip_backend){
        .open = plain_open,
        .close = plain_close,
        .submit = plain_submit,
        .cancel = plain_cancel,
        .control = plain_control,
        .buffer_alloc = plain_alloc,
        .buffer_free = plain_free,
        .take_event = plain_take,
        .next_deadline = plain_deadline,
    };
    for (unsigned i = 0; i < devices; i++) {
        struct usb_device_info *info = &b->info[i];
        *info = (struct usb_device_info){
            .busnum = 1,
            .devnum = (uint8_t)(i + 1),
            .speed = USB_SPEED_HIGH,
            .active_config = 1,
            .config_count = 1,
            .device_descriptor = {device, sizeof device},
            .config[0] = config,
        };
        (void)snprintf(info->busid, sizeof info->busid, "1-%u", i + 1);
        add_event(&b->backend,
                  &(struct backend_event){.type = BACKEND_PLUGGED, .device = info, .info = info});
    }
    return b;
}

void plain_backend_import(uint8_t bytes[WIRE_OP_IMPORT_SIZE], const struct plain_backend *b,
                          unsigned index)
{
    memset(bytes, 0, WIRE_OP_IMPORT_SIZE);
    wire_op_header_pack(bytes,
                        &(struct wire_op_header){WIRE_VERSION, WIRE_OP_REQ_IMPORT, WIRE_ST_OK});
    memcpy(bytes + WIRE_OP_HEADER_SIZE, b->info[index].busid, USB_BUSID_SIZE);
}
