// SPDX-License-Identifier: Apache-2.0
// The contract "crypto": what a port's library does for passwords and tokens (GnuTLS on Linux,
// mbedTLS on the chip). Any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USERS_HASH_SIZE = 32 }; // SHA-256

// Each is false if the library could not do it (no memory, no entropy); the output is worth nothing
// then.
struct users_crypto {
    bool (*random)(void *ctx, void *bytes, size_t size);
    bool (*sha256)(void *ctx, const void *bytes, size_t size, uint8_t hash[USERS_HASH_SIZE]);
    // PBKDF2 with HMAC-SHA-256 (RFC 8018 5.2). It takes about half a second: not on a thread that
    // somebody waits for.
    bool (*pbkdf2)(void *ctx, const char *password, const uint8_t *salt, size_t salt_size,
                   uint32_t iterations, uint8_t hash[USERS_HASH_SIZE]);
    void *ctx;
    uint32_t iterations; // of new passwords
};

// Takes as long whatever the bytes are.
bool users_crypto_equal(const void *a, const void *b, size_t size);

// Zeros that the compiler does not leave out.
void users_crypto_wipe(void *bytes, size_t size);
