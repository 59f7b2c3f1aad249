// SPDX-License-Identifier: Apache-2.0
// What every port's library makes of the contract "crypto": GnuTLS, mbedTLS.
#include "tests/port/crypto_tested.h"
#include "tests/support/check.h"
#include "users/users_password.h"

#include <string.h>

TEST(crypto_sha256) // FIPS 180-2 B.1
{
    const struct users_crypto *c = crypto_tested();
    static const uint8_t wanted[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                     0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                     0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                     0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    uint8_t hash[USERS_HASH_SIZE];
    CHECK(c->sha256(c->ctx, "abc", 3, hash));
    CHECK_BYTES(hash, wanted, sizeof hash);
}

// RFC 7914 section 11, the first half of each.
TEST(crypto_pbkdf2)
{
    static const uint8_t once[] = {0x55, 0xac, 0x04, 0x6e, 0x56, 0xe3, 0x08, 0x9f, 0xec, 0x16, 0x91,
                                   0xc2, 0x25, 0x44, 0xb6, 0x05, 0xf9, 0x41, 0x85, 0x21, 0x6d, 0xde,
                                   0x04, 0x65, 0xe6, 0x8b, 0x9d, 0x57, 0xc2, 0x0d, 0xac, 0xbc};
    static const uint8_t often[] = {0x4d, 0xdc, 0xd8, 0xf6, 0x0b, 0x98, 0xbe, 0x21,
                                    0x83, 0x0c, 0xee, 0x5e, 0xf2, 0x27, 0x01, 0xf9,
                                    0x64, 0x1a, 0x44, 0x18, 0xd0, 0x4c, 0x04, 0x14,
                                    0xae, 0xff, 0x08, 0x87, 0x6b, 0x34, 0xab, 0x56};
    const struct users_crypto *c = crypto_tested();
    uint8_t hash[USERS_HASH_SIZE];
    CHECK(c->pbkdf2(c->ctx, "passwd", (const uint8_t *)"salt", 4, 1, hash));
    CHECK_BYTES(hash, once, sizeof hash);
    CHECK(c->pbkdf2(c->ctx, "Password", (const uint8_t *)"NaCl", 4, 80000, hash));
    CHECK_BYTES(hash, often, sizeof hash);
}

// A record that a Linux server has made (600,000 iterations), and one longer than SHA-256's block.
TEST(crypto_passwords_of_a_linux_server)
{
    static const char record[] = "pbkdf2-sha256$600000$000102030405060708090a0b0c0d0e0f$"
                                 "96a5904c2e08c8da42305dbcc5d7cf18ead2636d49f59526b606f26696281473";
    static const char long_record[] =
        "pbkdf2-sha256$1000$000102030405060708090a0b0c0d0e0f$"
        "0e36a78226daa8f60112e829e89f643c817ce1c94432f492ff98b48c0abe6655";
    const struct users_crypto *c = crypto_tested();
    char longest[USERS_PASSWORD_MAX + 1];
    struct users_password p;
    CHECK(users_password_parse(&p, record));
    CHECK(users_password_is(&p, c, "correct horse"));
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CHECK(users_password_parse(&p, long_record));
    CHECK(users_password_is(&p, c, longest));
    longest[0] = 'y';
    CHECK(!users_password_is(&p, c, longest));
}

TEST(crypto_seal) // test case 15 of the GCM specification (McGrew and Viega), with AES-256
{
    const struct users_crypto *c = crypto_tested();
    static const uint8_t key[] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f,
                                  0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65,
                                  0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
    static const uint8_t nonce[] = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce,
                                    0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
    static const uint8_t plain[] = {0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5,
                                    0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26, 0x9a};
    static const uint8_t wanted[] = {0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07,
                                     0xf4, 0x7f, 0x37, 0xa3, 0x2a, 0x84, 0x42, 0x7d};
    uint8_t sealed[sizeof plain + USERS_TAG_SIZE], again[sizeof plain];
    CHECK(c->seal(c->ctx, key, nonce, plain, sizeof plain, sealed));
    CHECK_BYTES(sealed, wanted, sizeof wanted);
    CHECK(c->open(c->ctx, key, nonce, sealed, sizeof sealed, again));
    CHECK_BYTES(again, plain, sizeof plain);
}

TEST(crypto_open_takes_nothing_else)
{
    const struct users_crypto *c = crypto_tested();
    uint8_t key[USERS_KEY_SIZE] = {1}, nonce[USERS_NONCE_SIZE] = {2};
    uint8_t sealed[5 + USERS_TAG_SIZE], plain[sizeof sealed];
    CHECK(c->seal(c->ctx, key, nonce, "users", 5, sealed));
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        CHECK(!c->open(c->ctx, key, nonce, sealed, sizeof sealed, plain));
        sealed[i] ^= 1;
        CHECK(!c->open(c->ctx, key, nonce, sealed, i, plain));
    }
    key[31] ^= 0x80;
    CHECK(!c->open(c->ctx, key, nonce, sealed, sizeof sealed, plain));
    key[31] ^= 0x80;
    nonce[11] ^= 1;
    CHECK(!c->open(c->ctx, key, nonce, sealed, sizeof sealed, plain));
    nonce[11] ^= 1;
    CHECK(c->open(c->ctx, key, nonce, sealed, sizeof sealed, plain));
    CHECK(c->seal(c->ctx, key, nonce, "", 0, sealed));
    CHECK(c->open(c->ctx, key, nonce, sealed, USERS_TAG_SIZE, plain));
}

TEST(crypto_random_is_another_one_each_time)
{
    const struct users_crypto *c = crypto_tested();
    uint8_t a[16] = {0}, b[16] = {0};
    CHECK(c->random(c->ctx, a, sizeof a));
    CHECK(c->random(c->ctx, b, sizeof b));
    CHECK(memcmp(a, b, sizeof a) != 0);
}
