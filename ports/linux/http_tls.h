// SPDX-License-Identifier: Apache-2.0
// TLS in front of HTTP: each connection is carried over a socket pair, decrypted, and HTTP and
// WebSockets know nothing of it. Nothing waits here; how long a connection may take is decided by
// who has the other end. HTTP's thread. Why not the library's own:
// docs/decisions/0024-https.md.
#pragma once

#include "ports/linux/https.h"
#include "ports/posix/posix_poller.h"

struct http_tls;

// At once, those included whose last bytes are still to be sent; and the watches they need.
enum { HTTP_TLS_MAX = 640, HTTP_TLS_WATCHES = 2 * HTTP_TLS_MAX };

// Both borrowed for its life. NULL: no memory.
struct http_tls *http_tls_create(struct posix_poller *poller, struct https *https);
void http_tls_destroy(struct http_tls *t); // ends all; NULL is nothing

// Takes a client's socket. The decrypted end, not blocking, or -1: no memory, or too many.
int http_tls_accept(struct http_tls *t, int tcp);

// Whether that is the end of a connection by TLS.
bool http_tls_is(int fd);

// When http_tls_expire() has something to do; UINT64_MAX: nothing.
uint64_t http_tls_deadline(const struct http_tls *t);
void http_tls_expire(struct http_tls *t, uint64_t now_us);
