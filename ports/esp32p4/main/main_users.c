// SPDX-License-Identifier: Apache-2.0
#include "main_users.h"

#include "base/base_text.h"
#include "crypto_mbedtls.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "sdkconfig.h"

static const char tag[] = "users";

struct main_secrets {
    struct main_users *of;
    struct store_nvs store;
    struct users_crypto crypto;
    struct users users;
    struct users_document none; // while it is loaded
    char code[USERS_CODE_SIZE];
};

// --- the store, by two tasks ---------------------------------------------------------------------

static struct main_users *users_of(struct settings_store *st)
{
    struct main_secrets *secrets =
        (void *)((char *)st - offsetof(struct main_secrets, store.store));
    return secrets->of;
}

static bool hold(struct settings_store *st, bool hold)
{
    struct main_users *u = users_of(st);
    if (!hold) {
        pthread_mutex_unlock(&u->lock);
        return true;
    }
    pthread_mutex_lock(&u->lock);
    if (!u->erased)
        return true;
    pthread_mutex_unlock(&u->lock);
    (void)base_text_copy(st->why, SETTINGS_WHY_SIZE, "all users were erased, a restart is near");
    return false;
}

bool main_users_erase(struct main_users *u, char *why)
{
    struct settings_store *st = &u->secrets->store.store;
    pthread_mutex_lock(&u->lock);
    enum settings_store_result result = settings_store_erase(st);
    if (result == SETTINGS_STORE_OK)
        result = store_nvs_wipe(&u->secrets->store);
    u->erased = u->erased || result == SETTINGS_STORE_OK;
    if (result != SETTINGS_STORE_OK)
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, st->why);
    pthread_mutex_unlock(&u->lock);
    return result == SETTINGS_STORE_OK;
}

// --- start ---------------------------------------------------------------------------------------

static void let_nobody_in(struct main_secrets *s)
{
    struct users_user *admin = &s->none.users[0];
    const struct users_crypto *c = &s->crypto;
    *admin = (struct users_user){.name = "admin", .role = USERS_ADMIN};
    admin->password.iterations = c->iterations;
    (void)c->random(c->ctx, admin->password.salt, sizeof admin->password.salt);
    (void)c->random(c->ctx, admin->password.hash, sizeof admin->password.hash);
    s->none.user_count = 1;
    users_take(&s->users, &s->none, 0);
}

static void load(struct main_secrets *s)
{
    const char *why = s->store.store.why;
    (void)store_nvs_open(&s->store, "secrets");
    s->store.store.hold = hold;
    enum settings_store_result result = users_load(&s->users);
    switch (result) {
    case SETTINGS_STORE_OK:
    case SETTINGS_STORE_NONE:
        break;
    case SETTINGS_STORE_OLDER:
        ESP_LOGW(tag, "%s", why);
        break;
    default:
        ESP_LOGE(tag, "%s; nobody can log in until %s\"factory-reset\"", why,
                 result == SETTINGS_STORE_DAMAGED ? "\"set-password\" or " : "");
        let_nobody_in(s);
    }
}

bool main_users_want_code(void)
{
#ifdef CONFIG_USBIP_SETUP_CODE
    return true;
#else
    return false;
#endif
}

static void offer_setup(struct main_secrets *s)
{
    if (users_claimed(&s->users))
        return;
    if (!main_users_want_code())
        ESP_LOGW(tag, "nobody has set a password: everybody in the network can change everything");
    else if (users_code_make(&s->crypto, s->code))
        ESP_LOGW(tag, "nobody has set a password; the code to set one is %s", s->code);
}

bool main_users_open(struct main_users *u)
{
    struct main_secrets *s = heap_caps_calloc(1, sizeof *s, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    if (!s)
        return false;
    pthread_mutex_init(&u->lock, NULL);
    pthread_cond_init(&u->job_done, NULL);
    u->secrets = s;
    u->all = &s->users;
    s->of = u;
    crypto_mbedtls_open(&s->crypto);
    s->users.config = (struct users_config){.crypto = &s->crypto, .store = &s->store.store};
    load(s);
    offer_setup(s);
    return true;
}

const char *main_users_code(const struct main_users *u)
{
    return u->secrets->code;
}
