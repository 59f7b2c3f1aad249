// SPDX-License-Identifier: Apache-2.0
// HTTP through CivetWeb: its threads hand each request to the loop thread (posix_loop_call) and
// send what core/api answers. No files are served.
#pragma once

#include "ports/linux/log.h"
#include "ports/posix/posix_http.h"

struct http_server;

// All borrowed for the server's life, `listen` until the return.
struct http_config {
    const char *listen; // numeric address; NULL: every address
    uint16_t port;      // 0: a free one
    struct posix_http http;
    const struct log *log;
};

// NULL: *why is a plain sentence. Requests wait until the loop runs.
struct http_server *http_start(const struct http_config *config, char *why, size_t why_size);

// "0.0.0.0:8080", with the real port.
const char *http_address(const struct http_server *h);

// Waits for the requests being served: the loop runs, or has ended. Not on the loop thread.
void http_stop(struct http_server *h);
