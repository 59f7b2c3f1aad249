// SPDX-License-Identifier: Apache-2.0
// One TCP connection of lwIP, for network_silence.
#pragma once

#include "lwip/api.h"
#include "lwip/tcp.h"

#include <stdatomic.h>

enum { NETWORK_DOUBLE_SOCKET = 54 }; // the only one; LWIP_SOCKET_OFFSET is not 0

extern atomic_uint network_double_looks; // at any socket
extern struct tcp_pcb network_double_pcb;
extern struct netconn network_double_conn; // `pcb` NULL: TCP has given it up
