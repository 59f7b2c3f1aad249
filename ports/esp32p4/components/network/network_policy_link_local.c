// SPDX-License-Identifier: Apache-2.0
// The address of last resort while DHCP gives nothing (RFC 3927): asked for by ARP, then taken.
#include "network_policy_state.h"

// Another one in 169.254.1.0 to 169.254.254.255, in an order that is the MAC address's own.
static void choose_next(struct network_policy *p)
{
    uint32_t n = (uint32_t)(p->link_local[2] - 1) << 8 | p->link_local[3];
    n = (n * 5 + 12347) % (254u << 8);
    p->link_local[2] = (uint8_t)(1 + (n >> 8));
    p->link_local[3] = (uint8_t)n;
}

void network_policy_mac(struct network_policy *p, const uint8_t mac[NETWORK_MAC_SIZE])
{
    const uint8_t first[NETWORK_IP_SIZE] = {169, 254, (uint8_t)(1 + mac[4] % 254), mac[5]};
    memcpy(p->link_local, first, sizeof first);
}

// Where DHCP is what there is. While the gateway of a static address is silent, that address is
// the last resort.
static bool possible(const struct network_policy *p)
{
    return p->step == NETWORK_STEP_DHCP ||
           (p->step == NETWORK_STEP_FALLEN && p->trouble == NETWORK_IN_USE);
}

static void begin_check(struct network_policy *p, uint64_t now_us)
{
    p->link_local_checking = true;
    p->link_local_us = p->ask_us = now_us;
    p->conflicts_seen = p->heard.conflicts;
}

static void check(struct network_policy *p, uint64_t now_us)
{
    if (now_us >= p->link_local_us + network_seconds(NETWORK_CHECK_S)) {
        p->link_local_checking = false;
        network_policy_use_link_local(p);
    } else if (now_us >= p->ask_us) {
        p->ask_us = now_us + network_seconds(1);
        network_policy_ask(p, network_no_ip, p->link_local);
    }
}

// In use, and watched by us: the step is about no other address.
static bool defended(const struct network_policy *p)
{
    return p->step == NETWORK_STEP_DHCP && network_policy_source(p) == NETWORK_LINK_LOCAL;
}

void network_policy_link_local_turn(struct network_policy *p, uint64_t now_us)
{
    bool conflict = p->conflicts_seen != p->heard.conflicts;
    bool nothing = network_policy_source(p) == NETWORK_NO_ADDRESS;
    if (!possible(p)) {
        p->link_local_checking = false;
    } else if (conflict && (p->link_local_checking || defended(p))) {
        choose_next(p);
        begin_check(p, now_us);
    } else if (p->link_local_checking) {
        check(p, now_us);
    } else if (nothing && now_us >= p->nothing_us + network_seconds(NETWORK_DHCP_S)) {
        begin_check(p, now_us);
    } else {
        p->conflicts_seen = p->heard.conflicts;
    }
}
