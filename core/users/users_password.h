// SPDX-License-Identifier: Apache-2.0
// What is kept of a password: "pbkdf2-sha256$600000$SALT$HASH". The number of iterations is in it,
// so that it can be taken to another machine. Any thread.
#pragma once

#include "base/base_text.h"
#include "users/users_crypto.h"

enum {
    USERS_PASSWORD_MIN = 8, // bytes
    USERS_PASSWORD_MAX = 128,
    USERS_SALT_SIZE = 16,
    USERS_ITERATIONS_MIN = 1000,
    USERS_ITERATIONS_MAX =
        2000000, // some seconds here, and the better part of a minute on the chip
    USERS_RECORD_SIZE = 14 + 9 + 2 * USERS_SALT_SIZE + 1 + 2 * USERS_HASH_SIZE + 1, // as text
};

struct users_password {
    uint32_t iterations; // 0: there is none
    uint8_t salt[USERS_SALT_SIZE], hash[USERS_HASH_SIZE];
};

// Letters and digits that nobody takes for others, for the set-up. False: the library could not.
enum { USERS_CODE_SIZE = 9 };
bool users_code_make(const struct users_crypto *c, char code[USERS_CODE_SIZE]);

// Whether somebody may have it: 8 to 128 bytes.
bool users_password_is_good(const char *password);

// Of a new password. Slow. False: the library could not.
bool users_password_make(struct users_password *p, const struct users_crypto *c,
                         const char *password);

// Slow, as long for any password. False: it is another one, or the library could not.
bool users_password_is(const struct users_password *p, const struct users_crypto *c,
                       const char *password);

void users_password_print(const struct users_password *p, struct base_text *t);
bool users_password_parse(struct users_password *p, const char *text); // false: that is none

bool users_password_equal(const struct users_password *a, const struct users_password *b);
