// SPDX-License-Identifier: Apache-2.0
// Stand-in for what newlib and lwIP of ESP-IDF have under this name and picolibc has not: as much
// as the sources use, to compile with.
#pragma once

#include <sys/socket.h>

#define AI_NUMERICHOST 0x04

struct addrinfo {
    int ai_flags;
    int ai_family;
    int ai_socktype;
    int ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr *ai_addr;
    char *ai_canonname;
    struct addrinfo *ai_next;
};

int getaddrinfo(const char *nodename, const char *servname, const struct addrinfo *hints,
                struct addrinfo **res);
void freeaddrinfo(struct addrinfo *ai);
