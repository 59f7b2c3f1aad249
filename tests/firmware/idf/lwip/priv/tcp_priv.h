// SPDX-License-Identifier: Apache-2.0
// Stand-in for lwIP's header of this name: what the firmware uses of it.
#pragma once

#include <stdint.h>

#define TCP_SLOW_INTERVAL 500 // milliseconds

extern uint32_t tcp_ticks; // one each TCP_SLOW_INTERVAL
