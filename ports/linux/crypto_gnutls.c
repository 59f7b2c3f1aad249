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

// --- AES-256-GCM ---------------------------------------------------------------------------------

static bool begin(gnutls_aead_cipher_hd_t *with, const uint8_t key[USERS_KEY_SIZE])
{
    const gnutls_datum_t k = {(unsigned char *)(uintptr_t)key, USERS_KEY_SIZE};
    return gnutls_aead_cipher_init(with, GNUTLS_CIPHER_AES_256_GCM, &k) == 0;
}

static bool seal(void *ctx, const uint8_t key[USERS_KEY_SIZE],
                 const uint8_t nonce[USERS_NONCE_SIZE], const void *bytes, size_t size,
                 uint8_t *sealed)
{
    gnutls_aead_cipher_hd_t with;
    size_t room = size + USERS_TAG_SIZE;
    (void)ctx;
    if (!begin(&with, key))
        return false;
    int err = gnutls_aead_cipher_encrypt(with, nonce, USERS_NONCE_SIZE, NULL, 0, USERS_TAG_SIZE,
                                         bytes, size, sealed, &room);
    gnutls_aead_cipher_deinit(with);
    return err == 0 && room == size + USERS_TAG_SIZE;
}

static bool open_sealed(void *ctx, const uint8_t key[USERS_KEY_SIZE],
                        const uint8_t nonce[USERS_NONCE_SIZE], const uint8_t *sealed, size_t size,
                        void *bytes)
{
    gnutls_aead_cipher_hd_t with;
    size_t room = size - USERS_TAG_SIZE;
    (void)ctx;
    if (size < USERS_TAG_SIZE || !begin(&with, key))
        return false;
    int err = gnutls_aead_cipher_decrypt(with, nonce, USERS_NONCE_SIZE, NULL, 0, USERS_TAG_SIZE,
                                         sealed, size, bytes, &room);
    gnutls_aead_cipher_deinit(with);
    return err == 0;
}

const struct users_crypto crypto_gnutls = {
    .random = random_bytes,
    .sha256 = sha256,
    .pbkdf2 = pbkdf2,
    .seal = seal,
    .open = open_sealed,
    .iterations = ITERATIONS,
};
