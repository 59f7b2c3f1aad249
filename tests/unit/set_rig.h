// SPDX-License-Identifier: Apache-2.0
// The --sim option on a bus of its own, with files that tests can refuse and memory that can end.
#pragma once

#include "base/base_text.h"
#include "sim/set/sim_set.h"
#include "tests/support/rig.h"

enum { SET_WHY = 160, SET_FILE_BLOCKS = 7 };

struct set_rig {
    struct rig rig;
    char why[SET_WHY];

    // The port's files.
    struct sim_files files;
    enum base_err open_result;
    char path[64];
    bool read_only;
    unsigned opened, destroyed;
};

void set_begin(struct set_rig *s);
void set_end(struct set_rig *s);
#define SET_TEST(id, begin) TEST_WITH(id, struct set_rig, s, begin, set_end(s))

enum base_err set_plug(struct set_rig *s, const char *spec);

// All busids that the bus announces, in order, with the names of their devices.
void set_check_plugged(struct set_rig *s, const char *want);

// Plugs `spec` in: that is there then, or nothing and the reason.
void set_check(const char *spec, const char *want);
void set_check_refused(const char *spec, enum base_err err, const char *why);
void set_check_unknown(const char *spec, const char *name); // there is no such kind

// Opens what is in `busid`.
void set_open(struct set_rig *s, const char *busid);
