// SPDX-License-Identifier: Apache-2.0
// A simulated bus: root ports, hubs, and the backend that exports what is plugged in.
// Loop thread only. Several buses may live side by side.
#pragma once

#include "base/base_alloc.h"
#include "server/server_backend.h"
#include "sim_device.h"

struct sim_bus;

// NULL if there is no memory. `busnum` 1..255. The allocator must outlive the bus.
struct sim_bus *sim_bus_create(const struct base_alloc *alloc, uint8_t busnum);

uint8_t sim_busnum(const struct sim_bus *bus);

// Unplugs and destroys everything. The server that used the backend must be gone. NULL: nothing.
void sim_bus_destroy(struct sim_bus *bus);

// The backend to hand to server_add_backend(); valid as long as the bus.
struct usbip_backend *sim_bus_backend(struct sim_bus *bus);

// Plugs `d` into the port named by its busid ("1-3", "1-2.1"; the bus number must fit, a hub must
// be on the way). Takes `d`: it is destroyed with the bus, or when another device is plugged into
// its port after it was pulled (a device that comes back as another one).
// BASE_ERR_INVALID (bad busid), BASE_ERR_BUSY (port taken), BASE_ERR_NOT_FOUND (no such hub, or it
// has no such port), BASE_ERR_LIMIT (bus full), BASE_ERR_NOMEM: then `d` is still the caller's.
enum base_err sim_plug(struct sim_bus *bus, const char *busid, struct sim_device *d);

// Pulls the device (a hub with everything behind it). It stays allocated, keeps its content, and
// sim_replug() puts it back into the same port with a new devnum (a hub with everything that was
// still behind it). BASE_ERR_NOT_FOUND: nothing there; sim_replug: BASE_ERR_BUSY: it is plugged.
// Not from inside a device's callback: that is sim_vanish().
enum base_err sim_unplug(struct sim_bus *bus, const char *busid);
enum base_err sim_replug(struct sim_bus *bus, const char *busid);

// What is in a port, and why it may not work.
enum sim_presence {
    SIM_NEVER,    // nothing ever was
    SIM_PULLED,   // it can come back
    SIM_WORKS,    // it is on the bus
    SIM_NO_POWER, // it is plugged in, but its port has no power
    SIM_NO_HUB,   // it is plugged into a hub that is not on the bus
};
enum sim_presence sim_presence(struct sim_bus *bus, const char *busid);

// A hub with 1..SIM_HUB_PORTS_MAX ports, to be plugged like any device; each port's power can be
// switched, or as `power` says (not UNKNOWN). All ports have power when it is plugged in. NULL if
// there is no memory.
enum { SIM_HUB_PORTS_MAX = 15 };
struct sim_device *sim_hub_create(struct sim_bus *bus, unsigned ports);
struct sim_device *sim_hub_create_with(struct sim_bus *bus, unsigned ports,
                                       enum backend_power power);

// To so many more ports that never had one a device can be plugged.
unsigned sim_room(const struct sim_bus *bus);

// The device in that port, plugged or pulled; NULL if there never was one.
struct sim_device *sim_find(struct sim_bus *bus, const char *busid);

// The i-th port that has or had a device, and its busid: in the order in which they got their
// first. NULL: there are no more.
struct sim_device *sim_at(struct sim_bus *bus, unsigned i, const char **busid);

// How long open() takes before OPENED comes, for tests of a slow claim; and what it answers. The
// port must exist (plugged or pulled).
void sim_delay_open(struct sim_bus *bus, const char *busid, uint64_t delay_us,
                    enum base_err result);

// How long close() takes before CLOSED comes.
void sim_delay_close(struct sim_bus *bus, const char *busid, uint64_t delay_us);

// How long a pipe change, once executed, takes before CONTROL_DONE comes.
void sim_delay_control(struct sim_bus *bus, const char *busid, uint64_t delay_us);
