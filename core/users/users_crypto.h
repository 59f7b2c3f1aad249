// SPDX-License-Identifier: Apache-2.0
// The contract "crypto": what a port's library does for passwords, tokens and backups (GnuTLS on
// Linux, mbedTLS on the chip). Any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    USERS_HASH_SIZE = 32, // SHA-256
    USERS_KEY_SIZE = 32,  // AES-256
    USERS_NONCE_SIZE = 12,
    USERS_TAG_SIZE = 16,
};

// Each is false if the library could not do it (no memory, no entropy); the output is worth nothing
// then.
struct users_crypto {
    bool (*random)(void *ctx, void *bytes, size_t size);
    bool (*sha256)(void *ctx, const void *bytes, size_t size, uint8_t hash[USERS_HASH_SIZE]);
    // PBKDF2 with HMAC-SHA-256 (RFC 8018 5.2). It takes about half a second: not on a thread that
    // somebody waits for.
    bool (*pbkdf2)(void *ctx, const char *password, const uint8_t *salt, size_t salt_size,
                   uint32_t iterations, uint8_t hash[USERS_HASH_SIZE]);
    // AES-256-GCM without data beside it: `sealed` is `size` bytes and behind them the tag. Once
    // for each pair of key and nonce. NULL: not here, and open() neither.
    bool (*seal)(void *ctx, const uint8_t key[USERS_KEY_SIZE],
                 const uint8_t nonce[USERS_NONCE_SIZE], const void *bytes, size_t size,
                 uint8_t *sealed);
    // Back: `size` is that of the sealed bytes, `bytes` get all but the tag. False also if it is
    // another key or nonce, or not what was sealed.
    bool (*open)(void *ctx, const uint8_t key[USERS_KEY_SIZE],
                 const uint8_t nonce[USERS_NONCE_SIZE], const uint8_t *sealed, size_t size,
                 void *bytes);
    void *ctx;
    uint32_t iterations; // of new passwords
};

// Takes as long whatever the bytes are.
bool users_crypto_equal(const void *a, const void *b, size_t size);

// Zeros that the compiler does not leave out.
void users_crypto_wipe(void *bytes, size_t size);
