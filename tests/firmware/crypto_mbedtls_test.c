// SPDX-License-Identifier: Apache-2.0
// What mbedTLS makes of the contract "crypto".
#include "crypto_mbedtls.h"
#include "tests/firmware/crypto_double.h"
#include "tests/firmware/idf_double.h"
#include "tests/support/check.h"
#include "users/users_password.h"

#include <string.h>

static struct users_crypto open_crypto(void)
{
    struct users_crypto c;
    crypto_mbedtls_open(&c);
    return c;
}

TEST(crypto_mbedtls_sha256) // FIPS 180-2 B.1
{
    static const uint8_t wanted[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                     0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                     0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                     0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    const struct users_crypto c = open_crypto();
    uint8_t hash[USERS_HASH_SIZE];
    CHECK(c.sha256(c.ctx, "abc", 3, hash));
    CHECK_BYTES(hash, wanted, sizeof hash);
}

// RFC 7914 section 11, the first half of each.
TEST(crypto_mbedtls_pbkdf2)
{
    static const uint8_t once[] = {0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f, 0xec, 0x16, 0x91,
                                   0xc2, 0x25, 0x44, 0xb6, 0x05, 0xf9, 0x41, 0x85, 0x21, 0x6d, 0xde,
                                   0x04, 0x65, 0xe6, 0x8b, 0x9d, 0x57, 0xc2, 0x0d, 0xac, 0xbc};
    static const uint8_t often[] = {0x4d, 0xdc, 0xd8, 0xf6, 0x0b, 0x98, 0xbe, 0x21,
                                    0x83, 0x0c, 0xee, 0x5e, 0xf2, 0x27, 0x01, 0xf9,
                                    0x64, 0x1a, 0x44, 0x18, 0xd0, 0x4c, 0x04, 0x14,
                                    0xae, 0xff, 0x08, 0x87, 0x6b, 0x34, 0xab, 0x56};
    const struct users_crypto c = open_crypto();
    uint8_t hash[USERS_HASH_SIZE];
    CHECK(c.pbkdf2(c.ctx, "passwd", (const uint8_t *)"salt", 4, 1, hash));
    CHECK_BYTES(hash, once, sizeof hash);
    CHECK(c.pbkdf2(c.ctx, "Password", (const uint8_t *)"NaCl", 4, 80000, hash));
    CHECK_BYTES(hash, often, sizeof hash);
}

// A record that a Linux server has made (600,000 iterations), and one longer than SHA-256's block.
TEST(crypto_mbedtls_passwords_of_a_linux_server)
{
    static const char record[] = "pbkdf2-sha256$600000$000102030405060708090a0b0c0d0e0f$"
                                 "96a5904c2e08c8da42305dbcc5d7cf18ead2636d49f59526b606f26696281473";
    static const char long_record[] =
        "pbkdf2-sha256$1000$000102030405060708090a0b0c0d0e0f$"
        "0e36a78226daa8f60112e829e89f643c817ce1c94432f492ff98b48c0abe6655";
    const struct users_crypto c = open_crypto();
    char longest[USERS_PASSWORD_MAX + 1];
    struct users_password p;
    CHECK(users_password_parse(&p, record));
    CHECK(users_password_is(&p, &c, "correct horse"));
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CHECK(users_password_parse(&p, long_record));
    CHECK(users_password_is(&p, &c, longest));
    longest[0] = 'y';
    CHECK(!users_password_is(&p, &c, longest));
}

TEST(crypto_mbedtls_seal) // test case 15 of the GCM specification (McGrew and Viega), with AES-256
{
    static const uint8_t key[] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f,
                                  0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65,
                                  0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
    static const uint8_t nonce[] = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce,
                                    0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
    static const uint8_t plain[] = {0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5,
                                    0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26, 0x9a};
    static const uint8_t wanted[] = {0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07,
                                     0xf4, 0x7f, 0x37, 0xa3, 0x2a, 0x84, 0x42, 0x7d};
    const struct users_crypto c = open_crypto();
    uint8_t sealed[sizeof plain + USERS_TAG_SIZE], again[sizeof plain];
    CHECK(c.seal(c.ctx, key, nonce, plain, sizeof plain, sealed));
    CHECK_BYTES(sealed, wanted, sizeof wanted);
    CHECK(c.open(c.ctx, key, nonce, sealed, sizeof sealed, again));
    CHECK_BYTES(again, plain, sizeof plain);
}

TEST(crypto_mbedtls_open_takes_nothing_else)
{
    const struct users_crypto c = open_crypto();
    uint8_t key[USERS_KEY_SIZE] = {1}, nonce[USERS_NONCE_SIZE] = {2};
    uint8_t sealed[5 + USERS_TAG_SIZE], plain[sizeof sealed];
    CHECK(c.seal(c.ctx, key, nonce, "users", 5, sealed));
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        CHECK(!c.open(c.ctx, key, nonce, sealed, sizeof sealed, plain));
        sealed[i] ^= 1;
        CHECK(!c.open(c.ctx, key, nonce, sealed, i, plain));
    }
    key[31] ^= 0x80;
    CHECK(!c.open(c.ctx, key, nonce, sealed, sizeof sealed, plain));
    key[31] ^= 0x80;
    nonce[11] ^= 1;
    CHECK(!c.open(c.ctx, key, nonce, sealed, sizeof sealed, plain));
    nonce[11] ^= 1;
    CHECK(c.open(c.ctx, key, nonce, sealed, sizeof sealed, plain));
    CHECK(c.seal(c.ctx, key, nonce, "", 0, sealed));
    CHECK(c.open(c.ctx, key, nonce, sealed, USERS_TAG_SIZE, plain));
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

TEST(crypto_mbedtls_random_is_another_one_each_time)
{
    const struct users_crypto c = open_crypto();
    uint8_t a[16] = {0}, b[16] = {0};
    CHECK(c.random(c.ctx, a, sizeof a));
    CHECK(c.random(c.ctx, b, sizeof b));
    CHECK(memcmp(a, b, sizeof a) != 0);
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
