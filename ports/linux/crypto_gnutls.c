// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/crypto_gnutls.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

enum { ITERATIONS = 600000 };

static bool random_bytes(void *ctx, void *bytes, size_t size)
{
    (void)ctx;
    return gnutls_rnd(GNUTLS_RND_KEY, bytes, size) == 0;
}

static bool sha256(void *ctx, const void *bytes, size_t size, uint8_t hash[USERS_HASH_SIZE])
{
    (void)ctx;
    return gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, size, hash) == 0;
}

static bool pbkdf2(void *ctx, const char *password, const uint8_t *salt, size_t salt_size,
                   uint32_t iterations, uint8_t hash[USERS_HASH_SIZE])
{
    const gnutls_datum_t key = {(unsigned char *)(uintptr_t)password, (unsigned)strlen(password)};
    const gnutls_datum_t with = {(unsigned char *)(uintptr_t)salt, (unsigned)salt_size};
    (void)ctx;
    return gnutls_pbkdf2(GNUTLS_MAC_SHA256, &key, &with, iterations, hash, USERS_HASH_SIZE) == 0;
}

const struct users_crypto crypto_gnutls = {
    .random = random_bytes, .sha256 = sha256, .pbkdf2 = pbkdf2, .iterations = ITERATIONS};
