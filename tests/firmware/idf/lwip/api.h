// SPDX-License-Identifier: Apache-2.0
// Stand-in for lwIP's header of this name: what the firmware uses of it.
#pragma once

struct tcp_pcb;

struct netconn {
    union {
        struct tcp_pcb *tcp;
    } pcb;
};
