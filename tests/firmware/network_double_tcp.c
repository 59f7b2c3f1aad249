// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/network_double_tcp.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "tests/firmware/network_double_state.h"
#include "tests/support/check.h"

#include <stddef.h>

uint32_t tcp_ticks;
atomic_uint network_double_looks;
struct tcp_pcb network_double_pcb;
struct netconn network_double_conn;

struct lwip_sock *lwip_socket_dbg_get_socket(int fd)
{
    static struct lwip_sock sock;
    CHECK(network_double_in_lwip);
    atomic_fetch_add(&network_double_looks, 1);
    sock.conn = network_double_conn.pcb.tcp ? &network_double_conn : NULL;
    return fd == NETWORK_DOUBLE_SOCKET ? &sock : NULL;
}
