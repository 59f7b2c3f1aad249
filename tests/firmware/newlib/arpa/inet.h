// SPDX-License-Identifier: Apache-2.0
// Stand-in for what newlib and lwIP of ESP-IDF have under this name and picolibc has not: as much
// as the sources use, to compile with.
#pragma once

#include <netinet/in.h>

const char *inet_ntop(int af, const void *src, char *dst, socklen_t size);
int inet_pton(int af, const char *src, void *dst);
