// SPDX-License-Identifier: Apache-2.0
// A TLS client for tests that know only sockets: a thread carries what is written to a socket, and
// what comes back. Certificates are not checked. Any thread.
#pragma once

// By a connected socket, which it takes; -1 is one that could not be. -1: there was no handshake;
// else a non-blocking socket, to be closed. The end of the connection is the end of this one, and a
// FIN a close_notify. `room`: bytes that are under way in between; 0: as it comes.
int tls_client_connect(int tcp, int room);
