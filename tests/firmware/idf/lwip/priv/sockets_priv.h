// SPDX-License-Identifier: Apache-2.0
// Stand-in for lwIP's header of this name: what the firmware uses of it.
#pragma once

struct netconn;

struct lwip_sock {
    struct netconn *conn;
};

// In lwIP's task. NULL: it is no socket of lwIP's.
struct lwip_sock *lwip_socket_dbg_get_socket(int fd);
