// SPDX-License-Identifier: Apache-2.0
// Every transition of network_policy between addresses, in the order of its header.
#include "tests/firmware/network_world.h"
#include "tests/support/check.h"

#include <string.h>

static struct world w;

static enum network_source source(void)
{
    return network_policy_source(&w.policy);
}

// Another station says once that it has the address that we watch.
static void claim(void)
{
    static const uint8_t mac[NETWORK_MAC_SIZE] = {2, 0, 0, 0, 0, 3};
    uint8_t frame[NETWORK_ARP_SIZE];
    network_frames_arp(frame, mac, world_static.address, world_static.address);
    network_frames_look(&w.frames, frame, sizeof frame);
}

// --- DHCP ----------------------------------------------------------------------------------------

TEST(network_policy_driver_is_installed_first)
{
    world_init(&w, &world_dhcp);
    CHECK_EQ(w.done[NETWORK_INSTALL], 1);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 1);
    CHECK_EQ(source(), NETWORK_NO_ADDRESS);
}

TEST(network_policy_dhcp_gives_an_address)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 10);
    CHECK_EQ(source(), NETWORK_DHCP);
    CHECK_EQ(w.policy.step, NETWORK_STEP_DHCP);
    CHECK_EQ(w.policy.trouble, NETWORK_NO_TROUBLE);
}

TEST(network_policy_without_dhcp_server_link_local_until_there_is_one)
{
    world_init(&w, &world_dhcp);
    w.dhcp_server = w.gateway = false;
    world_run(&w, 40);
    CHECK_EQ(source(), NETWORK_LINK_LOCAL);
    w.dhcp_server = w.gateway = true;
    world_run(&w, 5);
    CHECK_EQ(source(), NETWORK_DHCP);
}

TEST(network_policy_lost_lease_gets_time_to_come_back)
{
    world_init(&w, &world_dhcp);
    w.chatter = true;
    world_run(&w, 100);
    w.dhcp_server = false;
    memset(w.address, 0, sizeof w.address);
    world_run(&w, NETWORK_DHCP_S - 3);
    CHECK_EQ(w.done[NETWORK_USE_LINK_LOCAL], 0);
    world_run(&w, 10);
    CHECK_EQ(w.done[NETWORK_USE_LINK_LOCAL], 1);
}

TEST(network_policy_link_local_address_is_of_the_right_range_and_checked)
{
    world_init(&w, &world_dhcp);
    w.dhcp_server = w.gateway = false;
    w.link_local_squatters = 3;
    world_run(&w, 40);
    CHECK_EQ(w.link_local_squatters, 0);
    CHECK_EQ(w.done[NETWORK_USE_LINK_LOCAL], 1);
    CHECK_EQ(w.address[0] << 8 | w.address[1], 169 << 8 | 254);
    CHECK(w.address[2] >= 1 && w.address[2] <= 254);
}

TEST(network_policy_link_local_address_in_conflict_is_changed)
{
    uint8_t frame[NETWORK_ARP_SIZE], old[NETWORK_IP_SIZE];
    const uint8_t mac[] = {2, 0, 0, 0, 0, 3};
    world_init(&w, &world_dhcp);
    w.dhcp_server = w.gateway = false;
    world_run(&w, 40);
    memcpy(old, w.address, sizeof old);
    network_frames_arp(frame, mac, old, old);
    network_frames_look(&w.frames, frame, sizeof frame);
    world_run(&w, 10);
    CHECK_EQ(source(), NETWORK_LINK_LOCAL);
    CHECK(memcmp(old, w.address, sizeof old) != 0);
}

TEST(network_policy_link_local_addresses_do_not_repeat_soon)
{
    uint8_t seen[256][256] = {{0}};
    world_init(&w, &world_dhcp);
    w.dhcp_server = w.gateway = false;
    w.chatter = true;
    w.link_local_squatters = 500;
    for (unsigned i = 0; i < 3000 && w.link_local_squatters; i++) {
        unsigned before = w.link_local_squatters;
        const uint8_t *next = w.policy.link_local;
        world_run(&w, 1);
        if (before != w.link_local_squatters)
            CHECK_EQ(seen[next[2]][next[3]]++, 0);
    }
    CHECK_EQ(w.link_local_squatters, 0);
}

TEST(network_policy_driver_that_does_not_install_is_tried_again)
{
    world_init(&w, &world_dhcp);
    memset(&w, 0, sizeof w);
    w = (struct world){.now_us = 1, .cable = true, .broken_driver = true};
    network_policy_init(&w.policy, &world_dhcp, w.now_us);
    world_run(&w, 9);
    CHECK_EQ(w.done[NETWORK_INSTALL], 1);
    world_run(&w, 2);
    CHECK_EQ(w.done[NETWORK_INSTALL], 2);
    world_run(&w, 3600);
    CHECK(w.done[NETWORK_INSTALL] >= 8 && w.done[NETWORK_INSTALL] <= 16);
    w.broken_driver = false;
    w.dhcp_server = w.gateway = true;
    world_run(&w, 610);
    CHECK_EQ(source(), NETWORK_DHCP);
}

// --- static --------------------------------------------------------------------------------------

TEST(network_policy_static_is_asked_for_before_it_is_taken)
{
    world_init(&w, &world_static);
    CHECK_EQ(w.done[NETWORK_USE_NOTHING], 1);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 0);
    CHECK(world_until(&w, NETWORK_USE_STATIC, 10));
    CHECK_EQ(w.asked_anonymously, 3);
    world_run(&w, 3);
    CHECK_EQ(w.policy.step, NETWORK_STEP_STATIC);
    CHECK_EQ(source(), NETWORK_STATIC);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 0);
}

TEST(network_policy_static_in_use_by_another_station_falls_back_to_dhcp)
{
    world_init(&w, &world_static);
    w.squatter = true;
    world_run(&w, 20);
    CHECK_EQ(source(), NETWORK_DHCP);
    CHECK_EQ(w.policy.trouble, NETWORK_IN_USE);
    CHECK_EQ(w.done[NETWORK_USE_STATIC], 0);
    CHECK_EQ(w.policy.wanted.addressing, SETTINGS_STATIC); // the setting is kept
}

TEST(network_policy_static_in_use_without_dhcp_is_link_local)
{
    world_init(&w, &world_static);
    w.squatter = true;
    w.dhcp_server = false;
    world_run(&w, 600);
    CHECK_EQ(source(), NETWORK_LINK_LOCAL);
    CHECK_EQ(w.done[NETWORK_USE_STATIC], 0);
}

TEST(network_policy_static_comes_back_when_the_other_station_is_gone)
{
    world_init(&w, &world_static);
    w.squatter = true;
    world_run(&w, 200);
    CHECK_EQ(source(), NETWORK_DHCP);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 1); // looked several times without giving the address up
    w.squatter = false;
    CHECK(world_until(&w, NETWORK_USE_STATIC, 70));
    world_run(&w, 5);
    CHECK_EQ(source(), NETWORK_STATIC);
    CHECK_EQ(w.policy.trouble, NETWORK_NO_TROUBLE);
}

TEST(network_policy_static_for_another_network_falls_back_to_dhcp)
{
    world_init(&w, &world_static);
    memcpy(w.dhcp_gateway, (const uint8_t[]){10, 0, 0, 1}, 4);
    w.gateway = false; // nobody has the address that the settings name
    CHECK(world_until(&w, NETWORK_USE_DHCP, 60));
    world_run(&w, 5);
    CHECK_EQ(source(), NETWORK_DHCP);
    CHECK_EQ(w.policy.trouble, NETWORK_GATEWAY_SILENT);
    world_run(&w, 3600);
    CHECK_EQ(source(), NETWORK_DHCP); // and stays, however often it looks
    CHECK_EQ(w.done[NETWORK_USE_STATIC], 1);
    w.gateway = true;
    CHECK(world_until(&w, NETWORK_USE_STATIC, 70));
    world_run(&w, 5);
    CHECK_EQ(w.policy.step, NETWORK_STEP_STATIC);
}

TEST(network_policy_static_is_kept_when_nothing_else_gives_an_address)
{
    world_init(&w, &world_static);
    w.gateway = w.dhcp_server = false;
    w.chatter = true;
    world_run(&w, 90);
    CHECK_EQ(w.policy.step, NETWORK_STEP_HELD);
    CHECK_EQ(source(), NETWORK_STATIC);
    CHECK_EQ(w.policy.trouble, NETWORK_GATEWAY_SILENT);
    world_run(&w, 120); // DHCP gets another chance, in vain
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 2);
    world_run(&w, 30);
    CHECK_EQ(w.policy.step, NETWORK_STEP_HELD);
    w.gateway = true; // power is back
    world_run(&w, 15);
    CHECK_EQ(w.policy.step, NETWORK_STEP_STATIC);
    CHECK_EQ(w.policy.trouble, NETWORK_NO_TROUBLE);
}

TEST(network_policy_held_static_that_somebody_uses_is_not_given_up)
{
    world_init(&w, &world_static);
    w.gateway = w.dhcp_server = false;
    w.chatter = true;
    world_run(&w, 90);
    CHECK_EQ(w.policy.step, NETWORK_STEP_HELD);
    w.client = true;
    world_run(&w, 7200);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 1);
    CHECK_EQ(w.policy.step, NETWORK_STEP_STATIC);
}

TEST(network_policy_held_static_gives_way_to_a_dhcp_server_that_comes_later)
{
    world_init(&w, &world_static);
    memcpy(w.dhcp_gateway, (const uint8_t[]){10, 0, 0, 1}, 4);
    w.gateway = w.dhcp_server = false;
    w.chatter = true;
    world_run(&w, 90);
    w.dhcp_server = true;
    world_run(&w, 150);
    CHECK_EQ(source(), NETWORK_DHCP);
    w.dhcp_server = false; // and if that goes too, static is back
    memset(w.address, 0, sizeof w.address);
    world_run(&w, 40);
    CHECK_EQ(source(), NETWORK_STATIC);
}

TEST(network_policy_proven_static_stays_when_the_gateway_goes)
{
    world_init(&w, &world_static);
    world_run(&w, 20);
    CHECK_EQ(w.policy.step, NETWORK_STEP_STATIC);
    w.gateway = false;
    w.chatter = true;
    world_run(&w, 7200);
    CHECK_EQ(w.policy.step, NETWORK_STEP_STATIC);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 0);
}

TEST(network_policy_static_without_gateway_is_taken_without_proof)
{
    world_init(&w, &world_static_alone);
    w.gateway = w.dhcp_server = false;
    w.chatter = true;
    world_run(&w, 3600);
    CHECK_EQ(source(), NETWORK_STATIC);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 0);
}

TEST(network_policy_contested_static_is_defended_and_then_given_up)
{
    world_init(&w, &world_static);
    world_run(&w, 20);
    w.squatter = true; // it took the address without asking
    claim();           // says so once, and then only when it is asked
    world_run(&w, 5);
    CHECK_EQ(w.announced, 1);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 0);
    world_run(&w, 40);
    CHECK_EQ(w.announced, 3);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 1);
    CHECK_EQ(w.policy.trouble, NETWORK_IN_USE);
}

TEST(network_policy_a_single_claim_does_not_cost_the_address)
{
    world_init(&w, &world_static);
    world_run(&w, 20);
    for (unsigned i = 0; i < 10; i++) {
        claim(); // somebody passes by, every two minutes
        world_run(&w, 120);
    }
    CHECK_EQ(w.announced, 10);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 0);
}

TEST(network_policy_spanning_tree_does_not_make_static_fall)
{
    world_init(&w, &world_static);
    w.spanning_tree = true;
    world_run(&w, 60);
    CHECK_EQ(w.policy.step, NETWORK_STEP_STATIC);
    CHECK_EQ(w.done[NETWORK_USE_DHCP], 0);
}

TEST(network_policy_other_station_behind_spanning_tree_is_found_later)
{
    world_init(&w, &world_static);
    w.spanning_tree = w.squatter = true;
    world_run(&w, 33); // nobody has answered yet
    CHECK_EQ(w.done[NETWORK_USE_STATIC], 1);
    world_run(&w, 60);
    CHECK_EQ(source(), NETWORK_DHCP);
    CHECK_EQ(w.policy.trouble, NETWORK_IN_USE);
}

// Seconds until static is taken again after the other station has gone.
static unsigned fall_and_return(void)
{
    unsigned before;
    w.squatter = true;
    for (unsigned i = 0; w.policy.step == NETWORK_STEP_STATIC; i++) {
        CHECK(i < 100);
        claim();
        world_run(&w, 1);
    }
    w.squatter = false;
    before = (unsigned)(w.now_us / 1000000);
    CHECK(world_until(&w, NETWORK_USE_STATIC, 4000));
    world_run(&w, 5);
    CHECK_EQ(w.policy.step, NETWORK_STEP_STATIC);
    return (unsigned)(w.now_us / 1000000) - before;
}

TEST(network_policy_static_that_keeps_falling_is_tried_less_often)
{
    world_init(&w, &world_static);
    world_run(&w, 20);
    unsigned first = fall_and_return(), second = fall_and_return();
    CHECK(first >= NETWORK_RETRY_S && first < NETWORK_RETRY_S + 15);
    CHECK(second >= 2 * NETWORK_RETRY_S && second < 2 * NETWORK_RETRY_S + 15);
    for (unsigned i = 0; i < 8; i++)
        fall_and_return();
    CHECK(fall_and_return() <= NETWORK_RETRY_MAX_S + 15);
}

TEST(network_policy_time_without_proof_does_not_make_tries_rarer)
{
    world_init(&w, &world_static);
    memcpy(w.dhcp_gateway, (const uint8_t[]){10, 0, 0, 1}, 4);
    w.gateway = w.dhcp_server = false;
    w.chatter = true;
    world_run(&w, 4 * 3600); // held, with DHCP tried now and then
    w.dhcp_server = true;
    CHECK(world_until(&w, NETWORK_USE_DHCP, NETWORK_HOLD_MAX_S + 10));
    w.gateway = true; // just too late
    CHECK(world_until(&w, NETWORK_USE_STATIC, NETWORK_RETRY_S + 10));
}

TEST(network_policy_static_starts_from_the_beginning_with_each_link)
{
    world_init(&w, &world_static);
    w.squatter = true;
    world_run(&w, 30);
    w.cable = w.squatter = false;
    world_run(&w, 5);
    CHECK_EQ(w.policy.step, NETWORK_STEP_DOWN);
    CHECK_EQ(w.last.type, NETWORK_USE_NOTHING);
    w.cable = true;
    world_run(&w, 10);
    CHECK_EQ(source(), NETWORK_STATIC);
}

// --- settings change -----------------------------------------------------------------------------

TEST(network_policy_change_to_static_keeps_the_old_address_until_the_new_one_is_checked)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 20);
    network_policy_settings(&w.policy, &world_static, w.now_us);
    world_run(&w, 2);
    CHECK_EQ(source(), NETWORK_DHCP);
    world_run(&w, 4);
    CHECK_EQ(w.policy.step, NETWORK_STEP_STATIC);
}

TEST(network_policy_change_to_a_taken_address_falls_back)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 20);
    w.squatter = true;
    network_policy_settings(&w.policy, &world_static, w.now_us);
    world_run(&w, 20);
    CHECK_EQ(source(), NETWORK_DHCP);
    CHECK_EQ(w.policy.trouble, NETWORK_IN_USE);
}

TEST(network_policy_change_to_dhcp_is_done_at_once)
{
    world_init(&w, &world_static);
    world_run(&w, 20);
    network_policy_settings(&w.policy, &world_dhcp, w.now_us);
    CHECK_EQ(source(), NETWORK_NO_ADDRESS);
    world_run(&w, 5);
    CHECK_EQ(source(), NETWORK_DHCP);
}

TEST(network_policy_same_settings_change_nothing)
{
    world_init(&w, &world_static);
    world_run(&w, 20);
    network_policy_settings(&w.policy, &world_static, w.now_us);
    CHECK_EQ(w.policy.step, NETWORK_STEP_STATIC);
}

TEST(network_policy_change_without_link_waits_for_it)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 20);
    w.cable = false;
    world_run(&w, 2);
    network_policy_settings(&w.policy, &world_static, w.now_us);
    world_run(&w, 2);
    CHECK_EQ(w.last.type, NETWORK_USE_NOTHING);
    w.cable = true;
    world_run(&w, 10);
    CHECK_EQ(source(), NETWORK_STATIC);
}
