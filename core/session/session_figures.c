// SPDX-License-Identifier: Apache-2.0
#include "session/session_figures.h"

#include <string.h>

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

void session_figures_step(struct session_figures *f, uint64_t steps)
{
    for (uint64_t n = 0; n < steps && n < SESSION_STEPS; n++) {
        for (unsigned i = SESSION_STEPS - 1; i > 0; i--)
            f->step[i] = f->step[i - 1];
        f->step[0] = (struct session_step){f->urbs, f->bytes};
    }
}

struct session_step session_figures_rates(const struct session_figures *f)
{
    const struct session_step *now = &f->step[0], *before = &f->step[SESSION_STEPS - 1];
    return (struct session_step){now->urbs - before->urbs, now->bytes - before->bytes};
}

void session_figures_mark(struct session_figures *f, unsigned mark)
{
    struct session_mark *m = &f->mark[mark];
    m->urbs = f->urbs;
    m->latency_sum_us = f->latency_sum_us;
    memcpy(m->latency, f->latency, sizeof m->latency);
}

// --- latencies -----------------------------------------------------------------------------------

static uint32_t upper_bound(const struct session_figures *f, unsigned latency_class)
{
    uint32_t highest = session_latency_highest(latency_class);
    return highest < f->latency_max_us ? highest : f->latency_max_us;
}

// What `wanted` of the URBs since then did not exceed.
static uint32_t latency_of(const struct session_figures *f, const struct session_mark *since,
                           uint64_t wanted)
{
    uint64_t seen = 0;
    for (unsigned c = 0; c < SESSION_LATENCY_CLASSES; c++) {
        seen += f->latency[c] - (since ? since->latency[c] : 0);
        if (seen >= wanted && seen > 0)
            return upper_bound(f, c);
    }
    return f->latency_max_us;
}

uint32_t session_latency_percentile(const struct session_figures *f, unsigned percent)
{
    return f->urbs ? latency_of(f, NULL, (f->urbs * percent + 99) / 100) : 0;
}

struct session_latencies session_latencies(const struct session_figures *f,
                                           const struct session_mark *since)
{
    uint64_t urbs = f->urbs - (since ? since->urbs : 0);
    uint64_t sum_us = f->latency_sum_us - (since ? since->latency_sum_us : 0);
    if (urbs == 0)
        return (struct session_latencies){0};
    return (struct session_latencies){
        .urbs = urbs,
        .p50_us = latency_of(f, since, (urbs + 1) / 2),
        .p99_us = latency_of(f, since, (urbs * 99 + 99) / 100),
        .mean_us = (uint32_t)(sum_us / urbs),
        .max_us = latency_of(f, since, urbs),
    };
}
