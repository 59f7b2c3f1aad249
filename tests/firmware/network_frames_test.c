// SPDX-License-Identifier: Apache-2.0
#include "network_frames.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t ours[] = {2, 0, 0, 0, 0, 1}, theirs[] = {2, 0, 0, 0, 0, 2};
static const uint8_t own[] = {10, 0, 0, 5}, gateway[] = {10, 0, 0, 1}, other[] = {10, 0, 0, 9};
static const uint8_t nobody[4];

static struct network_frames f;
static struct network_heard h;

static void setup(void)
{
    struct network_watch w = {.own = {10, 0, 0, 5}, .claimed = {10, 0, 0, 5}};
    memcpy(w.gateway, gateway, sizeof gateway);
    memset(&f, 0, sizeof f);
    memcpy(f.mac, ours, sizeof ours);
    network_frames_watch(&f, &w);
}

static void look_at_arp(const uint8_t *mac, uint8_t operation, const uint8_t *sender,
                        const uint8_t *target)
{
    uint8_t frame[NETWORK_ARP_SIZE];
    network_frames_arp(frame, mac, sender, target);
    frame[21] = operation;
    if (operation == 2)
        memcpy(frame, ours, sizeof ours);
    network_frames_look(&f, frame, sizeof frame);
    network_frames_heard(&f, &h);
}

TEST(network_frames_arp_request_is_as_rfc_826_says)
{
    const uint8_t want[NETWORK_ARP_SIZE] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,  0, 0, 0, 0, 1, // to all, from us
        8,    6,    0,    1,    8,    0,    6,  4, 0, 1,       // ARP, Ethernet, IPv4, request
        2,    0,    0,    0,    0,    1,    10, 0, 0, 5,       // sender
        0,    0,    0,    0,    0,    0,    10, 0, 0, 1,       // target
    };
    uint8_t frame[NETWORK_ARP_SIZE];
    network_frames_arp(frame, ours, own, gateway);
    CHECK_BYTES(frame, want, sizeof want);
}

TEST(network_frames_short_frames_are_only_counted)
{
    setup();
    for (size_t size = 0; size < 42; size++)
        for (uint8_t type = 0; type < 7; type += 6) { // IPv4, ARP
            uint8_t *frame = calloc(1, size + 1);
            if (size > 13) {
                frame[12] = 8;
                frame[13] = type;
            }
            memmove(frame + 1, frame, size); // so that it ends where the memory ends
            network_frames_look(&f, frame + 1, size);
            free(frame);
        }
    network_frames_heard(&f, &h);
    CHECK_EQ(h.frames, 84);
    CHECK_EQ(h.for_us + h.answers + h.conflicts, 0);
}

TEST(network_frames_answers_are_replies_of_the_gateway)
{
    setup();
    look_at_arp(theirs, 2, gateway, own);
    CHECK_EQ(h.answers, 1);
    look_at_arp(theirs, 1, gateway, other); // it looks for somebody: it need not have heard us
    look_at_arp(theirs, 2, other, own);
    CHECK_EQ(h.answers, 1);
    CHECK_EQ(h.replies, 2);
    CHECK_BYTES(h.neighbour, other, 4);
    CHECK_EQ(h.frames, 3);
    CHECK_EQ(h.conflicts, 0);
}

TEST(network_frames_reply_to_somebody_else_is_no_answer)
{
    uint8_t frame[NETWORK_ARP_SIZE];
    setup();
    network_frames_arp(frame, theirs, gateway, other);
    frame[21] = 2;
    network_frames_look(&f, frame, sizeof frame);
    network_frames_heard(&f, &h);
    CHECK_EQ(h.frames, 1);
    CHECK_EQ(h.answers + h.replies, 0);
}

TEST(network_frames_conflict_is_another_station_with_the_address)
{
    setup();
    look_at_arp(theirs, 2, own, gateway);
    look_at_arp(theirs, 1, own, own); // an announcement
    CHECK_EQ(h.conflicts, 2);
    look_at_arp(ours, 1, own, own);      // our own, sent back by a loop in the cabling
    look_at_arp(theirs, 1, nobody, own); // a probe: it only wants to know
    CHECK_EQ(h.conflicts, 2);
    CHECK_EQ(h.for_us, 0);
}

TEST(network_frames_who_looks_for_us_is_a_neighbour)
{
    setup();
    look_at_arp(theirs, 1, other, own);
    CHECK_EQ(h.for_us, 1);
    CHECK_BYTES(h.neighbour, other, 4);
    look_at_arp(theirs, 1, other, gateway);
    CHECK_EQ(h.for_us, 1);
}

TEST(network_frames_ipv4_to_the_own_address_is_for_us)
{
    uint8_t frame[64] = {[12] = 8, [30] = 10, [33] = 5};
    setup();
    network_frames_look(&f, frame, sizeof frame);
    frame[33] = 6;
    network_frames_look(&f, frame, sizeof frame);
    network_frames_heard(&f, &h);
    CHECK_EQ(h.for_us, 1);
}

TEST(network_frames_dhcp_server_is_a_neighbour)
{
    uint8_t frame[64] = {[12] = 8, [14] = 0x45, [23] = 17, [26] = 10, [29] = 9, [35] = 67};
    setup();
    network_frames_look(&f, frame, sizeof frame);
    network_frames_heard(&f, &h);
    CHECK_BYTES(h.neighbour, other, 4);
    frame[29] = 8;
    frame[35] = 68;
    network_frames_look(&f, frame, sizeof frame);
    network_frames_heard(&f, &h);
    CHECK_BYTES(h.neighbour, other, 4);
}

TEST(network_frames_without_addresses_nothing_matches)
{
    static const struct network_watch nothing;
    uint8_t frame[64] = {[12] = 8};
    setup();
    network_frames_watch(&f, &nothing);
    look_at_arp(theirs, 2, nobody, nobody);
    look_at_arp(theirs, 1, other, nobody);
    network_frames_look(&f, frame, sizeof frame);
    network_frames_heard(&f, &h);
    CHECK_EQ(h.frames, 3);
    CHECK_EQ(h.for_us + h.answers + h.conflicts, 0);
}
