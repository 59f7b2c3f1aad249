// SPDX-License-Identifier: Apache-2.0
// Decimal numbers from text: digits only, no signs and no blanks, and never more than was asked
// for. False leaves everything as it was. Any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The whole text is a number from `min` to `max`.
bool base_number(const char *text, uint64_t min, uint64_t max, uint64_t *v);

// The same, perhaps with K, M or G behind it (times 1024, its square, its cube).
bool base_number_size(const char *text, uint64_t min, uint64_t max, uint64_t *v);

// A number up to `max` at the start of the text, which then begins behind its digits.
bool base_number_take(const char **text, uint64_t max, uint64_t *v);
