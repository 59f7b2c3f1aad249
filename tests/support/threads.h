// SPDX-License-Identifier: Apache-2.0
// A server with all its threads, D1 in port 1-1 of a simulated bus behind it, and clients on real
// sockets, in real time: what every backend with threads does under the thread sanitizer.
#pragma once

#include "ports/posix/posix_loop.h"
#include "sim/device/faulty/sim_faulty.h"
#include "tests/port/usbip_client.h"

struct threads {
    struct sim_bus *bus;
    void (*lock)(void), (*unlock)(void); // of the bus
    struct posix_loop *loop;
};

// Moves data, pulls the device, leaves; ends with a session, which `u` has.
void threads_move_and_pull(struct threads *c, struct usbip_client *u);

// Pulled and put back while it is used, ten times. Ends with a session.
void threads_pull_while_used(struct threads *c, struct usbip_client *u);
