// SPDX-License-Identifier: Apache-2.0
// Which simulated devices there are: the --sim option. Loop thread.
#pragma once

#include "sim/bus/sim_bus.h"
#include "sim/device/disk/sim_storage.h"
#include "sim/device/sim_recording.h"

// What only the port can do. Borrowed for the call.
struct sim_set_environment {
    // Opens an image for disk:file=PATH. A refusal explains itself in `why` (a sentence without its
    // full stop). NULL: there are no files here.
    enum base_err (*open_file)(void *ctx, const char *path, bool read_only,
                               struct sim_storage *storage, char *why, size_t why_size);
    // The same for audio:record=PATH, which what is played is appended to.
    enum base_err (*open_record)(void *ctx, const char *path, struct sim_recording *recording,
                                 char *why, size_t why_size);
    void *ctx;
};

// Plugs the devices named by `spec` into a bus. NULL, "" and "default": the whole
// set; "none": nothing; else NAME[:OPTION[=VALUE]...][,NAME...]. A device goes to its own place in
// the set, or if that is taken to the first free root port from 5 on.
// On an error nothing is plugged, and `why` (cut to fit) is a sentence without its full stop:
// BASE_ERR_INVALID (the text is wrong), BASE_ERR_UNSUPPORTED (not here),
// BASE_ERR_LIMIT (no free port), BASE_ERR_NOMEM, or what open_file() returned.
enum base_err sim_set_plug(struct sim_bus *bus, const char *spec,
                           const struct sim_set_environment *env, char *why, size_t why_size);

// Names and options, for --help: lines of at most 80 characters.
const char *sim_set_help(void);
