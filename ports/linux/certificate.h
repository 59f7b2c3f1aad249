// SPDX-License-Identifier: Apache-2.0
// A certificate of HTTPS with its chain and key: read from PEM and checked, or made. Any thread.
#pragma once

#include "api/api_certificate.h"

#include <gnutls/x509.h>
#include <time.h>

enum {
    CERTIFICATE_CHAIN_MAX = 8,
    CERTIFICATE_DAYS = 825,      // the longest that Apple's programs take
    CERTIFICATE_PEM_SIZE = 4096, // of one that is made, with its key
};

struct certificate {
    gnutls_x509_crt_t chain[CERTIFICATE_CHAIN_MAX]; // [0] is the server's
    unsigned count;
    gnutls_x509_privkey_t key;
    struct api_certificate_facts facts;
};

// Takes all certificates of one text, the server's first, and the first key of another, which may
// be the same. Unless OK, *c is empty and `why` (API_CERTIFICATE_WHY) is a sentence.
enum api_certificate_result certificate_read(struct certificate *c, const char *certificate,
                                             const char *key, char *why);
void certificate_free(struct certificate *c);

// Whether all of the chain hold at that time; else `why` is a sentence.
bool certificate_holds(const struct certificate *c, time_t now, char *why);

// All of the chain and then the key, in PEM with a NUL. False: they do not fit, or the library
// could not.
bool certificate_print(const struct certificate *c, char *pem, size_t size);

// A new key (P-256), and a certificate that it has signed itself, for the names and addresses, with
// a line end each. False: the library could not.
bool certificate_make(const char *names, time_t now, char pem[CERTIFICATE_PEM_SIZE]);
