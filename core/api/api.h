// SPDX-License-Identifier: Apache-2.0
// HTTP routes of the server, without any HTTP: request in, response out. The port's adapter carries
// them. Loop thread.
#pragma once

#include "server/server.h"

struct api_request {
    const char *method; // "GET"
    const char *path;   // without the query
};

// `body` is from the JSON library or constant; give it back with api_response_free().
struct api_response {
    int status; // HTTP status code
    const char *content_type;
    const char *allow; // for 405: the Allow header, else NULL
    char *body;        // NUL-terminated, owned by the response
};

// What the core does not know by itself.
struct api_context {
    struct usbip_server *server;
    const char *version;
    uint64_t now_us;
};

// Routes: GET /healthz, GET /api/v1/status. Unknown: 404, wrong method: 405; out of memory: 503.
// All with a JSON body.
struct api_response api_handle(const struct api_context *ctx, const struct api_request *req);
void api_response_free(struct api_response *r);

// One event as a JSON object in one line, NUL-terminated; free with api_text_free(). NULL: no
// memory.
char *api_event_json(const struct eventlog_event *e);
void api_text_free(char *text);
