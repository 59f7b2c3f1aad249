// SPDX-License-Identifier: Apache-2.0
// Answers that go on: the body of a response to which something is added whenever the client takes
// more and there is something new. HTTP's thread; the messages come from the loop's.
#pragma once

#include "ports/linux/http_clients.h"
#include "ports/posix/posix_http.h"

#include <microhttpd.h>

enum { HTTP_LINES = 32 }; // open at once

struct http_lines {
    const struct posix_http *http;
    struct base_list open;
    unsigned count;
    uint64_t stall_us; // who takes nothing for so long is given up
    uint64_t due_us;   // when they are to be asked again; 0: none waits
};

void http_lines_begin(struct http_lines *all, const struct posix_http *http);

// When http_lines_turn() has something to do; UINT64_MAX: nothing.
uint64_t http_lines_deadline(const struct http_lines *all);
void http_lines_turn(struct http_lines *all, uint64_t now_us);
void http_lines_end(struct http_lines *all); // before the library ends

// A body for the stream, to be queued; NULL: *why is to be answered instead.
struct MHD_Response *http_lines_open(struct http_lines *all, struct MHD_Connection *conn,
                                     const struct http_client *client,
                                     const struct api_stream *stream, struct api_response *why);
