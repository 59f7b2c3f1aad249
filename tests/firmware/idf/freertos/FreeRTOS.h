// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header: ticks. One tick is one millisecond, as sdkconfig.defaults has it.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef uint32_t TickType_t;
typedef int BaseType_t;
typedef unsigned UBaseType_t;

#define portMAX_DELAY ((TickType_t)0xffffffffUL)
#define pdMS_TO_TICKS(ms) ((TickType_t)(ms))
