// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SET_PERI_REG_MASK(reg, mask) soc_stand_in_mask((reg), (mask), true)
#define CLEAR_PERI_REG_MASK(reg, mask) soc_stand_in_mask((reg), (mask), false)

void soc_stand_in_mask(uint32_t reg, uint32_t mask, bool set);
