// SPDX-License-Identifier: Apache-2.0
// The device as the client has configured it: the endpoints that it has now, and figures for each
// that it has had.
#include "session/session_state.h"

#include <string.h>

enum { CONTROL_IN = 16 }; // the same as 0

static struct base_span present_config(const struct session *s)
{
    return usb_device_config(s->device.info, s->pipes.active_config);
}

// No counter falls because an alternate setting makes another type of an endpoint.
static void retype(struct session_pipes *p, const struct session_figures *f, uint8_t type)
{
    struct session_type_counters *from = &p->by_type[f->ep.type & 3], *to = &p->by_type[type & 3];
    from->completed += f->urbs;
    from->failed += f->errors;
    from->unlinked += f->unlinked;
    to->completed -= f->urbs;
    to->failed -= f->errors;
    to->unlinked -= f->unlinked;
}

static void build_endpoints(struct session *s, uint16_t max_packet_size0)
{
    struct session_pipes *p = &s->pipes;
    usb_endpoint_table_build(&p->endpoints, present_config(s), s->device.info->speed, p->alternate,
                             max_packet_size0);
    for (unsigned i = 0; i < SESSION_ENDPOINTS; i++) {
        struct session_figures **f = &p->figures[i / 16][i % 16];
        if (i == CONTROL_IN || !p->endpoints.present[i / 16][i % 16])
            continue;
        if (!*f)
            *f = base_alloc(s->alloc, sizeof **f);
        if (!*f)
            continue;
        retype(p, *f, p->endpoints.ep[i / 16][i % 16].type);
        (*f)->ep = p->endpoints.ep[i / 16][i % 16];
    }
    p->figures[1][0] = p->figures[0][0];
}

struct session_figures *session_pipes_figures_of(const struct session *s, unsigned i)
{
    return i == CONTROL_IN ? NULL : s->pipes.figures[i / 16][i % 16];
}

void session_pipes_create(struct session *s)
{
    const struct usb_device_info *info = s->device.info;
    struct usb_device_descriptor desc = {0};
    (void)usb_device_descriptor_unpack(&desc, info->device_descriptor);
    s->pipes.active_config = info->active_config;
    for (unsigned i = 0; i < info->config_count; i++)
        usb_config_names(info->config[i], &s->pipes.names);
    build_endpoints(s, info->speed == USB_SPEED_SUPER ? 512 : desc.bMaxPacketSize0);
}

void session_pipes_destroy(struct session *s)
{
    for (unsigned i = 0; i < SESSION_ENDPOINTS; i++)
        base_free(s->alloc, session_pipes_figures_of(s, i));
}

void session_pipes_change(struct session *s, const struct usb_control_op *op)
{
    struct session_pipes *p = &s->pipes;
    if (op->type == USB_SET_CONFIGURATION) {
        p->active_config = op->value;
        memset(p->alternate, 0, sizeof p->alternate);
    } else if (op->type == USB_SET_INTERFACE) {
        int i = usb_config_interface_index(present_config(s), op->interface);
        if (i >= 0)
            p->alternate[i] = op->value;
    } else if (op->type == USB_RESET_DEVICE) {
        session_record(s, EVENTLOG(device_reset));
    }
    build_endpoints(s, p->endpoints.ep[0][0].max_packet_size);
}

bool session_pipes_usable(const struct session *s, uint8_t address)
{
    unsigned dir = address >> 7, number = address & 0x0f;
    const struct usb_endpoint *ep = &s->pipes.endpoints.ep[dir][number];
    return s->pipes.endpoints.present[dir][number] && ep->max_packet_size > 0 &&
           (ep->type != USB_CONTROL || number == 0);
}

// By what the client means (docs/wire.md 2.3). What the descriptors call an endpoint decides, if
// that is one thing, however they are read; else the field does: only isochronous URBs have
// packets.
bool session_pipes_iso(const struct session *s, uint8_t address, int32_t packets)
{
    const struct usb_endpoint_names *names = &s->pipes.names;
    unsigned dir = address >> 7, number = address & 0x0f;
    uint32_t bit = 1u << (number + dir * 16);
    bool iso = names->isochronous & bit, other = names->other & bit;
    if (!iso || !other)
        return iso && packets >= 0;
    if (packets == 0)
        return s->pipes.endpoints.ep[dir][number].type == USB_ISOCHRONOUS;
    return packets > 0 && packets <= WIRE_ISO_PACKETS_MAX;
}

struct session_figures *session_pipes_figures(const struct session *s, uint8_t address)
{
    return s->pipes.figures[address >> 7][address & 0x0f];
}

unsigned session_pipes_type(const struct session *s, uint8_t address)
{
    const struct session_figures *f = session_pipes_figures(s, address);
    unsigned dir = address >> 7, number = address & 0x0f;
    if (s->pipes.endpoints.present[dir][number])
        return s->pipes.endpoints.ep[dir][number].type & 3;
    return f ? f->ep.type & 3u : SESSION_NO_ENDPOINT;
}

void session_pipes_count(struct session *s, const struct session_urb *u)
{
    struct session_type_counters *c = &s->pipes.by_type[session_pipes_type(s, u->address)];
    c->completed++;
    c->failed += u->urb.status != USB_STATUS_OK;
}

void session_type_counters(const struct session *s,
                           struct session_type_counters by_type[SESSION_TYPES])
{
    memcpy(by_type, s->pipes.by_type, sizeof s->pipes.by_type);
    for (unsigned i = 0; i < SESSION_ENDPOINTS; i++) {
        const struct session_figures *f = session_pipes_figures_of(s, i);
        if (!f)
            continue;
        by_type[f->ep.type & 3].completed += f->urbs;
        by_type[f->ep.type & 3].failed += f->errors;
        by_type[f->ep.type & 3].unlinked += f->unlinked;
    }
}

static void add_latency(struct session_latency *l, const struct session_figures *f)
{
    unsigned bucket = 0;
    uint64_t bound_us = SESSION_LATENCY_FIRST_US;
    l->count += f->urbs;
    l->sum_us += f->latency_sum_us;
    for (unsigned c = 0; c < SESSION_LATENCY_CLASSES; c++) {
        for (; session_latency_lowest(c) >= bound_us; bound_us *= 4)
            bucket++;
        if (bucket < SESSION_LATENCY_BUCKETS)
            l->bucket[bucket] += f->latency[c];
    }
}

void session_latency_add(const struct session *s, struct session_latency by_type[4])
{
    for (unsigned i = 0; i < SESSION_ENDPOINTS; i++) {
        const struct session_figures *f = session_pipes_figures_of(s, i);
        if (f)
            add_latency(&by_type[f->ep.type & 3], f);
    }
}
