// SPDX-License-Identifier: Apache-2.0
// How a kind of simulated device describes itself. All that --sim, its help and its error messages
// say of a kind comes from here; sim/set/sim_set_kind.c lists the kinds. Loop thread.
#pragma once

#include "base/base_err.h"
#include "base/base_text.h"
#include "sim/bus/sim_device.h"

struct sim_storage;
struct sim_recording;

enum { SIM_OPTIONS_MAX = 6 };

// Written ":NAME" or ":NAME=VALUE".
struct sim_option {
    const char *name;
    const char *value; // what --help calls its value; NULL: it takes none
    const char *help;  // at most 60 characters

    // Which values are right; if neither of the two is given, every text.
    uint64_t min, max;        // max > 0: a number in this range, perhaps with K, M or G
    const char *const *words; // one of these, ended by NULL
    const char *wants;        // the end of what is said about a wrong value: "it goes from 1 to 4"
};

// What the user wrote for an option, checked. All zero: nothing.
struct sim_value {
    unsigned given;   // the later the larger; 0: it was not
    const char *text; // NULL: it takes none
    uint64_t number;  // of words, the index
};

// Files are opened by the port. A refusal explains itself in `why` (a sentence without its full
// stop, cut to fit).
struct sim_files {
    enum base_err (*open_image)(void *ctx, const char *path, bool read_only,
                                struct sim_storage *storage, char *why, size_t why_size);
    enum base_err (*open_recording)(void *ctx, const char *path, struct sim_recording *recording,
                                    char *why, size_t why_size);
    void *ctx;
};

// One device that --sim asks for.
struct sim_spec {
    const struct sim_kind *kind;
    struct sim_bus *bus;
    const struct sim_files *files;           // NULL: there are none here
    unsigned root_port;                      // tells devices of one kind apart
    struct sim_value value[SIM_OPTIONS_MAX]; // as kind->options
    struct base_text *why;                   // of a refusal
    enum base_err err;
};

struct sim_kind {
    const char *name;
    const char *port; // its place in the default set ("2.1": port 1 of the hub in port 2); NULL: it
                      // is not in it
    const char *help; // at most 62 characters
    struct sim_option options[SIM_OPTIONS_MAX]; // as many as have a name

    // NULL: the spec was refused, or else there is no memory. Texts are borrowed for the call.
    struct sim_device *(*create)(struct sim_spec *s);
};

// --- for create() --------------------------------------------------------------------------------

// Refuses the whole spec with a sentence about this kind; what is appended to s->why ends it.
// Returns NULL.
struct sim_device *sim_spec_refuse(struct sim_spec *s, enum base_err err, const char *sentence);

// The same because of the value of an option (its index), with what it wants.
struct sim_device *sim_spec_refuse_value(struct sim_spec *s, unsigned option);

// Opens the file that an option names. False: refused. What was opened is the caller's to destroy.
bool sim_spec_open_image(struct sim_spec *s, unsigned option, bool read_only,
                         struct sim_storage *storage);
bool sim_spec_open_recording(struct sim_spec *s, unsigned option, struct sim_recording *recording);
