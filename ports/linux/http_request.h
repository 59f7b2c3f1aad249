// SPDX-License-Identifier: Apache-2.0
// One request of libmicrohttpd's: collected, given to the routes, answered. HTTP's thread.
#pragma once

#include "ports/linux/http_clients.h"
#include "ports/linux/http_job.h"
#include "ports/linux/http_lines.h"
#include "ports/linux/http_websocket.h"
#include "ports/posix/posix_http.h"

#include <microhttpd.h>

// Of a request. What is longer than the library has room for it refuses itself, in its own words.
enum { HTTP_TARGET_SIZE = 8192, HTTP_HEADERS_SIZE = 16384, HTTP_HEAD_SIZE = 65536 };

// What they share. Borrowed.
struct http_requests {
    const struct posix_http *http;
    struct http_clients *clients;
    struct http_websockets *websockets;
    struct http_lines *lines;
    struct http_jobs *jobs;
    struct posix_http_counts *counts;
};

// libmicrohttpd's callbacks; `cls` is a struct http_requests, the connection's socket context its
// struct http_client (NULL: there was no memory for one).
void *http_request_begin(void *cls, const char *target, struct MHD_Connection *conn);
enum MHD_Result http_request_go_on(void *cls, struct MHD_Connection *conn, const char *target,
                                   const char *method, const char *version, const char *data,
                                   size_t *size, void **request);
void http_request_end(void *cls, struct MHD_Connection *conn, void **request,
                      enum MHD_RequestTerminationCode why);
