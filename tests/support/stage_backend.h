// SPDX-License-Identifier: Apache-2.0
// Where a stage's devices come from: chosen when a test program is linked. The tests plug into
// st->bus, a simulated bus with number 1, whatever is between it and the server.
#pragma once

#include "tests/support/stage.h"

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
