// SPDX-License-Identifier: Apache-2.0
// Stand-in for lwIP's header of this name: what the firmware uses of it.
#pragma once

#include <stdint.h>

typedef struct ip4_addr {
    uint32_t addr; // in network byte order
} ip4_addr_t;

struct netif;

// In lwIP's task.
void netif_set_addr(struct netif *netif, const ip4_addr_t *ipaddr, const ip4_addr_t *netmask,
                    const ip4_addr_t *gw);
