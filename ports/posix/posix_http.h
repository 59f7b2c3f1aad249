// SPDX-License-Identifier: Apache-2.0
// What the HTTP adapters of both ports have in common: the way of a request to the routes of
// core/api on the loop thread, and what every response has. Any thread but the loop's.
#pragma once

#include "api/api.h"
#include "ports/posix/posix_loop.h"

// All borrowed.
struct posix_http {
    struct posix_loop *loop;
    struct usbip_server *server;
    const char *version;
};

struct posix_http_header {
    const char *name, *value;
};

// Headers of every response, besides type and length; a NULL name ends them.
extern const struct posix_http_header posix_http_headers[];

// Waits for the loop; 503 if it has ended. api_response_free() ends the response.
struct api_response posix_http_answer(const struct posix_http *h, const char *method,
                                      const char *path);

// For what never gets to a route: it is no HTTP, or too large.
struct api_response posix_http_refusal(int status);
