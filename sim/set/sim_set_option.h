// SPDX-License-Identifier: Apache-2.0
// The options of one device of --sim. Loop thread.
#pragma once

#include "sim/device/sim_kind.h"

// Cuts the text at the first `end` and returns what is behind it, or NULL.
char *sim_set_cut(char *text, char end);

// Takes NAME[=VALUE]... with ':' between them (NULL: none) apart in place, checks them against the
// kind's options and fills in s->value. False: refused.
bool sim_set_read_options(struct sim_spec *s, char *options);
