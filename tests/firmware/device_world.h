// SPDX-License-Identifier: Apache-2.0
// The chip's backend for the rig (support/rig.h): its tasks, and simulated buses behind the double
// of the library, both ports. All on one thread.
#pragma once

#include "sim/device/sim_zero.h"
#include "tests/firmware/device_rig.h"
#include "tests/support/rig.h"

enum {
    WORLD_BULK_OUT = 0x02, // of sim_faulty_d1
    WORLD_BULK_IN = 0x81,
    WORLD_INTERRUPT_IN = 0x83,
    WORLD_ISO_IN = 0x84,
    WORLD_ISO_OUT = 0x05,
};

struct world {
    struct rig rig;
    struct sim_bus *bus[USB_HOST_DOUBLE_PORTS]; // the first is the rig's
    struct usb_host_double_config library;
    void (*wake)(void); // the backend has something for the loop; NULL: nobody hears it
    struct device_rig chip;
};

void world_begin(struct world *w);

// In two steps: between them a test may change `library`, and plug in what is there already.
void world_prepare(struct world *w);
void world_start(struct world *w);

// With D1 in port 1-1, opened: w->rig.dev.
void world_begin_d1(struct world *w);

void world_end(struct world *w); // the core is gone: nobody closes anything

struct rig_device *world_d1(struct world *w);  // plugs it into 1-1
struct sim_device *world_sim(struct world *w); // what is there

void world_check_alive(struct rig_device *d);

// A test with a world `w` that `begin` begins.
#define WORLD_TEST(id, begin) TEST_WITH(id, struct world, w, begin, world_end(w))
