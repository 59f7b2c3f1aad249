// SPDX-License-Identifier: Apache-2.0
#include "crypto_double.h"

#include "bootloader_random.h"
#include "esp_random.h"
#include "mbedtls/pkcs5.h"
#include "tests/support/check.h"

#include <sys/random.h>
#include <time.h>

atomic_uint crypto_double_iteration_ns;
atomic_bool crypto_double_fails;
static atomic_bool noisy;

void bootloader_random_enable(void)
{
    atomic_store(&noisy, true);
}

void esp_fill_random(void *buf, size_t len)
{
    CHECK(atomic_load(&noisy));
    CHECK_EQ(getrandom(buf, len, 0), len);
}

// Of 2.28; its header is not the one that is found.
int mbedtls_pkcs5_pbkdf2_hmac(mbedtls_md_context_t *ctx, const unsigned char *password, size_t plen,
                              const unsigned char *salt, size_t slen, unsigned int iteration_count,
                              uint32_t key_length, unsigned char *output);

static void take_time(unsigned iterations)
{
    uint64_t ns = (uint64_t)iterations * atomic_load(&crypto_double_iteration_ns);
    const struct timespec pause = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
    nanosleep(&pause, NULL);
}

// NOLINTNEXTLINE(readability-function-size): its parameters are mbedTLS's
int mbedtls_pkcs5_pbkdf2_hmac_ext(mbedtls_md_type_t md_type, const unsigned char *password,
                                  size_t plen, const unsigned char *salt, size_t slen,
                                  unsigned int iteration_count, uint32_t key_length,
                                  unsigned char *output)
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(md_type);
    mbedtls_md_context_t ctx;
    if (!info)
        return -0x2e80; // MBEDTLS_ERR_PKCS5_FEATURE_UNAVAILABLE
    take_time(iteration_count);
    mbedtls_md_init(&ctx);
    int err = atomic_load(&crypto_double_fails) ? MBEDTLS_ERR_MD_ALLOC_FAILED
                                                : mbedtls_md_setup(&ctx, info, 1);
    if (err == 0)
        err = mbedtls_pkcs5_pbkdf2_hmac(&ctx, password, plen, salt, slen, iteration_count,
                                        key_length, output);
    mbedtls_md_free(&ctx);
    return err;
}
