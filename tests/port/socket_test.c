// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_socket.h"
#include "tests/support/check.h"

#include <netinet/in.h>
#include <string.h>

static struct sockaddr_storage ipv6(const uint8_t *bytes, uint16_t port)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    v6.sin6_scope_id = 3;
    memcpy(&v6.sin6_addr, bytes, sizeof v6.sin6_addr);
    memcpy(&a, &v6, sizeof v6);
    return a;
}

static void check_peer(const struct sockaddr_storage *a, const char *address, uint16_t port)
{
    struct base_peer p = posix_peer(a);
    struct base_address want;
    CHECK(base_address_parse(address, &want) && base_address_equal(&p.address, &want));
    CHECK_EQ(p.port, port);
}

TEST(socket_peer_in_numbers)
{
    struct sockaddr_storage a = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(5123)};
    memcpy(&v4.sin_addr, (const uint8_t[]){10, 0, 0, 7}, 4);
    memcpy(&a, &v4, sizeof v4);
    check_peer(&a, "10.0.0.7", 5123);
    a = ipv6((const uint8_t[16]){0xfe, 0x80, [15] = 7}, 65535);
    check_peer(&a, "fe80::7", 65535);
    a = ipv6((const uint8_t[16]){[10] = 0xff, 0xff, 10, 0, 0, 7}, 1);
    check_peer(&a, "10.0.0.7", 1);
    a = (struct sockaddr_storage){.ss_family = AF_UNIX};
    CHECK_EQ(posix_peer(&a).address.bits, 0);
}
