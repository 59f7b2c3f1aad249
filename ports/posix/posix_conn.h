// SPDX-License-Identifier: Apache-2.0
// One accepted socket and the session that it carries: moves bytes between the two, without a copy.
// Loop thread.
#pragma once

#include "session/session.h"

#include <stdbool.h>
#include <stdint.h>

// Working memory of posix_conn_write(), too large for the stack of a small task. One for all
// connections of a loop; free() ends it. NULL: no memory.
struct posix_gather;
struct posix_gather *posix_gather_create(void);

struct posix_conn {
    int fd;
    struct session *session;     // the server's
    struct posix_gather *gather; // the loop's
    bool rx_ended;               // the peer has sent FIN
    bool tx_blocked;    // the socket took less than offered: send again when it is writable
    bool finishing;     // we have sent FIN and drop what still comes
    bool probed;        // the peer is asked each second whether it is there
    unsigned low_water; // SO_RCVLOWAT, if it is not 1
};

// poll() found `revents` on the socket. True if there may be more to read.
bool posix_conn_ready(struct posix_conn *c, short revents, uint64_t now_us);

// Sends what the session has, as far as the socket takes it.
void posix_conn_write(struct posix_conn *c, uint64_t now_us);

// Follows the session's state and what it wants to know of its peer. False: close the socket now.
bool posix_conn_settle(struct posix_conn *c);

// What to poll() for.
short posix_conn_events(struct posix_conn *c);
