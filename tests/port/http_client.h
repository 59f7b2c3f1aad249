// SPDX-License-Identifier: Apache-2.0
// One HTTP request on a connection of its own, for tests. Any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HTTP_CLIENT_SIZE = 65536 };

struct http_client {
    char text[HTTP_CLIENT_SIZE]; // the whole response, NUL-terminated
    int status;
    const char *body; // in `text`
};

// Sends `request` as it is to 127.0.0.1 and reads until the server closes. False: no HTTP response.
bool http_client_send(struct http_client *c, uint16_t port, const char *request);

// Sends "METHOD PATH HTTP/1.1".
bool http_client_ask(struct http_client *c, uint16_t port, const char *method, const char *path);

// Is this line, for instance "Allow: GET", among the header's?
bool http_client_has(const struct http_client *c, const char *line);
