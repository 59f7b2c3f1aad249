// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include <stddef.h>

int mbedtls_sha1(const unsigned char *input, size_t ilen, unsigned char output[20]);
