// SPDX-License-Identifier: Apache-2.0
// A hub alone, to see its ports and switch their power.
#pragma once

#include "sim/device/sim_kind.h"

extern const struct sim_kind sim_hub_kind;
