// SPDX-License-Identifier: Apache-2.0
// A network of the bench's own, so that the machine's settings do not show in the figures: filter
// rules, and above all a congestion control with pacing (BBR), whose timers cost more than the
// URBs.
#pragma once

#include <stdbool.h>

// Moves this process, and the children that it starts later, into a new network namespace with
// loopback alone and plain TCP (Reno). False: not allowed here, everything is as it was.
bool bench_net_isolate(void);

enum { BENCH_NET_LOOPBACK = 65536, BENCH_NET_ETHERNET = 1500 };

// For connections from now on. Does nothing on the machine's own loopback.
void bench_net_set_mtu(int mtu);
