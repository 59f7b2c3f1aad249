// SPDX-License-Identifier: Apache-2.0
// From a request to a WebSocket: libmicrohttpd answers and gives the connection away, then the
// socket loop has it (posix_stream.h). HTTP's thread.
#pragma once

#include "ports/linux/http_mhd.h"
#include "ports/posix/posix_http.h"
#include "ports/posix/posix_stream.h"

#include <microhttpd.h>
#include <stdatomic.h>

enum { HTTP_WEBSOCKETS = HTTP_WATCHES };

struct http_websockets {
    struct posix_loop *loop;
    struct posix_streams streams; // the loop's
    atomic_uint count;
};

void http_websockets_begin(struct http_websockets *all, const struct posix_http *http);
void http_websockets_end(struct http_websockets *all); // the loop runs, or has ended

// Answers with 101. False: *why is to be answered instead.
bool http_websocket_accept(struct http_websockets *all, struct MHD_Connection *conn,
                           const struct api_stream *stream, struct api_response *why);
