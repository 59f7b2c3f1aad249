// SPDX-License-Identifier: Apache-2.0
// A usbip-server that has started: on free local ports, which it has told.
#pragma once

#include "tests/port/child.h"
#include "tests/port/usbip_client.h"

#define LOCAL                                                                                      \
    "--listen", "127.0.0.1", "--port", "0", "--http-listen", "127.0.0.1", "--http-port", "0"

struct running {
    struct child child;
    uint16_t port, http_port;
};

// `with` NULL: nothing special. The options LOCAL, then the others.
struct running *program_started(const struct child_start_with *with, const char *const *args);
#define STARTED_WITH(with, ...)                                                                    \
    program_started(with, (const char *const[]){LOCAL, __VA_ARGS__, NULL})
#define STARTED(...) STARTED_WITH(NULL, __VA_ARGS__)

// Where it listens when it has begun again; devices of the first time may still be told before.
void program_await_ports(struct running *r);

int program_connect(uint16_t port);

// Ends it with SIGTERM: exit status 0, and nothing on stdout but the devices' names: how many?
unsigned program_end(struct running *r);
