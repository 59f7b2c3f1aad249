// SPDX-License-Identifier: Apache-2.0
// What HTTPS shows to who connects: an own certificate, or one that the server makes itself, kept
// in certificate.pem of the state folder. Changed while connections come: each has the one that
// held when it began.
#pragma once

#include "ports/linux/certificate.h"
#include "ports/linux/log.h"

#include <gnutls/abstract.h>

struct https;

// Borrowed until the return, but the log for good.
struct https_config {
    const char *state_folder; // NULL: nothing is kept, and the next start makes another one
    const char *names;        // for one that is made: with a line end each, the first is its own
    const struct log *log;
    time_t (*clock)(void); // seconds since 1970; NULL: this machine's
};

// NULL: `why` (API_CERTIFICATE_WHY) says why.
struct https *https_open(const struct https_config *config, char *why);
void https_close(struct https *h); // NULL is nothing

// Removes the certificate and its key from the folder. False: `why` (SETTINGS_WHY_SIZE).
bool https_erase(const char *state_folder, char *why);

// For api_context.
const struct api_certificate *https_certificate(const struct https *h);

// Of a session whose pointer (gnutls_session_set_ptr()) is the struct https; the library's
// callback. HTTP's thread.
int https_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                   gnutls_pcert_st **certificates, unsigned *count, gnutls_ocsp_data_st **ocsp,
                   unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags);
