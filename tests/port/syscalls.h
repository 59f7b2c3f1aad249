// SPDX-License-Identifier: Apache-2.0
// Counts the system calls that the socket loop makes, and lets accept() fail. The linker puts these
// in front of the real ones (--wrap) for all of this executable; the clients here use others.
#pragma once

#include <stdbool.h>

struct syscalls {
    unsigned polls, receives, sends, accepts;
};

// Since the program began, all loops together. Any thread.
struct syscalls syscalls_count(void);

// From now on the end of a connection is received as lwIP's recvmsg() tells it: -1 and ENOTCONN.
void syscalls_end_as_lwip(bool on);

// The next `times` accepts fail with `error`.
void syscalls_fail_accept(unsigned times, int error);
