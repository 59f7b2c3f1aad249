// SPDX-License-Identifier: Apache-2.0
// IP addresses and blocks of them, as numbers and as text. Pure functions, any thread.
#pragma once

#include "base/base_text.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    BASE_ADDRESS_TEXT_SIZE = 40, // "2001:db8:1234:1234:1234:1234:1234:1234" and NUL
    BASE_BLOCK_TEXT_SIZE = 44,   // the same with "/127"
    BASE_PEER_TEXT_SIZE = 48,    // or in brackets, with ":65535"
};

// IPv4-mapped IPv6 (::ffff:10.0.0.7) is IPv4 here, and zones (%eth0) are none of our business.
struct base_address {
    uint8_t bytes[16]; // in the order of the text; IPv4: the first 4, then zeros
    uint8_t bits;      // 32: IPv4; 128: IPv6; 0: none
};

// `bits` of `bytes` (32 or 128), e.g. from a socket.
struct base_address base_address_of(const uint8_t *bytes, unsigned bits);

// Numeric text: "10.0.0.7", "fe80::1%eth0", without a port and without brackets. False leaves *a.
bool base_address_parse(const char *text, struct base_address *a);

// As RFC 5952 has it; "" for none.
void base_address_text(const struct base_address *a, struct base_text *t);

bool base_address_equal(const struct base_address *a, const struct base_address *b);

// 127.0.0.0/8 or ::1: the machine itself.
bool base_address_is_loopback(const struct base_address *a);

// One end of a connection.
struct base_peer {
    struct base_address address;
    uint16_t port;
};

// "127.0.0.1:5123" or "[::1]:5123"; "" without an address.
void base_peer_text(const struct base_peer *p, struct base_text *t);

// The addresses whose first `prefix` bits are those of `first`.
struct base_block {
    struct base_address first; // the bits behind the prefix are 0
    uint8_t prefix;            // 0 to first.bits
};

// "10.0.0.0/28", "2001:db8::/32", or one address. 10.0.0.7/28 is 10.0.0.0/28. False leaves *b.
bool base_block_parse(const char *text, struct base_block *b);

// Whether the text of a block names its first address: 10.0.0.7/28 does not.
bool base_block_begins(const char *text);

// Without the prefix if it is one address.
void base_block_text(const struct base_block *b, struct base_text *t);

bool base_block_contains(const struct base_block *b, const struct base_address *a);
