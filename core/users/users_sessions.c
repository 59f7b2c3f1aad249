// SPDX-License-Identifier: Apache-2.0
#include "users/users_sessions.h"

#include "users/users_hex.h"

#include <string.h>

bool users_secret_make(const struct users_crypto *c, char secret[USERS_SECRET_SIZE])
{
    uint8_t bytes[USERS_SECRET_SIZE / 2];
    struct base_text t;
    bool made = c->random(c->ctx, bytes, sizeof bytes);
    base_text_init(&t, secret, USERS_SECRET_SIZE);
    if (made)
        users_hex_add(&t, bytes, sizeof bytes);
    users_crypto_wipe(bytes, sizeof bytes);
    return made;
}

static bool is_over(const struct users_session *s, uint64_t now_us)
{
    return s->id == 0 || now_us >= s->used_us + USERS_SESSION_IDLE_US;
}

// A free place, or that of the session that was not used for longest: of the same user if he has
// one, so that nobody who logs in again and again ends the others' sessions.
static struct users_session *place(struct users_sessions *all, const char *user, uint64_t now_us)
{
    struct users_session *best = &all->list[0];
    bool best_is_own = strcmp(best->user, user) == 0;
    for (unsigned i = 0; i < USERS_SESSIONS_MAX; i++) {
        struct users_session *s = &all->list[i];
        bool own = strcmp(s->user, user) == 0;
        if (is_over(s, now_us))
            return s;
        if (own == best_is_own ? s->used_us < best->used_us : own) {
            best = s;
            best_is_own = own;
        }
    }
    return best;
}

const struct users_session *users_session_begin(struct users_sessions *all,
                                                const struct users_crypto *c, const char *user,
                                                uint64_t now_us, char secret[USERS_SECRET_SIZE])
{
    struct users_session s = {.id = all->last_id + 1, .used_us = now_us};
    if (!users_secret_make(c, secret) || !c->sha256(c->ctx, secret, USERS_SECRET_SIZE - 1, s.hash))
        return NULL;
    (void)base_text_copy(s.user, sizeof s.user, user);
    struct users_session *at = place(all, s.user, now_us);
    *at = s;
    all->last_id++;
    return at;
}

const struct users_session *users_session_use(struct users_sessions *all,
                                              const struct users_crypto *c, const char *secret,
                                              uint64_t now_us)
{
    uint8_t hash[USERS_HASH_SIZE];
    struct users_session *found = NULL;
    if (strlen(secret) != USERS_SECRET_SIZE - 1 ||
        !c->sha256(c->ctx, secret, USERS_SECRET_SIZE - 1, hash))
        return NULL;
    for (unsigned i = 0; i < USERS_SESSIONS_MAX; i++) { // all of them, whichever it is
        bool same = users_crypto_equal(all->list[i].hash, hash, sizeof hash);
        if (same && !is_over(&all->list[i], now_us))
            found = &all->list[i];
    }
    if (found)
        found->used_us = now_us;
    return found;
}

const struct users_session *users_session_find(const struct users_sessions *all, uint32_t id,
                                               uint64_t now_us)
{
    for (unsigned i = 0; i < USERS_SESSIONS_MAX; i++)
        if (id && all->list[i].id == id && !is_over(&all->list[i], now_us))
            return &all->list[i];
    return NULL;
}

static void end(struct users_session *s)
{
    memset(s, 0, sizeof *s);
}

void users_session_end(struct users_sessions *all, uint32_t id)
{
    for (unsigned i = 0; i < USERS_SESSIONS_MAX; i++)
        if (all->list[i].id == id)
            end(&all->list[i]);
}

void users_sessions_end(struct users_sessions *all, const char *user, uint32_t but)
{
    for (unsigned i = 0; i < USERS_SESSIONS_MAX; i++)
        if (all->list[i].id != but && strcmp(all->list[i].user, user) == 0)
            end(&all->list[i]);
}
