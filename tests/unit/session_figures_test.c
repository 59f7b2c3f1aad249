// SPDX-License-Identifier: Apache-2.0
#include "session/session_figures.h"
#include "tests/support/check.h"

TEST(session_latency_classes_have_no_gap)
{
    for (unsigned c = 0; c + 1 < SESSION_LATENCY_CLASSES; c++) {
        CHECK_EQ(session_latency_class(session_latency_lowest(c)), c);
        CHECK_EQ(session_latency_class(session_latency_highest(c)), c);
        CHECK_EQ(session_latency_highest(c) + 1, session_latency_lowest(c + 1));
    }
    CHECK_EQ(session_latency_class(UINT32_MAX), SESSION_LATENCY_CLASSES - 1);
    CHECK_EQ(session_latency_class(UINT64_MAX), SESSION_LATENCY_CLASSES - 1);
    CHECK_EQ(session_latency_highest(SESSION_LATENCY_CLASSES - 1), UINT32_MAX);
}

TEST(session_latency_classes_are_narrow)
{
    CHECK_EQ(session_latency_class(7), 7);
    for (unsigned c = 8; c < SESSION_LATENCY_CLASSES; c++) {
        uint64_t low = session_latency_lowest(c), high = session_latency_highest(c);
        CHECK((high - low + 1) * 4 <= low);
    }
}

static void add(struct session_figures *f, uint64_t us, unsigned times)
{
    static const struct usb_urb urb = {.actual_length = 10};
    while (times--)
        session_figures_add(f, &urb, us);
}

TEST(session_figures_percentiles)
{
    static struct session_figures f;
    CHECK_EQ(session_latency_percentile(&f, 50), 0);
    add(&f, 5, 98);
    add(&f, 1000, 1);
    add(&f, 70000, 1);
    CHECK_EQ(session_latency_percentile(&f, 0), 5);
    CHECK_EQ(session_latency_percentile(&f, 50), 5);
    CHECK_EQ(session_latency_percentile(&f, 98), 5);
    CHECK_EQ(session_latency_percentile(&f, 99), 1023); // upper bound of its class
    CHECK_EQ(session_latency_percentile(&f, 100), 70000);
    CHECK_EQ(f.latency_max_us, 70000);
    CHECK_EQ(f.urbs, 100);
    CHECK_EQ(f.bytes, 1000);
    CHECK_EQ(f.latency_sum_us, 98 * 5 + 71000);
}

TEST(session_figures_count_errors_and_packets)
{
    static struct session_figures f;
    static struct usb_iso_packet packets[] = {
        {.status = 0}, {.status = USB_STATUS_XDEV}, {.status = USB_STATUS_PROTOCOL}};
    struct usb_urb urb = {.status = USB_STATUS_STALL, .packets = packets, .packet_count = 3};
    session_figures_add(&f, &urb, 1);
    CHECK_EQ(f.errors, 1);
    CHECK_EQ(f.iso_late, 1);
    CHECK_EQ(f.iso_lost, 1);
}

TEST(session_figures_since_a_mark)
{
    static struct session_figures f;
    add(&f, 70000, 10);
    session_figures_mark(&f, 0);
    struct session_latencies l = session_latencies(&f, &f.mark[0]);
    CHECK_EQ(l.urbs, 0);
    CHECK_EQ(l.max_us, 0);
    add(&f, 5, 98);
    add(&f, 1000, 2);
    l = session_latencies(&f, &f.mark[0]);
    CHECK_EQ(l.urbs, 100);
    CHECK_EQ(l.p50_us, 5);
    CHECK_EQ(l.p99_us, 1023); // upper bounds of their classes
    CHECK_EQ(l.max_us, 1023);
    CHECK_EQ(l.mean_us, (98 * 5 + 2 * 1000) / 100);
    CHECK_EQ(session_latencies(&f, NULL).max_us, 70000);
    add(&f, 71000, 1);
    CHECK_EQ(session_latencies(&f, &f.mark[0]).max_us, 71000); // never beyond the longest of all
}

TEST(session_figures_of_the_last_second)
{
    static struct session_figures f;
    add(&f, 5, 3);
    session_figures_step(&f, 1);
    CHECK_EQ(session_figures_rates(&f).urbs, 3);
    add(&f, 5, 4);
    CHECK_EQ(session_figures_rates(&f).urbs, 3); // the step is not over
    session_figures_step(&f, 1);
    CHECK_EQ(session_figures_rates(&f).urbs, 7);
    CHECK_EQ(session_figures_rates(&f).bytes, 70);
    session_figures_step(&f, 1);
    CHECK_EQ(session_figures_rates(&f).urbs, 4);
    add(&f, 5, 9);
    session_figures_step(&f, 2); // it was in the first of them
    CHECK_EQ(session_figures_rates(&f).urbs, 9);
    session_figures_step(&f, UINT64_MAX);
    CHECK_EQ(session_figures_rates(&f).urbs, 0);
}
