// SPDX-License-Identifier: Apache-2.0
// Cryptography that is none, but fast and the same each time; and a store in memory.
#pragma once

#include "users/users.h"

struct users_rig {
    struct users_crypto crypto; // its random bytes count up
    struct settings_store store;
    struct users users;
    uint8_t next;                      // random byte
    uint32_t iterations;               // of the last password that was checked or made
    bool broken;                       // the crypto library fails
    char copy[2][USERS_MAX_BYTES + 1]; // of the store, "": none
    char text[USERS_MAX_BYTES + 1];
    enum settings_store_result reads, writes; // other than OK: what each says
    unsigned held, hold_refused;
};

// With an empty store.
void users_rig_begin(struct users_rig *r);

// Keeps it and puts it into force, or what somebody else has written.
enum base_err users_rig_change(struct users_rig *r, const struct users_document *changed,
                               uint32_t keep);

// A user with that password, kept.
void users_rig_add(struct users_rig *r, const char *name, enum users_role role,
                   const char *password);

// A cookie's value of a new session, a program's new token with that name.
void users_rig_login(struct users_rig *r, const char *name, uint64_t now_us,
                     char secret[USERS_SECRET_SIZE]);
void users_rig_token(struct users_rig *r, const char *name, enum users_role role,
                     char text[USERS_TOKEN_SIZE]);
