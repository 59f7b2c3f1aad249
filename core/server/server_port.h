// SPDX-License-Identifier: Apache-2.0
// Buses, ports, and their power. A port is named by the busid that a device in it has; it is there
// whether something is plugged in or not. Loop thread.
#pragma once

#include "server/server.h"

#define SERVER_CYCLE_MIN_US 100000u    // power is off for so long
#define SERVER_CYCLE_MAX_US 300000000u // 5 minutes

// The bus of that number. False: no backend says anything of it; *out has the number then.
bool server_bus(const struct usbip_server *server, uint8_t busnum, struct backend_bus *out);
unsigned server_hub_ports(const struct registry_device *hub); // 0: not known

// What is known of a port. While it is being switched, `on` is what has been asked for last.
struct server_port {
    struct backend_port is;
    bool changing; // being switched, or off for a while
};

// False: no backend has a port of that name.
bool server_port(const struct usbip_server *server, const char *port, struct server_port *out);

struct server_power_wish {
    bool on;
    uint64_t cycle_us; // off, and on again after that time, instead of `on`; 0: not that
    bool force;        // though something that loses its power is in use
};

// Begins to switch the power of a port that server_port() knows. What is asked for last holds; only
// a cycle has to wait until the port is quiet. 0: the outcome will be an event. Else it says why it
// will not be done, and so does an event.
enum eventlog_power server_port_power(struct usbip_server *server, const char *port,
                                      const struct server_power_wish *wish, uint64_t now_us);
