// SPDX-License-Identifier: Apache-2.0
#include "api/api_secrets.h"
#include "api/api_base64.h"

#include "users/users_hex.h"

#include <string.h>

static const char kdf[] = "pbkdf2-sha256", cipher[] = "aes-256-gcm";

// --- sealed --------------------------------------------------------------------------------------

static bool make_key(const struct api_secrets *s, const struct users_crypto *c,
                     const char *passphrase, uint8_t key[USERS_KEY_SIZE])
{
    _Static_assert((int)USERS_KEY_SIZE == (int)USERS_HASH_SIZE, "what pbkdf2() makes");
    return c->pbkdf2(c->ctx, passphrase, s->salt, sizeof s->salt, s->iterations, key);
}

static bool seal(struct api_secrets *s, const struct users_crypto *c, const char *passphrase,
                 const char *text, size_t size)
{
    uint8_t key[USERS_KEY_SIZE];
    s->iterations = c->iterations;
    s->size = size + USERS_TAG_SIZE;
    bool sealed = c->random(c->ctx, s->salt, sizeof s->salt) &&
                  c->random(c->ctx, s->nonce, sizeof s->nonce) && make_key(s, c, passphrase, key) &&
                  c->seal(c->ctx, key, s->nonce, text, size, s->sealed);
    users_crypto_wipe(key, sizeof key);
    return sealed;
}

enum base_err api_secrets_seal(struct api_secrets *s, const struct users_crypto *c,
                               const struct users_document *d, const char *passphrase)
{
    enum { ROOM = USERS_MAX_BYTES + 1 };
    enum base_err err = BASE_ERR_NOMEM;
    char *text = cJSON_malloc(ROOM);
    s->sealed = cJSON_malloc(ROOM + USERS_TAG_SIZE);
    if (text && s->sealed) {
        size_t size = users_print(d, text, ROOM);
        err = seal(s, c, passphrase, text, size) ? BASE_OK : BASE_ERR_IO;
        users_crypto_wipe(text, ROOM);
    }
    cJSON_free(text);
    return err;
}

enum base_err api_secrets_open(const struct api_secrets *s, const struct users_crypto *c,
                               const char *passphrase, struct users_document *d, char *why)
{
    uint8_t key[USERS_KEY_SIZE];
    char *text = cJSON_malloc(s->size);
    enum base_err err = BASE_ERR_IO;
    if (!text)
        return BASE_ERR_NOMEM;
    if (make_key(s, c, passphrase, key) && c->open(c->ctx, key, s->nonce, s->sealed, s->size, text))
        err = users_parse(d, text, s->size - USERS_TAG_SIZE, why);
    users_crypto_wipe(key, sizeof key);
    users_crypto_wipe(text, s->size);
    cJSON_free(text);
    return err;
}

void api_secrets_free(struct api_secrets *s)
{
    cJSON_free(s->sealed);
    *s = (struct api_secrets){.sealed = NULL};
}

// --- as JSON -------------------------------------------------------------------------------------

static void add_hex(struct api_json *j, const char *name, const uint8_t *bytes, size_t size)
{
    char digits[2 * USERS_SALT_SIZE + 1];
    struct base_text t;
    base_text_init(&t, digits, sizeof digits);
    users_hex_add(&t, bytes, size);
    api_json_text(j, name, digits);
}

void api_secrets_add(struct api_json *j, const struct api_secrets *s)
{
    api_json_object(j, "secrets");
    api_json_text(j, "kdf", kdf);
    api_json_number(j, "iterations", s->iterations);
    add_hex(j, "salt", s->salt, sizeof s->salt);
    api_json_text(j, "cipher", cipher);
    add_hex(j, "nonce", s->nonce, sizeof s->nonce);
    api_base64_add(j, "data", s->sealed, s->size);
    api_json_object_end(j);
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static bool take_iterations(struct api_secrets *s, const cJSON *item)
{
    double v = cJSON_IsNumber(item) ? item->valuedouble : 0;
    if (v < USERS_ITERATIONS_MIN || v > USERS_ITERATIONS_MAX || v != (uint32_t)v)
        return false;
    s->iterations = (uint32_t)v;
    return true;
}

static bool take_hex(const cJSON *object, const char *name, uint8_t *bytes, size_t size)
{
    const char *digits = text_of(object, name);
    return users_hex_take(digits, strlen(digits), bytes, size);
}

static bool take_data(struct api_secrets *s, const char *digits)
{
    size_t room = strlen(digits) / 4 * 3;
    s->sealed = cJSON_malloc(room + 1);
    return s->sealed && api_base64_bytes(digits, s->sealed, room, &s->size) &&
           s->size > USERS_TAG_SIZE;
}

const char *api_secrets_take(struct api_secrets *s, const cJSON *object, const char **detail)
{
    *detail = "\"pbkdf2-sha256\" is the one that this program knows.";
    if (strcmp(text_of(object, "kdf"), kdf) != 0)
        return "/kdf";
    *detail = "\"aes-256-gcm\" is the one that this program knows.";
    if (strcmp(text_of(object, "cipher"), cipher) != 0)
        return "/cipher";
    *detail = "A whole number from 1000 to 2000000 is wanted.";
    if (!take_iterations(s, cJSON_GetObjectItemCaseSensitive(object, "iterations")))
        return "/iterations";
    *detail = "32 hex digits are wanted.";
    if (!take_hex(object, "salt", s->salt, sizeof s->salt))
        return "/salt";
    *detail = "24 hex digits are wanted.";
    if (!take_hex(object, "nonce", s->nonce, sizeof s->nonce))
        return "/nonce";
    *detail = "It is not whole, or no base64.";
    return take_data(s, text_of(object, "data")) ? NULL : "/data";
}
