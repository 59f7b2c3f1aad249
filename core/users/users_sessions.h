// SPDX-License-Identifier: Apache-2.0
// Who is logged in. A session's secret is what its cookie has; here is only its hash. Time is the
// port's monotonic clock; one thread at a time.
#pragma once

#include "users/users_document.h"

enum {
    USERS_SESSIONS_MAX = 32,
    USERS_SECRET_SIZE = 41, // 20 random bytes in hex, and a NUL
};
#define USERS_SESSION_IDLE_US (UINT64_C(12) * 3600 * 1000000)

struct users_session {
    uint32_t id; // 1, 2, 3 ... never again in this run; 0: this place is free
    uint8_t hash[USERS_HASH_SIZE];
    char user[USERS_NAME_SIZE];
    uint64_t used_us;
};

struct users_sessions {
    uint32_t last_id;
    struct users_session list[USERS_SESSIONS_MAX];
};

// Random digits. False: the library could not.
bool users_secret_make(const struct users_crypto *c, char secret[USERS_SECRET_SIZE]);

// If there are as many as there may be, the one that was not used for longest ends. NULL: the
// library could not.
const struct users_session *users_session_begin(struct users_sessions *all,
                                                const struct users_crypto *c, const char *user,
                                                uint64_t now_us, char secret[USERS_SECRET_SIZE]);

// The session of a secret, which is in use with that. NULL: none, or it has expired.
const struct users_session *users_session_use(struct users_sessions *all,
                                              const struct users_crypto *c, const char *secret,
                                              uint64_t now_us);

// By ID, without using it. NULL: it has ended or expired.
const struct users_session *users_session_find(const struct users_sessions *all, uint32_t id,
                                               uint64_t now_us);

void users_session_end(struct users_sessions *all, uint32_t id);
// All of a user, but for the one with the ID `but` (0: none).
void users_sessions_end(struct users_sessions *all, const char *user, uint32_t but);
