// SPDX-License-Identifier: Apache-2.0
// How long lwIP waits for a peer with what sdkconfig.defaults sets: its arithmetic (tcp.c,
// tcp_slowtmr() and tcp_alloc(); tcp_in.c, tcp_receive()), in ticks, which all of it is in.
#include "tests/support/check.h"

#include "sdkconfig.h"

enum { TICK_MS = 2 * CONFIG_LWIP_TCP_TMR_INTERVAL }; // TCP_SLOW_INTERVAL

struct estimate {
    int sa, sv, rto;
};

static struct estimate begin(void)
{
    int ticks = CONFIG_LWIP_TCP_RTO_TIME / TICK_MS;
    return (struct estimate){.sv = ticks, .rto = ticks};
}

// An answer that has taken `m` ticks.
static void answered(struct estimate *e, int m)
{
    m -= e->sa >> 3;
    e->sa += m;
    m = (m < 0 ? -m : m) - (e->sv >> 2);
    e->sv += m;
    e->rto = (e->sa >> 3) + e->sv;
}

// From a segment that nobody answers to the end of its connection.
static int patience_ms(const struct estimate *e)
{
    static const int backoff[13] = {1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7, 7};
    int ticks = 0, rto = e->rto;
    for (int sent_again = 0; sent_again < CONFIG_LWIP_TCP_MAXRTX; sent_again++) {
        ticks += rto;
        rto = ((e->sa >> 3) + e->sv) << backoff[sent_again];
    }
    return (ticks + 1) * TICK_MS;
}

TEST(lwip_sends_a_lost_segment_again_soon)
{
    struct estimate e = begin();
    CHECK_EQ(e.rto * TICK_MS, 400);
    for (unsigned i = 0; i < 1000; i++)
        answered(&e, 0); // a LAN
    CHECK_EQ(e.rto * TICK_MS, 400);
    int longest = 0;
    for (unsigned i = 0; i < 1000; i++) {
        answered(&e, i % 100 == 0); // now and then the tick comes in between
        longest = e.rto > longest ? e.rto : longest;
    }
    CHECK_EQ(longest * TICK_MS, 1000);
}

// So long may a cable be out while something is being sent.
TEST(lwip_keeps_a_connection_for_minutes)
{
    struct estimate e = begin();
    CHECK_EQ(patience_ms(&e) / 1000, 307);
}
