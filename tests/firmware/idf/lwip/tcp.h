// SPDX-License-Identifier: Apache-2.0
// Stand-in for lwIP's header of this name: what the firmware uses of it, in lwIP's types.
#pragma once

#include <stdint.h>

struct tcp_seg;

struct tcp_pcb {
    uint32_t tmr;     // when the last segment came, as tcp_ticks
    uint8_t nrtx;     // retransmissions in a row
    uint32_t lastack; // of ours
    struct tcp_seg *unsent, *unacked;
    uint8_t persist_probe; // of a window of 0, unanswered
    uint8_t keep_cnt_sent; // keepalives, unanswered
};
