// SPDX-License-Identifier: Apache-2.0
// The device as the client has configured it: the endpoints that it has now, and figures for each
// that it has had.
#include "session/session_state.h"

#include <string.h>

static void build_endpoints(struct session *s, uint16_t max_packet_size0)
{
    struct session_pipes *p = &s->pipes;
    usb_endpoint_table_build(&p->endpoints, usb_device_config(s->device.info, p->active_config),
                             p->alternate, max_packet_size0);
    for (unsigned i = 0; i < 32; i++) {
        struct session_figures **f = &p->figures[i / 16][i % 16];
        if (p->endpoints.present[i / 16][i % 16] && !*f)
            *f = base_alloc(s->alloc, sizeof **f);
    }
}

void session_pipes_create(struct session *s)
{
    const struct usb_device_info *info = s->device.info;
    struct usb_device_descriptor desc = {0};
    (void)usb_device_descriptor_unpack(&desc, info->device_descriptor);
    s->pipes.active_config = info->active_config;
    build_endpoints(s, info->speed == USB_SPEED_SUPER ? 512 : desc.bMaxPacketSize0);
}

void session_pipes_destroy(struct session *s)
{
    for (unsigned i = 0; i < 32; i++)
        base_free(s->alloc, s->pipes.figures[i / 16][i % 16]);
}

void session_pipes_change(struct session *s, const struct usb_control_op *op)
{
    struct session_pipes *p = &s->pipes;
    if (op->type == USB_SET_CONFIGURATION) {
        p->active_config = op->value;
        memset(p->alternate, 0, sizeof p->alternate);
    } else if (op->type == USB_SET_INTERFACE) {
        p->alternate[op->interface] = op->value;
    } else if (op->type == USB_RESET_DEVICE) {
        session_record(s, EVENTLOG(device_reset));
    }
    build_endpoints(s, p->endpoints.ep[0][0].max_packet_size);
}

// By the descriptors, never by the client's fields: the current alternate settings first; else any
// setting that has the endpoint (the change to it may be on its way, or the URB is late).
bool session_pipes_iso(const struct session *s, uint8_t address)
{
    const struct usb_endpoint_table *t = &s->pipes.endpoints;
    struct usb_endpoint ep;
    unsigned dir = address >> 7, number = address & 0x0f;
    if (t->present[dir][number])
        return t->ep[dir][number].type == USB_ISOCHRONOUS;
    for (unsigned i = 0; i < s->device.info->config_count; i++)
        if (usb_config_find_endpoint(s->device.info->config[i], address, &ep))
            return ep.type == USB_ISOCHRONOUS;
    return false;
}

struct session_figures *session_pipes_figures(const struct session *s, uint8_t address)
{
    return s->pipes.figures[address >> 7][address & 0x0f];
}
