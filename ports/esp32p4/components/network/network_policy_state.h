// SPDX-License-Identifier: Apache-2.0
// Inside of network_policy: what its files share, and the parts that network_policy.c calls.
#pragma once

#include "network_policy.h"

#include <string.h>

static inline uint64_t network_seconds(unsigned s)
{
    return (uint64_t)s * 1000000;
}

// `first` doubled `times` times, at most `most`; all in seconds, the result in microseconds.
uint64_t network_doubled(unsigned first, unsigned times, unsigned most);

static inline bool network_same_ip(const uint8_t a[NETWORK_IP_SIZE],
                                   const uint8_t b[NETWORK_IP_SIZE])
{
    return memcmp(a, b, NETWORK_IP_SIZE) == 0;
}

extern const uint8_t network_no_ip[NETWORK_IP_SIZE];

static inline bool network_ip_set(const uint8_t ip[NETWORK_IP_SIZE])
{
    return !network_same_ip(ip, network_no_ip);
}

void network_policy_emit(struct network_policy *p, enum network_action_type type);
void network_policy_ask(struct network_policy *p, const uint8_t sender[NETWORK_IP_SIZE],
                        const uint8_t target[NETWORK_IP_SIZE]);
void network_policy_use_link_local(struct network_policy *p);

// Address: from the beginning, for the settings and the link as they are.
void network_policy_begin(struct network_policy *p, uint64_t now_us);
void network_policy_address_turn(struct network_policy *p, uint64_t now_us);

// Link-local address, beside DHCP.
void network_policy_link_local_turn(struct network_policy *p, uint64_t now_us);

// Watchdog: the link came up by itself, so nothing is known of who is there.
void network_policy_new_link(struct network_policy *p);
void network_policy_meet(struct network_policy *p, const uint8_t gateway[NETWORK_IP_SIZE]);
void network_policy_hear_frame(struct network_policy *p, uint64_t now_us);
void network_policy_watchdog_turn(struct network_policy *p, uint64_t now_us);
