// SPDX-License-Identifier: Apache-2.0
// What is particular about mbedTLS on the chip; the rest is crypto_test.c's.
#include "crypto_mbedtls.h"
#include "tests/firmware/crypto_double.h"
#include "tests/firmware/idf_double.h"
#include "tests/port/crypto_tested.h"
#include "tests/support/check.h"
#include "users/users_password.h"

#include <string.h>

static struct users_crypto open_crypto(void)
{
    struct users_crypto c;
    crypto_mbedtls_open(&c);
    return c;
}

const struct users_crypto *crypto_tested(void)
{
    static struct users_crypto c;
    crypto_mbedtls_open(&c);
    return &c;
}

// Nothing is left in memory, nor is half of it done.
TEST(crypto_mbedtls_seal_without_memory)
{
    const struct users_crypto c = open_crypto();
    const uint8_t key[USERS_KEY_SIZE] = {1}, nonce[USERS_NONCE_SIZE] = {2};
    uint8_t sealed[5 + USERS_TAG_SIZE], plain[5];
    CHECK(c.seal(c.ctx, key, nonce, "users", 5, sealed));
    idf_double_limit_heap(IDF_HEAP_SPIRAM, 16);
    CHECK(!c.seal(c.ctx, key, nonce, "users", 5, sealed));
    CHECK(!c.open(c.ctx, key, nonce, sealed, sizeof sealed, plain));
    idf_double_limit_heap(IDF_HEAP_SPIRAM, SIZE_MAX);
    CHECK(c.open(c.ctx, key, nonce, sealed, sizeof sealed, plain));
    CHECK_EQ(idf_double_heap_blocks(IDF_HEAP_SPIRAM), 0);
}

TEST(crypto_mbedtls_iterations_by_time)
{
    CHECK_EQ(crypto_mbedtls_iterations(2000, 20000), 50000);
    CHECK_EQ(crypto_mbedtls_iterations(2000, 30000), 33000);   // not 33333
    CHECK_EQ(crypto_mbedtls_iterations(2000, 1000000), 10000); // even if it takes longer
    CHECK_EQ(crypto_mbedtls_iterations(2000, 1000), 600000);
    CHECK_EQ(crypto_mbedtls_iterations(2000, 0), 600000);
}

// 50 us each are 10,000 in the time; sleeping takes longer, never less.
TEST(crypto_mbedtls_measures)
{
    atomic_store(&crypto_double_iteration_ns, 50000);
    CHECK_EQ(open_crypto().iterations, CRYPTO_MBEDTLS_ITERATIONS_MIN);
    atomic_store(&crypto_double_iteration_ns, 0);
    CHECK(open_crypto().iterations > CRYPTO_MBEDTLS_ITERATIONS_MIN);
}

TEST(crypto_mbedtls_without_memory)
{
    struct users_password p = {0};
    atomic_store(&crypto_double_fails, true);
    const struct users_crypto c = open_crypto();
    CHECK_EQ(c.iterations, CRYPTO_MBEDTLS_ITERATIONS_MIN);
    CHECK(!users_password_make(&p, &c, "password"));
    CHECK(!users_password_is(&p, &c, "password"));
    atomic_store(&crypto_double_fails, false);
}
