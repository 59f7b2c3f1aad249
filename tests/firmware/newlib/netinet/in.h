// SPDX-License-Identifier: Apache-2.0
// Stand-in for what newlib and lwIP of ESP-IDF have under this name and picolibc has not: as much
// as the sources use, to compile with.
#pragma once

#include <sys/socket.h>

typedef uint32_t in_addr_t;

struct in_addr {
    in_addr_t s_addr;
};

struct in6_addr {
    union {
        uint32_t u32_addr[4];
        uint8_t u8_addr[16];
    } un;
#define s6_addr un.u8_addr
};

struct sockaddr_in {
    uint8_t sin_len;
    sa_family_t sin_family;
    in_port_t sin_port;
    struct in_addr sin_addr;
    char sin_zero[8];
};

struct sockaddr_in6 {
    uint8_t sin6_len;
    sa_family_t sin6_family;
    in_port_t sin6_port;
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
};

#define INADDR_ANY ((uint32_t)0x00000000UL)
#define INADDR_LOOPBACK ((uint32_t)0x7f000001UL)
#define INET_ADDRSTRLEN 16
#define INET6_ADDRSTRLEN 46

static inline uint16_t htons(uint16_t n)
{
    return __builtin_bswap16(n);
}

static inline uint16_t ntohs(uint16_t n)
{
    return __builtin_bswap16(n);
}

static inline uint32_t htonl(uint32_t n)
{
    return __builtin_bswap32(n);
}

static inline uint32_t ntohl(uint32_t n)
{
    return __builtin_bswap32(n);
}
