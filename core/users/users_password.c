// SPDX-License-Identifier: Apache-2.0
#include "users/users_password.h"

#include "base/base_number.h"
#include "users/users_hex.h"

#include <string.h>

static const char scheme[] = "pbkdf2-sha256$";

bool users_code_make(const struct users_crypto *c, char code[USERS_CODE_SIZE])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789x"; // 32 of them
    uint8_t bytes[USERS_CODE_SIZE - 1];
    if (!c->random(c->ctx, bytes, sizeof bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        code[i] = letters[bytes[i] % 32];
    code[sizeof bytes] = '\0';
    return true;
}

bool users_password_is_good(const char *password)
{
    size_t size = strlen(password);
    return size >= USERS_PASSWORD_MIN && size <= USERS_PASSWORD_MAX;
}

bool users_password_make(struct users_password *p, const struct users_crypto *c,
                         const char *password)
{
    p->iterations = c->iterations;
    return c->random(c->ctx, p->salt, sizeof p->salt) &&
           c->pbkdf2(c->ctx, password, p->salt, sizeof p->salt, p->iterations, p->hash);
}

bool users_password_is(const struct users_password *p, const struct users_crypto *c,
                       const char *password)
{
    uint8_t hash[USERS_HASH_SIZE] = {0};
    bool done = c->pbkdf2(c->ctx, password, p->salt, sizeof p->salt, p->iterations, hash);
    bool same = users_crypto_equal(hash, p->hash, sizeof hash);
    users_crypto_wipe(hash, sizeof hash);
    return done && same;
}

void users_password_print(const struct users_password *p, struct base_text *t)
{
    base_text_str(t, scheme);
    base_text_u64(t, p->iterations);
    base_text_char(t, '$');
    users_hex_add(t, p->salt, sizeof p->salt);
    base_text_char(t, '$');
    users_hex_add(t, p->hash, sizeof p->hash);
}

// The field up to the next '$' or the end; its size. *text moves behind it.
static size_t field(const char **text, const char **begin)
{
    *begin = *text;
    size_t size = strcspn(*text, "$");
    *text += size + ((*text)[size] == '$');
    return size;
}

static bool parse_iterations(const char *digits, size_t count, uint32_t *iterations)
{
    char number[9];
    uint64_t v;
    if (count >= sizeof number)
        return false;
    memcpy(number, digits, count);
    number[count] = '\0';
    if (!base_number(number, USERS_ITERATIONS_MIN, USERS_ITERATIONS_MAX, &v))
        return false;
    *iterations = (uint32_t)v;
    return true;
}

bool users_password_parse(struct users_password *p, const char *text)
{
    size_t known = strlen(scheme);
    const char *begin;
    struct users_password taken = {0};
    if (strncmp(text, scheme, known) != 0)
        return false;
    text += known;
    size_t size = field(&text, &begin);
    if (!parse_iterations(begin, size, &taken.iterations))
        return false;
    size = field(&text, &begin);
    if (!users_hex_take(begin, size, taken.salt, sizeof taken.salt) || begin[size] != '$')
        return false;
    if (!users_hex_take(text, strlen(text), taken.hash, sizeof taken.hash))
        return false;
    *p = taken;
    return true;
}

bool users_password_equal(const struct users_password *a, const struct users_password *b)
{
    return a->iterations == b->iterations && memcmp(a->salt, b->salt, sizeof a->salt) == 0 &&
           users_crypto_equal(a->hash, b->hash, sizeof a->hash);
}
