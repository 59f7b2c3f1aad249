// SPDX-License-Identifier: Apache-2.0
// Listening sockets, socket options and addresses as text. Loop thread (or before the loop runs).
#pragma once

#include "base/base_address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { POSIX_ADDRESS_SIZE = BASE_PEER_TEXT_SIZE };

// One socket for a given address; IPv4 and IPv6 side by side for the wildcard.
struct posix_listener {
    int fd[2];
    unsigned count;
    uint16_t port;                    // the real one, if 0 was asked for
    char address[POSIX_ADDRESS_SIZE]; // "0.0.0.0:3240"
    char also[POSIX_ADDRESS_SIZE];    // "[::]:3240" if both families are open, else ""
};

// `address`: a numeric IPv4 or IPv6 address; NULL: every address of both families, as far as the
// machine has them. Port 0: a free one, the same for both. False: *why is a plain sentence.
bool posix_listen(struct posix_listener *l, const char *address, uint16_t port, char *why,
                  size_t why_size);

// One more that listens already: `l` owns it then. False with errno: no room for it, or no socket.
bool posix_listener_adopt(struct posix_listener *l, int fd);
void posix_listener_close(struct posix_listener *l);

// The next connection: not blocking, closed on exec. -1 with errno.
int posix_accept(int listening, struct sockaddr_storage *peer);

// How often a silent peer is asked whether it is there: makes its silence visible, and a new one
// visible soon; and while somebody waits for the answer.
enum { POSIX_KEEPALIVE_S = 4, POSIX_PROBE_S = 1 };

// No delay, keepalive; the system ends the connection when the peer has not answered for
// `silent_s`. A connection without them still works: failures are ignored.
void posix_socket_prepare(int fd, unsigned silent_s);
void posix_socket_patience(int fd, unsigned silent_s); // that alone, again
void posix_socket_keepalive(int fd, unsigned every_s);

// What close() will do: breaks the connection, unsent bytes are lost.
void posix_socket_reset(int fd);

// In numbers, for the core. No address if it is neither IPv4 nor IPv6.
struct base_peer posix_peer(const struct sockaddr_storage *a);

// "127.0.0.1:5123" or "[::1]:5123".
void posix_address_text(const struct sockaddr_storage *a, char text[POSIX_ADDRESS_SIZE]);
