// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/network_world.h"

#include <string.h>

enum { HALF_SECOND_US = 500000, NEGOTIATION_US = 2500000 };

static const uint8_t our_mac[NETWORK_MAC_SIZE] = {2, 0, 0, 0, 0, 1};
static const uint8_t their_mac[NETWORK_MAC_SIZE] = {2, 0, 0, 0, 0, 2};
static const uint8_t lease[NETWORK_IP_SIZE] = {192, 168, 1, 77};
static const uint8_t server_ip[NETWORK_IP_SIZE] = {192, 168, 1, 2};
static const uint8_t client_ip[NETWORK_IP_SIZE] = {192, 168, 1, 9};
static const uint8_t no_ip[NETWORK_IP_SIZE];

const struct settings_network world_dhcp = {.addressing = SETTINGS_DHCP};
const struct settings_network world_static = {
    .addressing = SETTINGS_STATIC,
    .address = {192, 168, 1, 50},
    .netmask = {255, 255, 255, 0},
    .gateway = {192, 168, 1, 1},
};
const struct settings_network world_static_alone = {
    .addressing = SETTINGS_STATIC,
    .address = {192, 168, 1, 50},
    .netmask = {255, 255, 255, 0},
};

static bool same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, NETWORK_IP_SIZE) == 0;
}

// What a switch with spanning tree does to a port whose link has just come up.
static bool blocked(const struct world *w)
{
    return w->spanning_tree && w->now_us < w->link_at_us + 30000000;
}

static bool hears(const struct world *w)
{
    return w->link && w->deafness == WORLD_HEARS && !blocked(w);
}

static void receive(struct world *w, const uint8_t *frame, size_t size)
{
    if (hears(w))
        network_frames_look(&w->frames, frame, size);
}

// A station says by ARP that it has `sender` (operation 2), or looks for `target` (operation 1).
static void receive_arp(struct world *w, uint8_t operation, const uint8_t *sender,
                        const uint8_t *target)
{
    uint8_t frame[NETWORK_ARP_SIZE];
    network_frames_arp(frame, their_mac, sender, target);
    frame[21] = operation;
    if (operation == 2)
        memcpy(frame, our_mac, sizeof our_mac);
    receive(w, frame, sizeof frame);
}

static void receive_dhcp(struct world *w)
{
    uint8_t frame[300] = {[12] = 0x08, [14] = 0x45, [23] = 17, [35] = 67, [37] = 68};
    memcpy(frame + 26, server_ip, NETWORK_IP_SIZE);
    memcpy(frame + 30, lease, NETWORK_IP_SIZE);
    receive(w, frame, sizeof frame);
}

static bool at_gateway(const struct world *w, const uint8_t *target)
{
    if (same(target, world_static.gateway))
        return w->gateway;
    return w->dhcp_server && same(target, w->dhcp_gateway);
}

static bool company(const struct world *w)
{
    const uint8_t *neighbour = w->policy.heard.neighbour;
    return w->chatter || at_gateway(w, w->policy.partner) ||
           (w->client && same(neighbour, client_ip)) ||
           (w->dhcp_server && same(neighbour, server_ip)) ||
           (w->squatter && same(neighbour, world_static.address));
}

static void answer(struct world *w, const struct network_action *a)
{
    w->asked_anonymously += same(a->sender, no_ip);
    w->announced += same(a->sender, a->target);
    if (!w->link || blocked(w))
        return;
    if (at_gateway(w, a->target))
        receive_arp(w, 2, a->target, a->sender);
    if (w->client && same(a->target, client_ip))
        receive_arp(w, 2, client_ip, a->sender);
    if (w->dhcp_server && same(a->target, server_ip))
        receive_arp(w, 2, server_ip, a->sender);
    if (w->link_local_squatters && a->target[0] == 169) {
        w->link_local_squatters--;
        receive_arp(w, 2, a->target, a->sender);
    }
    // It answers who asks, and takes no notice of who claims.
    if (w->squatter && !same(a->sender, a->target) && same(a->target, world_static.address))
        receive_arp(w, 2, world_static.address, a->sender);
}

static void lose_link(struct world *w)
{
    w->link = false;
    w->dhcp_since_us = 0;
    memcpy(w->address, no_ip, NETWORK_IP_SIZE);
    network_policy_link(&w->policy, false, w->now_us);
}

static void use_address(struct world *w, enum network_action_type type)
{
    w->dhcp_on = type == NETWORK_USE_DHCP;
    w->dhcp_since_us = w->now_us;
    memcpy(w->address, type == NETWORK_USE_STATIC ? w->policy.wanted.address : no_ip,
           NETWORK_IP_SIZE);
}

static void carry_out(struct world *w, const struct network_action *a)
{
    switch (a->type) {
    case NETWORK_ASK:
        answer(w, a);
        break;
    case NETWORK_USE_DHCP:
        if (!w->dhcp_on)
            use_address(w, a->type);
        break;
    case NETWORK_USE_NOTHING:
    case NETWORK_USE_STATIC:
        use_address(w, a->type);
        break;
    case NETWORK_USE_LINK_LOCAL:
        if (!same(w->address, lease))
            memcpy(w->address, a->target, NETWORK_IP_SIZE);
        break;
    case NETWORK_RESTART_MAC:
        if (w->deafness == WORLD_DEAF)
            w->deafness = WORLD_HEARS;
        break;
    case NETWORK_INSTALL:
    case NETWORK_REINSTALL:
    case NETWORK_RESTART:
        if (w->deafness == WORLD_DEAF || a->type != NETWORK_RESTART)
            w->deafness = WORLD_HEARS;
        if (w->link)
            lose_link(w);
        w->link_at_us = w->now_us + NEGOTIATION_US;
        w->installed = a->type == NETWORK_RESTART || !w->broken_driver;
        if (a->type != NETWORK_RESTART)
            network_policy_installed(&w->policy, w->installed, w->now_us);
        break;
    }
}

static void watch(struct world *w)
{
    struct network_watch what;
    network_policy_watch(&w->policy, &what);
    network_frames_watch(&w->frames, &what);
}

static void follow(struct world *w)
{
    struct network_action a;
    while (network_policy_next(&w->policy, w->now_us, &a)) {
        watch(w);
        w->done[a.type]++;
        if (a.type != NETWORK_ASK)
            w->last = a;
        if (w->judge)
            w->judge(w, &a);
        carry_out(w, &a);
    }
    watch(w);
}

static void move_link(struct world *w)
{
    bool up = w->installed && w->cable && w->now_us >= w->link_at_us;
    if (!w->cable)
        w->link_at_us = w->now_us + NEGOTIATION_US;
    if (w->link && !up) {
        lose_link(w);
        follow(w);
    } else if (!w->link && up) {
        w->link = true;
        w->dhcp_since_us = w->now_us;
        network_policy_link(&w->policy, true, w->now_us);
        follow(w);
    }
}

// lwIP's DHCP client: a lease after two seconds.
static void move_lease(struct world *w)
{
    uint64_t since = w->now_us - w->dhcp_since_us;
    if (!w->link || !w->dhcp_on)
        return;
    if (w->dhcp_server && hears(w) && since >= 2000000) {
        if (!same(w->address, lease))
            receive_dhcp(w);
        memcpy(w->address, lease, NETWORK_IP_SIZE);
    }
}

static const uint8_t *gateway_in_use(const struct world *w)
{
    if (same(w->address, lease))
        return w->dhcp_gateway;
    return same(w->address, w->policy.wanted.address) && w->policy.using_static
               ? w->policy.wanted.gateway
               : no_ip;
}

// Broadcasts, and a client with a connection, which sends keepalives.
static void others_talk(struct world *w)
{
    uint8_t ip[64] = {[12] = 0x08, [14] = 0x45};
    if (w->chatter)
        receive_arp(w, 1, client_ip, (const uint8_t[]){192, 168, 1, 222});
    if (!w->client || same(w->address, no_ip) || w->now_us < w->client_us)
        return;
    w->client_us = w->now_us + 10000000;
    receive_arp(w, 1, client_ip, w->address);
    memcpy(ip + 30, w->address, NETWORK_IP_SIZE);
    receive(w, ip, sizeof ip);
}

static void half_second(struct world *w)
{
    struct network_heard h;
    w->now_us += HALF_SECOND_US;
    move_link(w);
    move_lease(w);
    others_talk(w);
    network_policy_address(&w->policy, w->address, gateway_in_use(w), w->now_us);
    network_frames_heard(&w->frames, &h);
    network_policy_heard(&w->policy, &h, w->now_us);
    if (!hears(w) || !company(w))
        w->alone_us = w->now_us;
    follow(w);
}

void world_init(struct world *w, const struct settings_network *wanted)
{
    *w = (struct world){.now_us = 1000000, .cable = true, .gateway = true, .dhcp_server = true};
    memcpy(w->frames.mac, our_mac, sizeof our_mac);
    memcpy(w->dhcp_gateway, world_static.gateway, NETWORK_IP_SIZE);
    network_policy_init(&w->policy, wanted, w->now_us);
    network_policy_mac(&w->policy, our_mac);
    follow(w);
}

void world_run(struct world *w, unsigned seconds)
{
    for (unsigned i = 0; i < 2 * seconds; i++)
        half_second(w);
}

bool world_until(struct world *w, enum network_action_type type, unsigned seconds)
{
    unsigned before = w->done[type];
    for (unsigned i = 0; i < 2 * seconds && w->done[type] == before; i++)
        half_second(w);
    return w->done[type] != before;
}
