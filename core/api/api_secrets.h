// SPDX-License-Identifier: Apache-2.0
// The secrets of a backup: the secret document (users, tokens), sealed with a passphrase. Any
// thread.
#pragma once

#include "api/api_json.h"
#include "users/users_document.h"

#include <cJSON.h>

struct api_secrets {
    uint32_t iterations;
    uint8_t salt[USERS_SALT_SIZE], nonce[USERS_NONCE_SIZE];
    uint8_t *sealed; // NULL: none; of cJSON_malloc()
    size_t size;
};

static inline bool api_secrets_are_here(const struct users_crypto *c)
{
    return c->seal && c->open;
}

// Slow. BASE_ERR_NOMEM; BASE_ERR_IO: the library could not.
enum base_err api_secrets_seal(struct api_secrets *s, const struct users_crypto *c,
                               const struct users_document *d, const char *passphrase);

// Slow. *d as it was unless BASE_OK. BASE_ERR_NOMEM; BASE_ERR_IO: another passphrase, or damaged;
// as users_parse(), with its `why`.
enum base_err api_secrets_open(const struct api_secrets *s, const struct users_crypto *c,
                               const char *passphrase, struct users_document *d, char *why);

// As an object "secrets".
void api_secrets_add(struct api_json *j, const struct api_secrets *s);

// From such an object. NULL, or what is wrong: "/cipher", and a sentence about it.
const char *api_secrets_take(struct api_secrets *s, const cJSON *object, const char **detail);

void api_secrets_free(struct api_secrets *s);
