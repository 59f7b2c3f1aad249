// SPDX-License-Identifier: Apache-2.0
#include "crypto_mbedtls.h"

#include "bootloader_random.h"
#include "esp_heap_caps.h"
#include "esp_random.h"
#include "mbedtls/gcm.h"
#include "mbedtls/md.h"
#include "mbedtls/pkcs5.h"
#include "ports/posix/posix_time.h"

#include <string.h>

enum { TRIED = 2000, WHOLE = 1000 };

static bool random_bytes(void *ctx, void *bytes, size_t size)
{
    (void)ctx;
    esp_fill_random(bytes, size);
    return true;
}

static bool sha256(void *ctx, const void *bytes, size_t size, uint8_t hash[USERS_HASH_SIZE])
{
    (void)ctx;
    return mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), bytes, size, hash) == 0;
}

static bool pbkdf2(void *ctx, const char *password, const uint8_t *salt, size_t salt_size,
                   uint32_t iterations, uint8_t hash[USERS_HASH_SIZE])
{
    (void)ctx;
    return mbedtls_pkcs5_pbkdf2_hmac_ext(MBEDTLS_MD_SHA256, (const unsigned char *)password,
                                         strlen(password), salt, salt_size, iterations,
                                         USERS_HASH_SIZE, hash) == 0;
}

// --- AES-256-GCM ---------------------------------------------------------------------------------

// Not on the stack: it has half a kilobyte. NULL: no memory.
static mbedtls_gcm_context *gcm_begin(const uint8_t key[USERS_KEY_SIZE])
{
    mbedtls_gcm_context *gcm = heap_caps_malloc(sizeof *gcm, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    if (!gcm)
        return NULL;
    mbedtls_gcm_init(gcm);
    if (mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, key, USERS_KEY_SIZE * 8) == 0)
        return gcm;
    mbedtls_gcm_free(gcm);
    heap_caps_free(gcm);
    return NULL;
}

static bool gcm_end(mbedtls_gcm_context *gcm, int err)
{
    mbedtls_gcm_free(gcm);
    heap_caps_free(gcm);
    return err == 0;
}

static bool seal(void *ctx, const uint8_t key[USERS_KEY_SIZE],
                 const uint8_t nonce[USERS_NONCE_SIZE], const void *bytes, size_t size,
                 uint8_t *sealed)
{
    mbedtls_gcm_context *gcm = gcm_begin(key);
    (void)ctx;
    return gcm && gcm_end(gcm, mbedtls_gcm_crypt_and_tag(gcm, MBEDTLS_GCM_ENCRYPT, size, nonce,
                                                         USERS_NONCE_SIZE, NULL, 0, bytes, sealed,
                                                         USERS_TAG_SIZE, sealed + size));
}

static bool open_sealed(void *ctx, const uint8_t key[USERS_KEY_SIZE],
                        const uint8_t nonce[USERS_NONCE_SIZE], const uint8_t *sealed, size_t size,
                        void *bytes)
{
    mbedtls_gcm_context *gcm = size < USERS_TAG_SIZE ? NULL : gcm_begin(key);
    size_t plain = size - USERS_TAG_SIZE;
    (void)ctx;
    return gcm &&
           gcm_end(gcm, mbedtls_gcm_auth_decrypt(gcm, plain, nonce, USERS_NONCE_SIZE, NULL, 0,
                                                 sealed + plain, USERS_TAG_SIZE, sealed, bytes));
}

// --- iterations ----------------------------------------------------------------------------------

uint32_t crypto_mbedtls_iterations(uint32_t tried, uint64_t took_us)
{
    uint64_t fit = took_us ? (uint64_t)tried * CRYPTO_MBEDTLS_HASH_US / took_us : UINT32_MAX;
    if (fit > CRYPTO_MBEDTLS_ITERATIONS_MAX)
        return CRYPTO_MBEDTLS_ITERATIONS_MAX;
    if (fit < CRYPTO_MBEDTLS_ITERATIONS_MIN)
        return CRYPTO_MBEDTLS_ITERATIONS_MIN;
    return (uint32_t)(fit - fit % WHOLE);
}

static uint32_t measure(void)
{
    static const uint8_t salt[16] = {0};
    uint8_t hash[USERS_HASH_SIZE];
    uint64_t begin_us = posix_now_us();
    bool done = pbkdf2(NULL, "some password", salt, sizeof salt, TRIED, hash);
    return done ? crypto_mbedtls_iterations(TRIED, posix_now_us() - begin_us)
                : CRYPTO_MBEDTLS_ITERATIONS_MIN;
}

// ESP-IDF's bootloader switches the noise off again before it starts the program (5.5.5,
// bootloader_utility.c), and without it the numbers are as good as predictable. Nothing else here
// wants the ADC that it comes from.
void crypto_mbedtls_open(struct users_crypto *c)
{
    bootloader_random_enable();
    *c = (struct users_crypto){
        .random = random_bytes,
        .sha256 = sha256,
        .pbkdf2 = pbkdf2,
        .seal = seal,
        .open = open_sealed,
        .iterations = measure(),
    };
}
