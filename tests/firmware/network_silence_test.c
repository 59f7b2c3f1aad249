// SPDX-License-Identifier: Apache-2.0
// Silence, as lwIP's connection tells it.
#include "lwip/priv/tcp_priv.h"
#include "network_silence.h"
#include "tests/firmware/network_double_tcp.h"
#include "tests/support/check.h"

enum { SECOND_US = 1000000, NOW_US = 1000 * SECOND_US };

static struct session_heard heard(void)
{
    struct session_heard h = {0};
    network_double_conn.pcb.tcp = &network_double_pcb;
    CHECK(network_silence_heard(NETWORK_DOUBLE_SOCKET, NOW_US, &h));
    return h;
}

TEST(network_silence_is_the_time_since_the_last_segment)
{
    network_double_pcb = (struct tcp_pcb){.tmr = 0xfffffff8, .lastack = 12345};
    tcp_ticks = 13; // it has gone round
    struct session_heard h = heard();
    CHECK_EQ(h.last_us, NOW_US - 21 * SECOND_US / 2);
    CHECK_EQ(h.unanswered, 0);
    CHECK_EQ(h.taken, 12345);
    CHECK_EQ(h.round_trip_us, 0); // lwIP's ticks are too long
    CHECK(!h.full);
}

TEST(network_silence_counts_what_was_to_be_answered)
{
    struct tcp_seg *segment = (struct tcp_seg *)&network_double_pcb;
    network_double_pcb = (struct tcp_pcb){.nrtx = 2, .keep_cnt_sent = 3, .unacked = segment};
    CHECK_EQ(heard().unanswered, 5);
    network_double_pcb = (struct tcp_pcb){.persist_probe = 7, .unsent = segment};
    CHECK_EQ(heard().unanswered, 7);
}

TEST(network_silence_full_is_who_has_no_room)
{
    struct tcp_seg *segment = (struct tcp_seg *)&network_double_pcb;
    network_double_pcb = (struct tcp_pcb){.unsent = segment};
    CHECK(heard().full);
    network_double_pcb.unacked = segment; // on its way
    CHECK(!heard().full);
    network_double_pcb.unsent = NULL;
    CHECK(!heard().full);
}

// The chip has not run for longer than the peer is silent, by lwIP's clock.
TEST(network_silence_since_the_start)
{
    struct session_heard h = {0};
    network_double_pcb = (struct tcp_pcb){0};
    network_double_conn.pcb.tcp = &network_double_pcb;
    tcp_ticks = 20;
    CHECK(network_silence_heard(NETWORK_DOUBLE_SOCKET, SECOND_US, &h));
    CHECK_EQ(h.last_us, 0);
}

TEST(network_silence_of_what_is_over)
{
    struct session_heard h;
    network_double_conn.pcb.tcp = NULL; // reset, and the socket does not know yet
    CHECK(!network_silence_heard(NETWORK_DOUBLE_SOCKET, NOW_US, &h));
    CHECK(!network_silence_heard(NETWORK_DOUBLE_SOCKET + 1, NOW_US, &h));
}
