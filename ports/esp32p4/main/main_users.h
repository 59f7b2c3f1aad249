// SPDX-License-Identifier: Apache-2.0
// Who may do what on this box: the secret document in NVS, apart from the settings and never shown.
// The users in force are the loop task's; the store is the jobs' task's, but for a factory reset.
#pragma once

#include "store_nvs.h"
#include "users/users.h"

#include <pthread.h>
#include <stdbool.h>

struct main_secrets; // what is not used by two tasks at once, in PSRAM

struct main_users {
    struct users *all; // loop task
    struct main_secrets *secrets;
    pthread_mutex_t lock;    // who uses the store, and guards:
    bool erased;             // nothing is kept any more, or it would all be there again
    pthread_cond_t job_done; // of main_password.c's
};

// Opens NVS and loads. What cannot be read is logged, and lets nobody in: there is an admin then
// whose password nobody knows, until the console sets another one. False: no memory.
bool main_users_open(struct main_users *u);

// Whether the set-up wants a code, by the build; without it nothing can be changed before.
bool main_users_want_code(void);
// That code, the same until the restart. "": none, or there is a password already.
const char *main_users_code(const struct main_users *u);

// Factory reset, when the settings are erased; not the loop task. Nobody has claimed the box any
// more when it starts again, and NVS has no byte of the users or settings. False: `why`.
bool main_users_erase(struct main_users *u, char *why);
