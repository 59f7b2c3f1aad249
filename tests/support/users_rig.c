// SPDX-License-Identifier: Apache-2.0
#include "tests/support/users_rig.h"

#include "tests/support/check.h"

#include <string.h>

static bool random_bytes(void *ctx, void *bytes, size_t size)
{
    struct users_rig *r = ctx;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = r->next++;
    return !r->broken;
}

// FNV-1a, over and over.
static void mix(const void *bytes, size_t size, uint64_t *h)
{
    for (size_t i = 0; i < size; i++)
        *h = (*h ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static void spread(uint64_t h, uint8_t hash[USERS_HASH_SIZE])
{
    for (unsigned i = 0; i < USERS_HASH_SIZE; i++) {
        mix(&i, 1, &h);
        hash[i] = (uint8_t)(h >> 32);
    }
}

static bool sha256(void *ctx, const void *bytes, size_t size, uint8_t hash[USERS_HASH_SIZE])
{
    const struct users_rig *r = ctx;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    mix(bytes, size, &h);
    spread(h, hash);
    return !r->broken;
}

static bool pbkdf2(void *ctx, const char *password, const uint8_t *salt, size_t salt_size,
                   uint32_t iterations, uint8_t hash[USERS_HASH_SIZE])
{
    struct users_rig *r = ctx;
    uint64_t h = r->iterations = iterations;
    mix(password, strlen(password), &h);
    mix(salt, salt_size, &h);
    spread(h, hash);
    return !r->broken;
}

// Each byte with one of the key's hash, and a hash behind it.
static void cover(const uint8_t key[USERS_KEY_SIZE], const uint8_t nonce[USERS_NONCE_SIZE],
                  const uint8_t *from, size_t size, uint8_t *to)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    mix(key, USERS_KEY_SIZE, &h);
    mix(nonce, USERS_NONCE_SIZE, &h);
    for (size_t i = 0; i < size; i++) {
        mix(&i, 1, &h);
        to[i] = from[i] ^ (uint8_t)(h >> 32);
    }
}

static void tag(const uint8_t key[USERS_KEY_SIZE], const void *bytes, size_t size,
                uint8_t hash[USERS_HASH_SIZE])
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    mix(key, USERS_KEY_SIZE, &h);
    mix(bytes, size, &h);
    spread(h, hash);
}

static bool seal(void *ctx, const uint8_t key[USERS_KEY_SIZE],
                 const uint8_t nonce[USERS_NONCE_SIZE], const void *bytes, size_t size,
                 uint8_t *sealed)
{
    const struct users_rig *r = ctx;
    uint8_t hash[USERS_HASH_SIZE];
    cover(key, nonce, bytes, size, sealed);
    tag(key, sealed, size, hash);
    memcpy(sealed + size, hash, USERS_TAG_SIZE);
    return !r->broken;
}

static bool open_sealed(void *ctx, const uint8_t key[USERS_KEY_SIZE],
                        const uint8_t nonce[USERS_NONCE_SIZE], const uint8_t *sealed, size_t size,
                        void *bytes)
{
    const struct users_rig *r = ctx;
    uint8_t hash[USERS_HASH_SIZE];
    if (size < USERS_TAG_SIZE)
        return false;
    size -= USERS_TAG_SIZE;
    tag(key, sealed, size, hash);
    cover(key, nonce, sealed, size, bytes);
    return memcmp(sealed + size, hash, USERS_TAG_SIZE) == 0 && !r->broken;
}

// --- the store -----------------------------------------------------------------------------------

static struct users_rig *rig_of(struct settings_store *st)
{
    return (struct users_rig *)(void *)((char *)st - offsetof(struct users_rig, store));
}

static enum settings_store_result read_copy(struct settings_store *st, unsigned age, size_t *size)
{
    const struct users_rig *r = rig_of(st);
    strcpy(st->why, "the flash does not answer");
    if (r->reads != SETTINGS_STORE_OK)
        return r->reads;
    *size = strlen(r->copy[age]);
    memcpy(st->text, r->copy[age], *size);
    return *size ? SETTINGS_STORE_OK : SETTINGS_STORE_NONE;
}

static enum settings_store_result write_copy(struct settings_store *st, size_t size, unsigned keep)
{
    struct users_rig *r = rig_of(st);
    CHECK_EQ(r->held, 1);
    strcpy(st->why, "the flash is full");
    if (r->writes != SETTINGS_STORE_OK)
        return r->writes;
    if (keep == 0)
        memcpy(r->copy[1], r->copy[0], sizeof r->copy[1]);
    memcpy(r->copy[0], st->text, size);
    r->copy[0][size] = '\0';
    return SETTINGS_STORE_OK;
}

static bool hold(struct settings_store *st, bool on)
{
    struct users_rig *r = rig_of(st);
    if (on && r->hold_refused) {
        strcpy(st->why, "another program writes");
        return false;
    }
    r->held += on ? 1u : -1u;
    CHECK(r->held <= 1);
    return true;
}

// --- what there is -------------------------------------------------------------------------------

void users_rig_begin(struct users_rig *r)
{
    memset(r, 0, sizeof *r);
    r->crypto = (struct users_crypto){
        .random = random_bytes,
        .sha256 = sha256,
        .pbkdf2 = pbkdf2,
        .seal = seal,
        .open = open_sealed,
        .ctx = r,
        .iterations = USERS_ITERATIONS_MIN,
    };
    r->store.read = read_copy;
    r->store.write = write_copy;
    r->store.hold = hold;
    r->store.text = r->text;
    r->store.text_size = sizeof r->text;
    r->users.config = (struct users_config){&r->crypto, &r->store};
}

enum base_err users_rig_change(struct users_rig *r, const struct users_document *changed,
                               uint32_t keep)
{
    struct users_document there;
    enum base_err err = users_write(&r->users.config, &r->users.document, changed, &there);
    if (err == BASE_OK)
        users_take(&r->users, changed, keep);
    if (err == BASE_ERR_BUSY)
        users_take(&r->users, &there, 0);
    CHECK_EQ(r->held, 0);
    return err;
}

void users_rig_add(struct users_rig *r, const char *name, enum users_role role,
                   const char *password)
{
    struct users_document d = r->users.document;
    struct users_user user = {.role = role};
    strcpy(user.name, name);
    CHECK(users_password_make(&user.password, &r->crypto, password));
    CHECK_EQ(users_put(&d, &user), BASE_OK);
    CHECK_EQ(users_rig_change(r, &d, 0), BASE_OK);
}

void users_rig_login(struct users_rig *r, const char *name, uint64_t now_us,
                     char secret[USERS_SECRET_SIZE])
{
    CHECK(users_session_begin(&r->users.sessions, &r->crypto, name, now_us, secret));
}

void users_rig_token(struct users_rig *r, const char *name, enum users_role role,
                     char text[USERS_TOKEN_SIZE])
{
    struct users_document d = r->users.document;
    struct users_token token = {.role = role};
    strcpy(token.name, name);
    CHECK(users_token_make(&r->users.config, &token, text));
    CHECK_EQ(users_add_token(&d, &token), BASE_OK);
    CHECK_EQ(users_rig_change(r, &d, 0), BASE_OK);
}
