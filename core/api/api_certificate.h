// SPDX-License-Identifier: Apache-2.0
// The certificate of HTTPS, where a port has HTTPS.
#pragma once

#include "api/api.h"

enum {
    API_CERTIFICATE_MAX = 65536, // bytes of a certificate with its chain, and of a key, as PEM
    API_CERTIFICATE_TEXT = 256,
    API_CERTIFICATE_NAMES = 1024,
    API_CERTIFICATE_WHY = 256,
};

struct api_certificate_facts {
    char subject[API_CERTIFICATE_TEXT];
    char names[API_CERTIFICATE_NAMES];  // whom it is for: names and addresses with a line end each
    uint64_t not_before_s, not_after_s; // since 1970
    char sha256[65];                    // its fingerprint in hex
    bool self_made;
};

enum api_certificate_result {
    API_CERTIFICATE_OK,
    API_CERTIFICATE_WRONG,     // the certificate, or one of its chain
    API_CERTIFICATE_WRONG_KEY, // or the two do not belong together
    API_CERTIFICATE_FIXED,     // another way decides about it
    API_CERTIFICATE_FAILED,    // it cannot be kept
};

struct api_certificate {
    void (*get)(void *ctx, struct api_certificate_facts *facts); // any thread
    // The jobs' thread: checks the two, keeps them, and shows them to who connects from now on.
    // Unless OK, nothing has changed, and `why` (API_CERTIFICATE_WHY) is a sentence about it.
    enum api_certificate_result (*put)(void *ctx, const char *certificate, const char *key,
                                       char *why);
    void *ctx;
};

struct api_response api_get_certificate(const struct api_context *ctx,
                                        const struct api_request *req, const char *argument);
struct api_response api_put_certificate(const struct api_context *ctx,
                                        const struct api_request *req, const char *argument);
