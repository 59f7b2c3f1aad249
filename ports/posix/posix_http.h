// SPDX-License-Identifier: Apache-2.0
// What the HTTP adapters of both ports have in common: the way of a request to the routes of
// core/api on the loop thread, and the headers of a response. Any thread but the loop's.
#pragma once

#include "api/api.h"
#include "ports/posix/posix_jobs.h"
#include "ports/posix/posix_loop.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// All borrowed.
struct posix_http {
    struct posix_loop *loop;
    struct api_context api;  // but its time
    struct posix_jobs *jobs; // the adapter's; NULL: none are done
};

enum { POSIX_HTTP_NO_LENGTH = -1 }; // there is a body, and its length comes with it

struct posix_http_request {
    struct api_request api; // but its body
    int64_t length;         // of the body; 0: none
    // Reads up to `size` bytes of the body; 0 or less: it has broken off.
    long (*read)(void *ctx, void *buf, size_t size);
    void *ctx;

    bool unread; // result: of the body, some is left that the connection still brings
};

// Waits for the loop. 503: it has ended, or there are too many jobs. API_JOB: `job`, whose done()
// and ctx are filled in, is told the answer; NULL: there is no place for it, which is 503 as well.
// API_WEBSOCKET: the handshake is good.
// api_response_free() ends the response.
struct api_response posix_http_ask(const struct posix_http *h, const struct api_request *r,
                                   struct posix_job *job);

// Reads the body and asks. Refused here: 411 no length, 413 more than api_body_max(),
// 400 broken off, 503 no memory.
struct api_response posix_http_answer(const struct posix_http *h, struct posix_http_request *r,
                                      struct posix_job *job);

// For what never gets to a route: it is no HTTP, or too large.
struct api_response posix_http_refusal(const struct posix_http *h, int status);

struct posix_http_header {
    const char *name, *value;
};
enum { POSIX_HTTP_HEADERS = 13 };

// The headers of a response besides type and length, borrowed from it. Returns their number.
unsigned posix_http_headers(const struct api_response *a,
                            struct posix_http_header headers[POSIX_HTTP_HEADERS]);

// "Not Found"
const char *posix_http_reason(int status);

// Answers that an adapter has sent, by status.
enum { POSIX_HTTP_STATUSES = 28 }; // all that there are
struct posix_http_counts {
    atomic_uint answers[POSIX_HTTP_STATUSES];
    struct api_answers told[POSIX_HTTP_STATUSES]; // the loop's
};
void posix_http_count(struct posix_http_counts *c, int status); // any thread
void posix_http_counts_fill(struct posix_http_counts *c, struct api_port_facts *facts);
