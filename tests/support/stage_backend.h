// SPDX-License-Identifier: Apache-2.0
// Where a stage's devices come from: chosen when a test program is linked. The tests plug into
// st->bus, a simulated bus with number 1, whatever is between it and the server.
#pragma once

#include "tests/support/stage.h"

// What not every host controller can do. A test that asks for it leaves that out then, or wants
// what is documented instead.
struct stage_abilities {
    bool takes_back_control; // a control transfer that the device does not answer
    bool resets;             // the bus; else SET_CONFIGURATION has to do
    bool tells_partial;      // how many bytes a transfer had moved when it failed
    bool exact_requests;     // sends the device what clients ask for, and nothing else
    bool claims_anything;    // interfaces whose endpoints make no sense, too
    bool translates;         // full and low speed behind a high-speed hub
    bool opens_odd_headers;  // of the device descriptor and of configurations
    bool cleans_by_reset;    // of the bus, when a session has ended; else by SET_CONFIGURATION
    bool asks_for_any;       // alternate setting, also one that the descriptors do not have
    bool tells_frames;       // in which an isochronous URB began; else 0

    unsigned session_requests; // that the device sees when a session begins and ends
};
extern const struct stage_abilities stage_abilities;

// Makes st->bus. False: no memory, and nothing is left.
bool stage_backend_create(struct stage *st);

// The server that used it is gone.
void stage_backend_destroy(struct stage *st);

struct usbip_backend *stage_backend(struct stage *st);

// What the backend's own threads do at this time. True: something moved.
bool stage_backend_run(struct stage *st);

// When there is something to do for them again; UINT64_MAX: not by itself.
uint64_t stage_backend_deadline(struct stage *st);

// Something was plugged in: lets pass what time it takes until the server knows.
void stage_backend_plugged(struct stage *st, const char *busid);
