// SPDX-License-Identifier: Apache-2.0
// A double of ESP-IDF's esp_http_server: one server, whose task is the thread that calls
// http_double_send(). It parses, matches, answers and closes as the library does; what the library
// would not survive or would silently send wrong fails the test.
#pragma once

#include "esp_err.h"

#include <stdbool.h>
#include <stddef.h>

struct http_double_answer {
    char text[65536]; // all that was sent, NUL-terminated
    size_t size;
    bool closed; // the connection was closed behind it
};

// What a client sends on one connection; several requests one behind the other are answered in
// turn until the connection is closed.
void http_double_send(const char *requests, struct http_double_answer *a);

bool http_double_running(void);

// The next httpd_start() or httpd_register_uri_handler() fails with this.
void http_double_fail_start(esp_err_t err);
void http_double_fail_register(esp_err_t err);
