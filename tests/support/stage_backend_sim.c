// SPDX-License-Identifier: Apache-2.0
// The simulated bus itself is the backend. It has no threads and announces at once.
#include "tests/support/stage_backend.h"

const struct stage_abilities stage_abilities = {true, true, true, true, true, true,
                                                true, true, true, true, 0};

bool stage_backend_create(struct stage *st)
{
    st->bus = sim_bus_create(&st->heap.alloc, 1);
    return st->bus != NULL;
}

void stage_backend_destroy(struct stage *st)
{
    sim_bus_destroy(st->bus);
}

struct usbip_backend *stage_backend(struct stage *st)
{
    return sim_bus_backend(st->bus);
}

bool stage_backend_run(struct stage *st)
{
    (void)st;
    return false;
}

uint64_t stage_backend_deadline(struct stage *st)
{
    (void)st;
    return UINT64_MAX;
}

void stage_backend_plugged(struct stage *st, const char *busid)
{
    (void)busid;
    stage_settle(st);
}
