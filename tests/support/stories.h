// SPDX-License-Identifier: Apache-2.0
// Random stories of submit, completion, cancel, pipe changes, unplug and replug, import and
// release, on any backend. Whatever happens: each URB comes back exactly once, those of one
// endpoint in their order unless they were cancelled, nothing of an URB reaches another one, and
// the device works afterwards.
#pragma once

#include "tests/support/rig.h"

// Of all stories, to see that they are about something.
struct stories_totals {
    unsigned good, failed, cancelled, too_late, changed, pulled, imported;
};

void stories_begin(struct rig *r); // a hub in 1-1, D1 in 1-1.1
void stories_play(struct rig *r, uint32_t seed, struct stories_totals *totals);
void stories_check(const struct stories_totals *t, unsigned stories);
