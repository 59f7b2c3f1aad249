// SPDX-License-Identifier: Apache-2.0
// Bytes as lower-case hex digits. Any thread.
#pragma once

#include "base/base_text.h"

void users_hex_add(struct base_text *t, const uint8_t *bytes, size_t size);

// False: these are not the digits of exactly `size` bytes.
bool users_hex_take(const char *digits, size_t count, uint8_t *bytes, size_t size);
