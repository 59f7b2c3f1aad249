// SPDX-License-Identifier: Apache-2.0
// The time of day from text, as base_text_utc() writes it. Any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// "2026-11-22T12:34:56Z", with or without a fraction of the second, as microseconds since 1970.
// Years 1970 to 9999, no leap seconds. False leaves *unix_us.
bool base_utc_parse(const char *text, uint64_t *unix_us);
