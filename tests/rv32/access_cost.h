// SPDX-License-Identifier: Apache-2.0
// What the chip's 64 access rules cost an import.
#pragma once

#include <stdint.h>

// Instructions of one answer, when no rule fits: each names the device by its serial number, and
// has an address block of which the client is not. `instructions` counts.
uint32_t access_cost(uint32_t (*instructions)(void));

// The same of the 64 export rules, each of which looks at the whole serial number.
uint32_t access_cost_export(uint32_t (*instructions)(void));
