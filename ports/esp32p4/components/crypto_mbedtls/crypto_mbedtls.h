// SPDX-License-Identifier: Apache-2.0
// The contract "crypto" by mbedTLS, which uses the chip's SHA engine, and by the chip's random
// numbers. Any thread, after crypto_mbedtls_open().
#pragma once

#include "users/users_crypto.h"

enum {
    CRYPTO_MBEDTLS_HASH_US = 500000, // what a new password may cost
    CRYPTO_MBEDTLS_ITERATIONS_MIN = 10000,
    CRYPTO_MBEDTLS_ITERATIONS_MAX = 600000, // as on Linux
};

// Fills in *c. Switches the noise on that makes the chip's random numbers unpredictable, and
// measures how many iterations this chip does in that time. Takes some ten milliseconds.
void crypto_mbedtls_open(struct users_crypto *c);

// How many fit, if `tried` have taken so long: whole thousands.
uint32_t crypto_mbedtls_iterations(uint32_t tried, uint64_t took_us);
