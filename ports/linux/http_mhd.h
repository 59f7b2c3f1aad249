// SPDX-License-Identifier: Apache-2.0
// HTTP through libmicrohttpd: one thread waits for all connections, hands each request to the loop
// thread (posix_loop_call) and sends what core/api answers. No files are served.
#pragma once

#include "ports/linux/https.h"
#include "ports/linux/log.h"
#include "ports/posix/posix_http.h"
#include "ports/posix/posix_socket.h"

struct http_server;

// All borrowed for the server's life, `listen` until the return.
struct http_config {
    const char *listen; // numeric address; NULL: every address, IPv4 and IPv6
    uint16_t port;      // 0: a free one
    // Open already, instead of these two: the server's from then on. NULL or empty: none.
    const struct posix_listener *listener;
    struct https *https; // NULL: plain HTTP only; else beside it, at
    const char *https_listen;
    uint16_t https_port;
    struct posix_http http;
    const struct log *log;
    uint64_t stall_us; // who takes nothing of a stream for so long is given up; 0: as it comes
};

// What it needs at most of the process, without HTTPS and with it, and of the loop: one for each
// WebSocket.
enum { HTTP_DESCRIPTORS = 600, HTTPS_DESCRIPTORS = 600 + 1280, HTTP_WATCHES = 256 };

// NULL: *why is a plain sentence. Requests wait until the loop runs.
struct http_server *http_start(const struct http_config *config, char *why, size_t why_size);

// Where it listens, with the real port.
const struct posix_listener *http_listener(const struct http_server *h);
const struct posix_listener *http_secure_listener(const struct http_server *h); // NULL: no HTTPS

// GET /api/v1/live has so many. Any thread.
unsigned http_websocket_count(const struct http_server *h);

// What it knows of itself. Loop thread.
void http_facts(struct http_server *h, struct api_port_facts *facts);

// The loop runs, or has ended. Not on the loop thread.
void http_stop(struct http_server *h);
