// SPDX-License-Identifier: Apache-2.0
// The devices in the order of their busids. Loop thread.
#pragma once

#include "api/api.h"

struct api_sorted {
    const struct registry_device **device;
    unsigned count;
};

// Valid until a device comes or goes. False: no memory.
bool api_sorted_begin(struct api_sorted *sorted, const struct api_context *ctx);
void api_sorted_end(struct api_sorted *sorted);

// < 0, 0, > 0: by the numbers in them, 1-2 before 1-10, and a hub before what is behind it.
int api_busid_compare(const char *a, const char *b);
