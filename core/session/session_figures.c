// SPDX-License-Identifier: Apache-2.0
#include "session/session_figures.h"

enum {
    EXACT = 8,          // latencies below have a class each
    SUBCLASS_SHIFT = 2, // four classes per power of two
    FIRST_EXPONENT = 3, // of EXACT
    LAST_EXPONENT = 31,
};

unsigned session_latency_class(uint64_t us)
{
    unsigned exponent = LAST_EXPONENT;
    if (us < EXACT)
        return (unsigned)us;
    if (us > UINT32_MAX)
        return SESSION_LATENCY_CLASSES - 1;
    while (us >> exponent == 0)
        exponent--;
    unsigned sub = (unsigned)(us >> (exponent - SUBCLASS_SHIFT)) & 3;
    return EXACT + ((exponent - FIRST_EXPONENT) << SUBCLASS_SHIFT) + sub;
}

uint32_t session_latency_lowest(unsigned latency_class)
{
    if (latency_class < EXACT)
        return latency_class;
    unsigned step = latency_class - EXACT;
    unsigned exponent = FIRST_EXPONENT + (step >> SUBCLASS_SHIFT);
    return (4u + (step & 3)) << (exponent - SUBCLASS_SHIFT);
}

uint32_t session_latency_highest(unsigned latency_class)
{
    if (latency_class + 1 >= SESSION_LATENCY_CLASSES)
        return UINT32_MAX;
    return session_latency_lowest(latency_class + 1) - 1;
}

static void count_packets(struct session_figures *f, const struct usb_urb *urb)
{
    for (uint32_t i = 0; i < urb->packet_count; i++) {
        f->iso_late += urb->packets[i].status == USB_STATUS_XDEV;
        f->iso_lost += urb->packets[i].status != USB_STATUS_XDEV && urb->packets[i].status != 0;
    }
}

void session_figures_add(struct session_figures *f, const struct usb_urb *urb, uint64_t latency_us)
{
    uint32_t us = latency_us < UINT32_MAX ? (uint32_t)latency_us : UINT32_MAX;
    f->urbs++;
    f->bytes += urb->actual_length;
    f->errors += urb->status != USB_STATUS_OK;
    f->latency_sum_us += us;
    if (us > f->latency_max_us)
        f->latency_max_us = us;
    f->latency[session_latency_class(us)]++;
    count_packets(f, urb);
}

uint32_t session_latency_percentile(const struct session_figures *f, unsigned percent)
{
    uint64_t wanted = (f->urbs * percent + 99) / 100, seen = 0;
    if (f->urbs == 0)
        return 0;
    for (unsigned c = 0; c < SESSION_LATENCY_CLASSES; c++) {
        seen += f->latency[c];
        if (seen >= wanted && seen > 0)
            return session_latency_highest(c) < f->latency_max_us ? session_latency_highest(c)
                                                                  : f->latency_max_us;
    }
    return f->latency_max_us;
}
