// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/https.h"
#include "ports/linux/store_file.h"

#include "base/base_text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RENEW_S = 30 * 24 * 3600 }; // before it expires

struct https {
    struct api_certificate api;
    const struct log *log;
    time_t (*clock)(void);
    char *names;
    pthread_mutex_t changing; // held by who changes it, which may write a file; guards `store`
    struct store_file store;
    bool kept;             // there is one
    pthread_mutex_t using; // guards `now`
    struct certificate now;
};

static time_t machine_clock(void)
{
    return time(NULL);
}

// --- what is shown -------------------------------------------------------------------------------

// Takes *c.
static void show(struct https *h, const struct certificate *c)
{
    pthread_mutex_lock(&h->using);
    certificate_free(&h->now);
    h->now = *c;
    pthread_mutex_unlock(&h->using);
    log_message(h->log, EVENTLOG_INFO, "https: the %s certificate has the SHA-256 fingerprint %s",
                c->facts.self_made ? "self-made" : "own", c->facts.sha256);
}

static void get(void *ctx, struct api_certificate_facts *facts)
{
    struct https *h = ctx;
    pthread_mutex_lock(&h->using);
    *facts = h->now.facts;
    pthread_mutex_unlock(&h->using);
}

// --- where it is kept ----------------------------------------------------------------------------

// What has been read of it, and no more: the next start reads the two from one file.
static bool keep(struct https *h, const struct certificate *c, char *why)
{
    struct settings_store *st = &h->store.store;
    if (!h->kept)
        return true;
    (void)base_text_copy(st->why, sizeof st->why, "it is too long");
    bool kept = certificate_print(c, st->text, st->text_size) &&
                st->write(st, strlen(st->text), 1) == SETTINGS_STORE_OK;
    users_crypto_wipe(st->text, st->text_size);
    if (!kept)
        snprintf(why, API_CERTIFICATE_WHY, "It cannot be kept: %.200s.", st->why);
    return kept;
}

// NULL: there is none, or `why` says what is wrong.
static const char *kept_text(struct https *h, char *why)
{
    struct settings_store *st = &h->store.store;
    size_t size;
    why[0] = '\0';
    enum settings_store_result result = h->kept ? st->read(st, 0, &size) : SETTINGS_STORE_NONE;
    if (result == SETTINGS_STORE_OK) {
        st->text[size] = '\0';
        return st->text;
    }
    if (result != SETTINGS_STORE_NONE)
        snprintf(why, API_CERTIFICATE_WHY, "%.200s", st->why);
    return NULL;
}

// --- one that is made ----------------------------------------------------------------------------

static bool make(struct https *h, char *why)
{
    char pem[CERTIFICATE_PEM_SIZE];
    struct certificate c;
    snprintf(why, API_CERTIFICATE_WHY, "the cryptographic library cannot make a certificate");
    if (!certificate_make(h->names, h->clock(), pem) ||
        certificate_read(&c, pem, pem, why) != API_CERTIFICATE_OK)
        return false;
    users_crypto_wipe(pem, sizeof pem);
    if (!keep(h, &c, why))
        log_message(h->log, EVENTLOG_WARNING, "https: a new certificate was made. %s", why);
    show(h, &c);
    return true;
}

static bool is_old(const struct https *h, const struct certificate *c)
{
    return c->facts.self_made && (uint64_t)h->clock() + RENEW_S > c->facts.not_after_s;
}

// Of an own one only somebody else can do something about it, and it is better than none.
static void warn_if_expired(const struct https *h, const struct certificate *c)
{
    char why[API_CERTIFICATE_WHY];
    if (!certificate_holds(c, h->clock(), why))
        log_message(h->log, EVENTLOG_WARNING, "https: %s", why);
}

static bool load(struct https *h, char *why)
{
    struct certificate c;
    const char *text = kept_text(h, why);
    if (why[0])
        return false;
    if (!text)
        return make(h, why);
    bool read = certificate_read(&c, text, text, why) == API_CERTIFICATE_OK;
    users_crypto_wipe(h->store.store.text, h->store.store.text_size);
    if (!read)
        return false;
    if (is_old(h, &c)) {
        certificate_free(&c);
        return make(h, why);
    }
    warn_if_expired(h, &c);
    show(h, &c);
    return true;
}

// --- another one ---------------------------------------------------------------------------------

static enum api_certificate_result put(void *ctx, const char *certificate, const char *key,
                                       char *why)
{
    struct https *h = ctx;
    struct certificate c;
    enum api_certificate_result result = certificate_read(&c, certificate, key, why);
    if (result != API_CERTIFICATE_OK)
        return result;
    if (!certificate_holds(&c, h->clock(), why)) {
        certificate_free(&c);
        return API_CERTIFICATE_WRONG;
    }
    pthread_mutex_lock(&h->changing);
    if (keep(h, &c, why)) {
        show(h, &c);
    } else {
        certificate_free(&c);
        result = API_CERTIFICATE_FAILED;
    }
    pthread_mutex_unlock(&h->changing);
    return result;
}

// --- handshakes ----------------------------------------------------------------------------------

static void renew(struct https *h)
{
    char why[API_CERTIFICATE_WHY];
    if (pthread_mutex_trylock(&h->changing) != 0)
        return;
    if (is_old(h, &h->now) && !make(h, why))
        log_message(h->log, EVENTLOG_WARNING, "https: %s", why);
    pthread_mutex_unlock(&h->changing);
}

// Copies, which the library frees: the original may go at any time.
static bool copy_chain(const struct certificate *c, gnutls_pcert_st *copies)
{
    for (unsigned i = 0; i < c->count; i++)
        if (gnutls_pcert_import_x509(&copies[i], c->chain[i], 0) < 0) {
            while (i-- > 0)
                gnutls_pcert_deinit(&copies[i]);
            return false;
        }
    return true;
}

static bool copy_key(const struct certificate *c, gnutls_privkey_t *key)
{
    if (gnutls_privkey_init(key) < 0)
        return false;
    if (gnutls_privkey_import_x509(*key, c->key, GNUTLS_PRIVKEY_IMPORT_COPY) == 0)
        return true;
    gnutls_privkey_deinit(*key);
    return false;
}

static bool copy(const struct certificate *c, gnutls_pcert_st **copies, gnutls_privkey_t *key)
{
    *copies = gnutls_calloc(c->count, sizeof **copies);
    if (!*copies || !copy_key(c, key)) {
        gnutls_free(*copies);
        return false;
    }
    if (copy_chain(c, *copies))
        return true;
    gnutls_privkey_deinit(*key);
    gnutls_free(*copies);
    return false;
}

// NOLINTNEXTLINE(readability-function-size): the library decides about the parameters
int https_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                   gnutls_pcert_st **certificates, unsigned *count, gnutls_ocsp_data_st **ocsp,
                   unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
    struct https *h = gnutls_session_get_ptr(session);
    (void)info;
    pthread_mutex_lock(&h->using);
    bool old = is_old(h, &h->now);
    pthread_mutex_unlock(&h->using);
    if (old)
        renew(h);
    pthread_mutex_lock(&h->using);
    bool copied = copy(&h->now, certificates, key);
    *count = h->now.count;
    pthread_mutex_unlock(&h->using);
    *ocsp = NULL;
    *ocsp_count = 0;
    *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    return copied ? 0 : -1;
}

// --- start and end -------------------------------------------------------------------------------

struct https *https_open(const struct https_config *config, char *why)
{
    struct https *h = calloc(1, sizeof *h);
    snprintf(why, API_CERTIFICATE_WHY, "no memory for the certificate");
    if (!h)
        return NULL;
    h->api = (struct api_certificate){get, put, h};
    h->log = config->log;
    h->clock = config->clock ? config->clock : machine_clock;
    h->names = strdup(config->names);
    pthread_mutex_init(&h->changing, NULL);
    pthread_mutex_init(&h->using, NULL);
    if (h->names && config->state_folder)
        h->kept = store_file_open_certificate(&h->store, config->state_folder, why);
    if (h->names && h->kept == (config->state_folder != NULL) && load(h, why))
        return h;
    https_close(h);
    return NULL;
}

void https_close(struct https *h)
{
    if (!h)
        return;
    if (h->kept)
        store_file_close(&h->store);
    certificate_free(&h->now);
    pthread_mutex_destroy(&h->using);
    pthread_mutex_destroy(&h->changing);
    free(h->names);
    free(h);
}

bool https_erase(const char *state_folder, char *why)
{
    struct store_file store = {.folder = -1};
    if (!store_file_open_certificate(&store, state_folder, why))
        return false;
    bool erased = store.store.erase(&store.store) == SETTINGS_STORE_OK;
    if (!erased)
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, store.store.why);
    store_file_close(&store);
    return erased;
}

const struct api_certificate *https_certificate(const struct https *h)
{
    return h ? &h->api : NULL;
}
