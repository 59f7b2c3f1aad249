// SPDX-License-Identifier: Apache-2.0
// What the link watchdog and the address check need to know of Ethernet frames: counts of what is
// received, and ARP requests to ask with. Rules: RFC 826, RFC 5227 (address conflict detection).
//
// Threads: network_frames_look() runs in the driver's receive task, for every frame, so it reads a
// few bytes only. One other thread sets what to watch for and reads the counts. Addresses are in
// the order of their text ({192, 168, 1, 10}); all 0 is none.
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NETWORK_MAC_SIZE = 6,
    NETWORK_IP_SIZE = 4,
    NETWORK_ARP_SIZE = 60, // the shortest frame that Ethernet allows, without its checksum
};

// What frames are compared with.
struct network_watch {
    uint8_t own[NETWORK_IP_SIZE];     // the address in use
    uint8_t claimed[NETWORK_IP_SIZE]; // the address that nobody else should have
    uint8_t gateway[NETWORK_IP_SIZE]; // whose answers count
};

// Counts since start, which only grow (and wrap).
struct network_heard {
    uint32_t frames;    // of any kind
    uint32_t for_us;    // IPv4 to the own address, or a station that looks for it by ARP
    uint32_t replies;   // ARP replies to us
    uint32_t answers;   // those of the gateway
    uint32_t conflicts; // ARP of another station that says it has the claimed address
    uint8_t neighbour[NETWORK_IP_SIZE]; // another one that spoke ARP or DHCP to us last
};

struct network_frames {
    uint8_t mac[NETWORK_MAC_SIZE]; // ours; set before frames come
    atomic_uint_least32_t own, claimed, gateway;
    atomic_uint_least32_t frames, for_us, replies, answers, conflicts, neighbour;
};

// Keeps the counts.
void network_frames_watch(struct network_frames *f, const struct network_watch *w);

// Receive task: counts one frame of `size` bytes, which begins with the destination.
void network_frames_look(struct network_frames *f, const uint8_t *frame, size_t size);

void network_frames_heard(struct network_frames *f, struct network_heard *h);

// An ARP request who-has `target`, to all. `sender` all 0: a probe, which nobody learns from;
// `sender` the same as `target`: an announcement.
void network_frames_arp(uint8_t frame[NETWORK_ARP_SIZE], const uint8_t mac[NETWORK_MAC_SIZE],
                        const uint8_t sender[NETWORK_IP_SIZE],
                        const uint8_t target[NETWORK_IP_SIZE]);
