// SPDX-License-Identifier: Apache-2.0
// A plain TCP client with deadlines, for tests on real sockets. Any thread. Every call takes the
// longest time that it may take, in milliseconds: it fails then, so that a test cannot hang.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TCP_CLIENT_MS = 10000 }; // ample; sanitizers on a busy machine are slow

// `address` is numeric. -1 if it cannot be reached; else a non-blocking socket, to be closed.
int tcp_client_connect(const char *address, uint16_t port, unsigned timeout_ms);

// To 127.0.0.1 with small segments, for which the server's kernel keeps a small buffer too.
int tcp_client_connect_small(uint16_t port);

// False: time is over or the connection is lost.
bool tcp_client_send(int fd, const void *data, size_t size, unsigned timeout_ms);

// Exactly `size` bytes. False: time is over, or the connection ended before.
bool tcp_client_recv(int fd, void *data, size_t size, unsigned timeout_ms);

// Up to `size` bytes until the peer's FIN. Returns how many came; -1: time is over, the connection
// was reset, or there were more.
long tcp_client_recv_all(int fd, void *data, size_t size, unsigned timeout_ms);

enum tcp_client_end {
    TCP_CLIENT_FIN = 1,
    TCP_CLIENT_RESET,
    TCP_CLIENT_TIMEOUT,
};

// Drops what comes until the connection ends.
enum tcp_client_end tcp_client_wait_end(int fd, unsigned timeout_ms);

// Closes with RST instead of FIN.
void tcp_client_reset(int fd);
