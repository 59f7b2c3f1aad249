// SPDX-License-Identifier: Apache-2.0
#include "network_frames.h"

#include <stdbool.h>
#include <string.h>

// Offsets in a frame without VLAN tag.
enum {
    TYPE = 12,
    IP_VERSION = 14,
    IP_PROTOCOL = 23,
    IP_SOURCE = 26,
    IP_DESTINATION = 30,
    UDP_SOURCE = 34, // behind an IP header without options
    ARP_OPERATION = 20,
    ARP_SENDER_MAC = 22,
    ARP_SENDER = 28,
    ARP_TARGET = 38,
    ARP_END = 42,
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    ARP_REQUEST = 1,
    ARP_REPLY = 2,
    IP_VERSION_4_PLAIN = 0x45,
    UDP = 17,
    DHCP_SERVER_PORT = 67,
};

static uint32_t get_ip(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_ip(uint8_t *p, uint32_t ip)
{
    p[0] = (uint8_t)(ip >> 24);
    p[1] = (uint8_t)(ip >> 16);
    p[2] = (uint8_t)(ip >> 8);
    p[3] = (uint8_t)ip;
}

static unsigned get_be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void count_one(atomic_uint_least32_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static uint32_t get(const atomic_uint_least32_t *word)
{
    return (uint32_t)atomic_load_explicit(word, memory_order_relaxed);
}

static void set(atomic_uint_least32_t *word, uint32_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

void network_frames_watch(struct network_frames *f, const struct network_watch *w)
{
    set(&f->own, get_ip(w->own));
    set(&f->claimed, get_ip(w->claimed));
    set(&f->gateway, get_ip(w->gateway));
}

// RFC 5227 2.1.1: a station that has the address is its sender; one that is about to take it sends
// a probe for it, with sender 0.
static void look_at_arp(struct network_frames *f, const uint8_t *frame)
{
    uint32_t sender = get_ip(frame + ARP_SENDER), target = get_ip(frame + ARP_TARGET);
    uint32_t claimed = get(&f->claimed), own = get(&f->own);
    if (memcmp(frame + ARP_SENDER_MAC, f->mac, NETWORK_MAC_SIZE) == 0)
        return; // our own, from a switch that loops
    bool reply = get_be16(frame + ARP_OPERATION) == ARP_REPLY;
    bool to_us = reply ? memcmp(frame, f->mac, NETWORK_MAC_SIZE) == 0 : own && target == own;
    if (claimed && sender == claimed)
        count_one(&f->conflicts);
    if (!sender || !to_us || sender == own)
        return;
    if (reply)
        count_one(&f->replies);
    else
        count_one(&f->for_us);
    if (sender != get(&f->gateway))
        set(&f->neighbour, sender);
    else if (reply)
        count_one(&f->answers);
}

// A DHCP server (or relay) is somebody who is there and answers ARP, even if nobody else is.
static void look_at_ipv4(struct network_frames *f, const uint8_t *frame)
{
    uint32_t own = get(&f->own);
    if (own && get_ip(frame + IP_DESTINATION) == own)
        count_one(&f->for_us);
    if (frame[IP_VERSION] == IP_VERSION_4_PLAIN && frame[IP_PROTOCOL] == UDP &&
        get_be16(frame + UDP_SOURCE) == DHCP_SERVER_PORT)
        set(&f->neighbour, get_ip(frame + IP_SOURCE));
}

void network_frames_look(struct network_frames *f, const uint8_t *frame, size_t size)
{
    count_one(&f->frames);
    if (size < ARP_END)
        return;
    unsigned type = get_be16(frame + TYPE);
    if (type == TYPE_ARP)
        look_at_arp(f, frame);
    else if (type == TYPE_IPV4)
        look_at_ipv4(f, frame);
}

void network_frames_heard(struct network_frames *f, struct network_heard *h)
{
    *h = (struct network_heard){
        .frames = get(&f->frames),
        .for_us = get(&f->for_us),
        .replies = get(&f->replies),
        .answers = get(&f->answers),
        .conflicts = get(&f->conflicts),
    };
    put_ip(h->neighbour, get(&f->neighbour));
}

void network_frames_arp(uint8_t frame[NETWORK_ARP_SIZE], const uint8_t mac[NETWORK_MAC_SIZE],
                        const uint8_t sender[NETWORK_IP_SIZE],
                        const uint8_t target[NETWORK_IP_SIZE])
{
    static const uint8_t fixed[] = {
        0x08, 0x06, 0, 1, 0x08, 0, NETWORK_MAC_SIZE, NETWORK_IP_SIZE, 0, ARP_REQUEST};
    memset(frame, 0, NETWORK_ARP_SIZE);
    memset(frame, 0xff, NETWORK_MAC_SIZE);
    memcpy(frame + NETWORK_MAC_SIZE, mac, NETWORK_MAC_SIZE);
    memcpy(frame + TYPE, fixed, sizeof fixed);
    memcpy(frame + ARP_SENDER_MAC, mac, NETWORK_MAC_SIZE);
    memcpy(frame + ARP_SENDER, sender, NETWORK_IP_SIZE);
    memcpy(frame + ARP_TARGET, target, NETWORK_IP_SIZE);
}
