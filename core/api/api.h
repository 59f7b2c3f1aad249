// SPDX-License-Identifier: Apache-2.0
// HTTP routes of the server, without any HTTP: request in, response out. The port's adapter carries
// them. Loop thread, except for the functions that free: any thread.
#pragma once

#include "server/server.h"

enum { API_BODY_MAX = 16384 }; // of a request; the adapter refuses longer ones

struct api_request {
    const char *method; // "GET"
    const char *path;   // decoded, without the query
    const char *query;  // as it came, without the question mark; "" if there is none
    const void *body;   // NULL if there is none
    size_t body_size;
};

struct api_response {
    int status; // HTTP status code
    const char *content_type;
    const char *encoding; // Content-Encoding, NULL: none
    const char *cache;    // Cache-Control, NULL: "no-store"
    const char *allow;    // for 405: the Allow header, else NULL
    const char *body;     // `size` bytes, until api_response_free()
    size_t size;
    char *memory; // what that frees; NULL for constant bodies
};

// What the core does not know by itself.
struct api_context {
    struct usbip_server *server;
    const char *version;
    uint64_t now_us;
};

// Routes: /healthz, /api/v1/status. Methods: GET and HEAD (the adapter leaves the body out).
// Unknown: 404, wrong method: 405; out of memory: 503. All with a JSON body.
struct api_response api_handle(const struct api_context *ctx, const struct api_request *req);
void api_response_free(struct api_response *r);

// One event as a JSON object in one line, NUL-terminated; free with api_text_free(). "uptime_s"
// counts from the start of the run that "boot" tells; "time" (UTC) is there if it is known. NULL:
// no memory.
char *api_event_json(const struct eventlog_event *e);
void api_text_free(char *text);
