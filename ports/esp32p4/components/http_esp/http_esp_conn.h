// SPDX-License-Identifier: Apache-2.0
// The sockets of esp_http_server, each for one request: that has a limit as a whole, and so has its
// answer, because both are on the only task. On that task, except where it says something else.
#pragma once

#include "esp_http_server.h"
#include "ports/posix/posix_stream.h"

#include <stdbool.h>
#include <stdint.h>

// Browsers open six. What stays open takes four at most, and who waits for a job two, so that one
// is always there for requests; a newcomer takes the place of the oldest one that has said nothing.
enum { HTTP_ESP_SOCKETS = 7, HTTP_ESP_LINES = 1, HTTP_ESP_JOBS = 2 };

enum http_esp_use { HTTP_ESP_REQUEST, HTTP_ESP_WEBSOCKET, HTTP_ESP_LINE, HTTP_ESP_JOB };

struct http_esp_conn {
    int fd;            // -1: none
    uint64_t until_us; // the end of the time for the request or its answer; 0: nothing has come
    enum http_esp_use use;
    httpd_req_t *request; // of what stays, else NULL
    struct posix_stream stream;
};

struct http_esp_conns {
    uint64_t limit_us;
    struct http_esp_conn conn[HTTP_ESP_SOCKETS];
};

// `c` is the global user context of the server; fills in its callbacks. A request may take
// `limit_us`, and its answer the same.
void http_esp_conns_init(struct http_esp_conns *c, uint64_t limit_us, httpd_config_t *config);

// NULL: the library has a socket that we do not know.
struct http_esp_conn *http_esp_conn_of(httpd_req_t *r);

// The answer begins. All of it; false: the client does not take it.
void http_esp_conn_answers(httpd_req_t *r);
bool http_esp_conn_send(httpd_req_t *r, const char *bytes, size_t size);

// True if there is a place for one more.
bool http_esp_conn_may_stay(httpd_req_t *r, enum http_esp_use use);

// From now on the library leaves the socket alone (of a stream, whose head has been sent, it is the
// loop's), until http_esp_conn_leave(), which any thread may call; then it closes it. False: no
// memory.
bool http_esp_conn_stay(struct http_esp_conn *c, enum http_esp_use use, httpd_req_t *r);
void http_esp_conn_leave(struct http_esp_conn *c);
