// SPDX-License-Identifier: Apache-2.0
// Stand-in for what newlib and lwIP of ESP-IDF have under this name and picolibc has not: as much
// as the sources use, to compile with.
#pragma once

#include <sys/types.h>

struct iovec;
ssize_t readv(int fd, const struct iovec *iov, int iovcnt);
int writev(int s, const struct iovec *iov, int iovcnt);
