// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdint.h>

// Of GET /api/v1/devices with 8 devices, each with its client: as the page asks for it twice a
// second at most, and on the loop's thread.
uint32_t devices_cost(uint32_t (*instructions)(void));
