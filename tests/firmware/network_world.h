// SPDX-License-Identifier: Apache-2.0
// A small Ethernet segment for network_policy, with real ARP frames: a gateway, a DHCP server, a
// station that may have taken our static address, a client, and an EMAC that can go deaf. Time goes
// on in half seconds.
#pragma once

#include "network_policy.h"

#include <stdbool.h>
#include <stdint.h>

enum world_deafness {
    WORLD_HEARS,
    WORLD_DEAF,      // stopping and starting the MAC helps
    WORLD_DEAF_FIFO, // only taking the driver out helps
};

struct world {
    struct network_policy policy;
    struct network_frames frames;
    uint64_t now_us;

    // What there is; tests change it at will.
    bool cable, gateway, dhcp_server, squatter; // squatter: has our static address
    bool chatter;                               // somebody sends broadcasts all the time
    bool client;                                // talks to our address every 10 s
    bool broken_driver;                         // does not install
    bool spanning_tree;                         // nothing gets through for 30 s after link up
    unsigned link_local_squatters;              // so many link-local addresses are taken
    enum world_deafness deafness;
    uint8_t dhcp_gateway[NETWORK_IP_SIZE];

    // lwIP and the driver.
    bool installed, link, dhcp_on;
    uint64_t link_at_us, dhcp_since_us, client_us;
    uint8_t address[NETWORK_IP_SIZE];

    // The last time that nobody could be heard: we are deaf, or nobody on the segment talks, or is
    // known to the policy and would answer it.
    uint64_t alone_us;

    // What the policy did.
    unsigned done[NETWORK_REINSTALL + 1]; // by enum network_action_type
    struct network_action last;           // the last one that was no ASK
    unsigned asked_anonymously, announced;
    void (*judge)(struct world *w, const struct network_action *a); // sees each action; may be NULL
};

extern const struct settings_network world_dhcp, world_static, world_static_alone;

// A cable, a gateway with a DHCP server, nobody else.
void world_init(struct world *w, const struct settings_network *wanted);

// Lets `seconds` pass.
void world_run(struct world *w, unsigned seconds);

// Until the policy has done `type` once more; false if it did not within `seconds`.
bool world_until(struct world *w, enum network_action_type type, unsigned seconds);
