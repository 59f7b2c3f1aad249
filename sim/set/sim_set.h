// SPDX-License-Identifier: Apache-2.0
// Which simulated devices there are: the --sim option. Loop thread.
#pragma once

#include "api/api_simulate.h"
#include "sim/bus/sim_bus.h"
#include "sim/device/sim_kind.h"

// All kinds, in the order of the help; ended by NULL.
extern const struct sim_kind *const sim_set_kinds[];

// Plugs the devices named by `spec` into a bus: NAME[:OPTION[=VALUE]...][,NAME...]. A device goes
// to its own place in the default set, or if it has none or that is taken to the first free root
// port from 5 on. The name "default" is the whole default set, as are NULL and "" in place of the
// text; the text "none" is no device. `files` (NULL: there are none here) is borrowed for the call.
// On an error nothing is plugged, and `why` (cut to fit) is a sentence without its full stop:
// BASE_ERR_INVALID (the text is wrong), BASE_ERR_UNSUPPORTED (not here),
// BASE_ERR_LIMIT (no free port), BASE_ERR_NOMEM, or what opening a file returned.
enum base_err sim_set_plug(struct sim_bus *bus, const char *spec, const struct sim_files *files,
                           char *why, size_t why_size);

// What the API can do with what is on the bus. Borrows it.
void sim_set_simulate(struct api_simulate *out, struct sim_bus *bus);

// "disk, keyboard": all kinds, or those of the default set.
void sim_set_names(struct base_text *t, bool of_default_set);

// Names and options, for --help: lines of at most 80 characters.
enum { SIM_SET_HELP_SIZE = 4096 }; // is enough
void sim_set_help(struct base_text *t);
