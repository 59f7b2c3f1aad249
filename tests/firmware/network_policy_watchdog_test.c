// SPDX-License-Identifier: Apache-2.0
// When network_policy restarts the driver, and when it leaves it alone.
#include "tests/firmware/network_world.h"
#include "tests/support/check.h"

static struct world w;

static unsigned restarts(void)
{
    return w.done[NETWORK_RESTART] + w.done[NETWORK_REINSTALL];
}

TEST(network_policy_silent_network_with_gateway_is_left_alone)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 24 * 3600);
    CHECK_EQ(restarts(), 0);
    CHECK(w.done[NETWORK_ASK] > 1000); // it was asked, that is how it knows
}

TEST(network_policy_isolated_network_with_a_neighbour_is_left_alone)
{
    world_init(&w, &world_static_alone);
    w.gateway = w.dhcp_server = false;
    w.client = true;
    world_run(&w, 60);
    w.client_us = UINT64_MAX; // falls silent, but answers ARP
    world_run(&w, 24 * 3600);
    CHECK_EQ(restarts(), 0);
}

TEST(network_policy_dhcp_server_alone_on_the_segment_is_company)
{
    world_init(&w, &world_dhcp);
    w.gateway = false;
    world_run(&w, 24 * 3600);
    CHECK_EQ(restarts(), 0);
}

// Whoever is there only shows when the link comes up: each restart looks like a success.
TEST(network_policy_few_frames_after_each_restart_do_not_keep_restarts_going)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 60); // somebody answers at first
    w.gateway = w.dhcp_server = false;
    for (unsigned i = 0; i < 24 * 60; i++) {
        bool link = w.link;
        world_run(&w, 60);
        if (link != w.link || w.policy.restart_us + 60000000 > w.now_us)
            atomic_fetch_add(&w.frames.frames, 1);
    }
    CHECK(restarts() >= 20 && restarts() <= 32);
}

TEST(network_policy_new_cable_is_a_new_beginning)
{
    world_init(&w, &world_dhcp);
    w.gateway = w.dhcp_server = false;
    world_run(&w, 24 * 3600); // restarts are rare by now
    w.cable = false;
    world_run(&w, 100);
    w.cable = true;
    world_run(&w, 5);
    w.deafness = WORLD_DEAF;
    CHECK(world_until(&w, NETWORK_RESTART, NETWORK_DEAF_ALONE_S + 2));
}

TEST(network_policy_deaf_mac_is_restarted_after_half_a_minute)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 60);
    w.deafness = WORLD_DEAF;
    CHECK(!world_until(&w, NETWORK_RESTART, NETWORK_DEAF_KNOWN_S - 6));
    CHECK(world_until(&w, NETWORK_RESTART, 7));
    world_run(&w, 10);
    CHECK_EQ(network_policy_source(&w.policy), NETWORK_DHCP);
    CHECK_EQ(w.done[NETWORK_REINSTALL], 0);
    world_run(&w, 3600);
    CHECK_EQ(restarts(), 1);
}

TEST(network_policy_dead_fifo_needs_a_new_driver_which_is_remembered)
{
    world_init(&w, &world_static);
    world_run(&w, 60);
    w.deafness = WORLD_DEAF_FIFO;
    CHECK(world_until(&w, NETWORK_REINSTALL, 120));
    CHECK_EQ(w.done[NETWORK_RESTART], 1);
    world_run(&w, 60);
    CHECK_EQ(network_policy_source(&w.policy), NETWORK_STATIC);
    w.deafness = WORLD_DEAF_FIFO;
    CHECK(world_until(&w, NETWORK_REINSTALL, 40));
    CHECK_EQ(w.done[NETWORK_RESTART], 1);
}

TEST(network_policy_alone_on_the_segment_restarts_become_rare)
{
    world_init(&w, &world_dhcp);
    w.gateway = w.dhcp_server = false;
    world_run(&w, 110);
    CHECK_EQ(restarts(), 0);
    world_run(&w, 24 * 3600);
    CHECK(restarts() >= 20 && restarts() <= 30);
}

TEST(network_policy_driver_that_does_not_come_back_is_tried_again)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 60);
    w.deafness = WORLD_DEAF_FIFO;
    w.broken_driver = true;
    CHECK(world_until(&w, NETWORK_REINSTALL, 120));
    world_run(&w, 100);
    CHECK(w.done[NETWORK_INSTALL] >= 3);
    w.broken_driver = false;
    world_run(&w, 620);
    CHECK_EQ(network_policy_source(&w.policy), NETWORK_DHCP);
}

TEST(network_policy_link_that_stays_down_is_helped_slowly)
{
    world_init(&w, &world_dhcp);
    w.cable = false;
    world_run(&w, 590);
    CHECK_EQ(restarts(), 0);
    world_run(&w, 20);
    CHECK_EQ(restarts(), 1);
    world_run(&w, 24 * 3600);
    CHECK(restarts() >= 20 && restarts() <= 32);
    w.cable = true;
    world_run(&w, 15);
    CHECK_EQ(network_policy_source(&w.policy), NETWORK_DHCP);
}

// --- while somebody has a device attached --------------------------------------------------------

// Everything beyond our own link is away for five minutes; the connections are to be there
// afterwards, so the address must.
static void outage(bool held)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 60);
    network_policy_held(&w.policy, held);
    w.gateway = w.dhcp_server = false;
    world_run(&w, 300);
    w.gateway = w.dhcp_server = true;
    world_run(&w, 10);
}

TEST(network_policy_outage_beyond_our_link_keeps_the_address_of_who_is_attached)
{
    outage(true);
    CHECK_EQ(restarts(), 0);
    CHECK(w.done[NETWORK_RESTART_MAC] >= 2);
    CHECK_EQ(network_policy_source(&w.policy), NETWORK_DHCP);
    outage(false);
    CHECK(restarts() >= 2);
    CHECK_EQ(w.done[NETWORK_RESTART_MAC], 0);
}

TEST(network_policy_deaf_mac_is_restarted_alone_while_somebody_is_attached)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 60);
    network_policy_held(&w.policy, true);
    w.deafness = WORLD_DEAF;
    CHECK(world_until(&w, NETWORK_RESTART_MAC, NETWORK_DEAF_KNOWN_S + 2));
    world_run(&w, 3600);
    CHECK_EQ(w.done[NETWORK_RESTART_MAC], 1);
    CHECK_EQ(restarts(), 0);
}

// It is no use to anybody for ever.
TEST(network_policy_dead_fifo_gets_a_new_driver_although_somebody_is_attached)
{
    world_init(&w, &world_dhcp);
    world_run(&w, 60);
    network_policy_held(&w.policy, true);
    w.deafness = WORLD_DEAF_FIFO;
    CHECK(!world_until(&w, NETWORK_REINSTALL, NETWORK_HELD_S - 1));
    CHECK(world_until(&w, NETWORK_REINSTALL, 180));
    world_run(&w, 20);
    CHECK_EQ(network_policy_source(&w.policy), NETWORK_DHCP);
}

// No frame has come on this link, so there is no connection to keep.
TEST(network_policy_link_without_a_frame_has_no_address_to_keep)
{
    world_init(&w, &world_dhcp);
    w.gateway = w.dhcp_server = false;
    network_policy_held(&w.policy, true); // the sessions of the link before are still ending
    CHECK(world_until(&w, NETWORK_RESTART, NETWORK_DEAF_ALONE_S + 5));
    CHECK_EQ(w.done[NETWORK_RESTART_MAC], 0);
}
