// SPDX-License-Identifier: Apache-2.0
// Inside of the --sim option, shared by its sources only: what is being put together, and the kinds
// of devices there are. Loop thread.
#pragma once

#include "base/base_text.h"
#include "sim_set.h"

enum {
    SIM_SET_BUSID_SIZE = 10,     // as "1-2.1" and "255-15"
    SIM_SET_FIRST_FREE_PORT = 5, // of the root ports, behind the places of the default set
    SIM_SET_LAST_FREE_PORT = 15,
    // Of the default set with its hub, and the free ones.
    SIM_SET_PLACES = 6 + SIM_SET_LAST_FREE_PORT - SIM_SET_FIRST_FREE_PORT + 1,
};

struct sim_set_place {
    char busid[SIM_SET_BUSID_SIZE];
    struct sim_device *device; // NULL: the place is reserved only
};

struct sim_set {
    struct sim_bus *bus;
    const struct sim_set_environment *env; // may be NULL
    const struct sim_set_kind *kind;       // of the device that is being made
    struct base_text why;
    struct sim_set_place place[SIM_SET_PLACES]; // in the order of plugging
    unsigned count, plugged;
};

struct sim_set_kind {
    const char *name;
    const char *port; // its place in the default set ("2.1"); NULL: it is in none
    // Sets p->device. `options` is what follows the name, to be taken apart in place.
    enum base_err (*create)(struct sim_set *set, char *options, struct sim_set_place *p);
};

extern const struct sim_set_kind sim_set_kinds[];
extern const unsigned sim_set_kind_count;

// --- sim_set_option.c ----------------------------------------------------------------------------

struct sim_set_option {
    const char *name;
    const char *value; // NULL: none was given
};

// The next of the options NAME[=VALUE] with ':' between them. False: there is none left.
bool sim_set_next_option(char **options, struct sim_set_option *o);
bool sim_set_option_is(const struct sim_set_option *o, const char *name);

// Cuts the text at the first `end` and returns what is behind it, or NULL.
char *sim_set_cut(char *text, char end);

// 0 if it is not a size: digits and perhaps K, M or G.
uint64_t sim_set_read_size(const char *s);

// Puts strings, of which the last is followed by NULL, together to one sentence and passes the
// error on.
enum base_err sim_set_refuse(struct sim_set *set, enum base_err err, const char *const parts[]);
#define SIM_SET_REFUSE(set, err, ...)                                                              \
    sim_set_refuse(set, err, (const char *const[]){__VA_ARGS__, NULL})

enum base_err sim_set_no_memory(struct sim_set *set);
enum base_err sim_set_refuse_option(struct sim_set *set, const struct sim_set_option *o);
enum base_err sim_set_needs_value(struct sim_set *set, const struct sim_set_option *o);

// --- sim_set_disk.c ------------------------------------------------------------------------------

enum base_err sim_set_create_disk(struct sim_set *set, char *options, struct sim_set_place *p);
