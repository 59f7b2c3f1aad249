// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/certificate.h"

#include "base/base_address.h"
#include "base/base_text.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

enum { ID_SIZE = 32, SERIAL_SIZE = 16, DAY_S = 24 * 3600 };

// In the subject of those that are made here, and what tells them from others.
static const char self_made[] = "usbip-server (self-made)";

static enum api_certificate_result refuse(struct certificate *c, enum api_certificate_result result,
                                          char *why, const char *sentence)
{
    snprintf(why, API_CERTIFICATE_WHY, "%s", sentence);
    certificate_free(c);
    return result;
}

// --- from text -----------------------------------------------------------------------------------

static const char *explain_chain(int error)
{
    switch (error) {
    case GNUTLS_E_CERTIFICATE_LIST_UNSORTED:
        return "The chain is not in order: the server's certificate comes first, then each "
               "issuer's.";
    case GNUTLS_E_SHORT_MEMORY_BUFFER:
        return "There are more than 8 certificates in the chain.";
    case GNUTLS_E_MEMORY_ERROR:
        return "There is no memory for it.";
    default:
        return "There is no certificate in PEM (BEGIN CERTIFICATE).";
    }
}

static const char *take_chain(struct certificate *c, const char *pem)
{
    const gnutls_datum_t in = {(unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem)};
    c->count = CERTIFICATE_CHAIN_MAX;
    int n = gnutls_x509_crt_list_import(c->chain, &c->count, &in, GNUTLS_X509_FMT_PEM,
                                        GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED |
                                            GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    if (n <= 0) {
        c->count = 0; // the library has let go of what it had
        return explain_chain(n);
    }
    c->count = (unsigned)n;
    return NULL;
}

static const char *take_key(struct certificate *c, const char *pem)
{
    const gnutls_datum_t in = {(unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem)};
    if (strstr(pem, "BEGIN ENCRYPTED PRIVATE KEY") || strstr(pem, "Proc-Type: 4,ENCRYPTED"))
        return "The key is encrypted, and nobody is there to give its passphrase at a start: "
               "decrypt it first (openssl pkey).";
    if (gnutls_x509_privkey_init(&c->key) < 0) {
        c->key = NULL;
        return "There is no memory for it.";
    }
    if (gnutls_x509_privkey_import2(c->key, &in, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN) < 0)
        return "There is no key in PEM (BEGIN PRIVATE KEY).";
    return NULL;
}

static bool key_fits(const struct certificate *c)
{
    unsigned char of_key[ID_SIZE], of_certificate[ID_SIZE];
    size_t a = sizeof of_key, b = sizeof of_certificate;
    return gnutls_x509_privkey_get_key_id(c->key, GNUTLS_KEYID_USE_SHA256, of_key, &a) == 0 &&
           gnutls_x509_crt_get_key_id(c->chain[0], GNUTLS_KEYID_USE_SHA256, of_certificate, &b) ==
               0 &&
           a == b && memcmp(of_key, of_certificate, a) == 0;
}

// --- what is in it -------------------------------------------------------------------------------

static void add_name(gnutls_x509_crt_t crt, unsigned i, struct base_text *t)
{
    char name[256], text[INET6_ADDRSTRLEN];
    size_t size = sizeof name - 1;
    int type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &size, NULL);
    name[size < sizeof name ? size : 0] = '\0';
    if (type == GNUTLS_SAN_DNSNAME)
        base_text_str(t, name);
    else if (type == GNUTLS_SAN_IPADDRESS && (size == 4 || size == 16) &&
             inet_ntop(size == 4 ? AF_INET : AF_INET6, name, text, sizeof text))
        base_text_str(t, text);
    else
        return;
    base_text_char(t, '\n');
}

static void add_names(gnutls_x509_crt_t crt, struct base_text *t)
{
    size_t size;
    for (unsigned i = 0;; i++) {
        size = 0;
        int got = gnutls_x509_crt_get_subject_alt_name(crt, i, NULL, &size, NULL);
        if (got == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            return;
        add_name(crt, i, t);
    }
}

static void hex(const unsigned char *bytes, size_t size, char *text)
{
    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static void fill_facts(struct certificate *c)
{
    gnutls_x509_crt_t crt = c->chain[0];
    struct api_certificate_facts *f = &c->facts;
    unsigned char hash[32];
    char organisation[sizeof self_made] = "";
    size_t size = sizeof hash, text_size = sizeof f->subject;
    struct base_text names;
    if (gnutls_x509_crt_get_dn(crt, f->subject, &text_size) < 0)
        f->subject[0] = '\0';
    base_text_init(&names, f->names, sizeof f->names);
    add_names(crt, &names);
    f->not_before_s = (uint64_t)gnutls_x509_crt_get_activation_time(crt);
    f->not_after_s = (uint64_t)gnutls_x509_crt_get_expiration_time(crt);
    if (gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, hash, &size) == 0)
        hex(hash, size, f->sha256);
    size = sizeof organisation;
    f->self_made = gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, 0,
                                                 organisation, &size) == 0 &&
                   strcmp(organisation, self_made) == 0;
}

enum api_certificate_result certificate_read(struct certificate *c, const char *certificate,
                                             const char *key, char *why)
{
    *c = (struct certificate){.key = NULL};
    const char *wrong = take_chain(c, certificate);
    if (wrong)
        return refuse(c, API_CERTIFICATE_WRONG, why, wrong);
    if (!gnutls_x509_crt_check_key_purpose(c->chain[0], GNUTLS_KP_TLS_WWW_SERVER, 0))
        return refuse(c, API_CERTIFICATE_WRONG, why, "This certificate is not one for a server.");
    wrong = take_key(c, key);
    if (wrong)
        return refuse(c, API_CERTIFICATE_WRONG_KEY, why, wrong);
    if (!key_fits(c))
        return refuse(c, API_CERTIFICATE_WRONG_KEY, why,
                      "The key is not the one of the (first) certificate.");
    fill_facts(c);
    return API_CERTIFICATE_OK;
}

void certificate_free(struct certificate *c)
{
    for (unsigned i = 0; i < c->count; i++)
        gnutls_x509_crt_deinit(c->chain[i]);
    if (c->key)
        gnutls_x509_privkey_deinit(c->key);
    *c = (struct certificate){.key = NULL};
}

bool certificate_holds(const struct certificate *c, time_t now, char *why)
{
    char day[32];
    struct tm tm;
    for (unsigned i = 0; i < c->count; i++) {
        time_t from = gnutls_x509_crt_get_activation_time(c->chain[i]);
        time_t to = gnutls_x509_crt_get_expiration_time(c->chain[i]);
        if (from <= now && now <= to)
            continue;
        time_t which = now > to ? to : from;
        gmtime_r(&which, &tm);
        strftime(day, sizeof day, "%Y-%m-%d %H:%M UTC", &tm);
        snprintf(why, API_CERTIFICATE_WHY, "%s %s %s, by this machine's clock.",
                 i ? "A certificate of the chain" : "The certificate",
                 now > to ? "has expired at" : "is not valid before", day);
        return false;
    }
    return true;
}

bool certificate_print(const struct certificate *c, char *pem, size_t size)
{
    size_t at = 0, room;
    for (unsigned i = 0; i < c->count; i++) {
        room = size - at;
        if (gnutls_x509_crt_export(c->chain[i], GNUTLS_X509_FMT_PEM, pem + at, &room) < 0)
            return false;
        at += room;
    }
    room = size - at;
    if (gnutls_x509_privkey_export_pkcs8(c->key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
                                         pem + at, &room) < 0 ||
        at + room >= size)
        return false;
    pem[at + room] = '\0';
    return true;
}

// --- a new one -----------------------------------------------------------------------------------

static bool put_name(gnutls_x509_crt_t crt, const char *name)
{
    unsigned char bytes[16];
    const int families[] = {AF_INET, AF_INET6};
    for (unsigned i = 0; i < 2; i++)
        if (inet_pton(families[i], name, bytes) == 1)
            return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, bytes,
                                                        i ? 16 : 4, GNUTLS_FSAN_APPEND) == 0;
    return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
                                                (unsigned)strlen(name), GNUTLS_FSAN_APPEND) == 0;
}

static bool put_text(gnutls_x509_crt_t crt, const char *oid, const char *text)
{
    return gnutls_x509_crt_set_dn_by_oid(crt, oid, 0, text, (unsigned)strlen(text)) == 0;
}

// The first name is the subject's.
static bool put_names(gnutls_x509_crt_t crt, const char *names)
{
    char name[API_CERTIFICATE_TEXT];
    bool good = put_text(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, self_made), first = true;
    for (size_t n; *names && good; names += n + (names[n] == '\n')) {
        n = strcspn(names, "\n");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        if (first)
            good = put_text(crt, GNUTLS_OID_X520_COMMON_NAME, name);
        first = false;
        good = good && put_name(crt, name);
    }
    return good;
}

// Clocks of clients differ: it is valid from yesterday on.
static bool put_rest(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, time_t now)
{
    unsigned char serial[SERIAL_SIZE], id[ID_SIZE];
    size_t size = sizeof id;
    if (gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial) < 0)
        return false;
    serial[0] = (serial[0] & 0x7f) | 0x40; // positive, and never shorter
    time_t from = now - DAY_S;
    return gnutls_x509_crt_set_version(crt, 3) == 0 && gnutls_x509_crt_set_key(crt, key) == 0 &&
           gnutls_x509_crt_set_serial(crt, serial, sizeof serial) == 0 &&
           gnutls_x509_crt_set_activation_time(crt, from) == 0 &&
           gnutls_x509_crt_set_expiration_time(crt, from + (time_t)CERTIFICATE_DAYS * DAY_S) == 0 &&
           gnutls_x509_crt_set_basic_constraints(crt, 0, -1) == 0 &&
           gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE) == 0 &&
           gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0) == 0 &&
           gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, id, &size) == 0 &&
           gnutls_x509_crt_set_subject_key_id(crt, id, size) == 0 &&
           gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0) == 0;
}

bool certificate_make(const char *names, time_t now, char pem[CERTIFICATE_PEM_SIZE])
{
    struct certificate c = {.key = NULL};
    c.count = gnutls_x509_crt_init(&c.chain[0]) == 0;
    bool made = c.count && gnutls_x509_privkey_init(&c.key) == 0 &&
                gnutls_x509_privkey_generate2(c.key, GNUTLS_PK_ECDSA,
                                              GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0,
                                              NULL, 0) == 0 &&
                put_names(c.chain[0], names) && put_rest(c.chain[0], c.key, now) &&
                certificate_print(&c, pem, CERTIFICATE_PEM_SIZE);
    certificate_free(&c);
    return made;
}
