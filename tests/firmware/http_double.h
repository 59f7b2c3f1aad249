// SPDX-License-Identifier: Apache-2.0
// A double of ESP-IDF's esp_http_server: one server on real sockets, with its task as a thread. It
// accepts, parses, matches, answers and closes as the library does (v5.5.5); what the library would
// not survive or would silently do wrong fails the test.
#pragma once

#include "esp_err.h"

#include <stdbool.h>
#include <stddef.h>

struct http_double_answer {
    char text[65536]; // all that was sent until the connection was closed, NUL-terminated
    size_t size;
};

// What a client sends on one connection.
void http_double_send(const char *requests, struct http_double_answer *a);

// A connection of the test's own; to be closed.
int http_double_connect(void);

bool http_double_running(void);

// The next httpd_start() or httpd_register_uri_handler() fails with this.
void http_double_fail_start(esp_err_t err);
void http_double_fail_register(esp_err_t err);
