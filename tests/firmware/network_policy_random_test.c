// SPDX-License-Identifier: Apache-2.0
// Long random lives of network_policy: things come and go, and what must never happen does not.
#include "tests/firmware/network_world.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

enum { LIVES = 120, CHANGES = 60, SETTLE_S = 3 * 3600 };

static struct world w;
static uint64_t last_restart_us, settings_us, squatted_us;
static uint32_t seed;

static unsigned draw(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

// Whoever could be cut off by a restart answers or talks, so a restart must have a reason.
static void judge_restart(const struct world *world)
{
    CHECK(world->now_us - world->alone_us < 2 * NETWORK_ASK_S * 1000000ull);
    if (last_restart_us)
        CHECK(world->now_us - last_restart_us >= NETWORK_DEAF_KNOWN_S * 1000000ull);
    last_restart_us = world->now_us;
}

// A static address that a client uses is only given up for another station, or by the settings.
static void judge_address(const struct world *world)
{
    bool ours = memcmp(world->address, world_static.address, NETWORK_IP_SIZE) == 0;
    if (!ours || !world->link || !world->client || world->deafness != WORLD_HEARS)
        return;
    if (world->client_us + 10000000 < world->now_us + 20000000)
        return; // it has not talked yet
    CHECK(world->now_us - settings_us < 1000000 || world->now_us - squatted_us < 120000000);
}

static void judge(struct world *world, const struct network_action *a)
{
    if (a->type >= NETWORK_RESTART_MAC) // of whichever kind
        judge_restart(world);
    if (a->type == NETWORK_USE_DHCP)
        judge_address(world);
    if (world->squatter)
        squatted_us = world->now_us;
}

static void change_settings(void)
{
    static const struct settings_network *const all[] = {&world_dhcp, &world_static,
                                                         &world_static_alone};
    settings_us = w.now_us;
    network_policy_settings(&w.policy, all[draw(3)], w.now_us);
}

static void change_something(void)
{
    bool *const flips[] = {&w.cable,   &w.gateway, &w.dhcp_server,  &w.squatter,
                           &w.chatter, &w.client,  &w.broken_driver};
    unsigned what = draw(11);
    if (what < 7)
        *flips[what] = !*flips[what];
    else if (what == 7)
        w.deafness = WORLD_DEAF;
    else if (what == 8)
        w.deafness = WORLD_DEAF_FIFO;
    else if (what == 9)
        network_policy_held(&w.policy, !w.policy.held);
    else
        change_settings();
    if (!w.dhcp_server && w.dhcp_on) { // the lease ends
        memset(w.address, 0, sizeof w.address);
        w.dhcp_since_us = w.now_us;
    }
}

static void live(void)
{
    for (unsigned i = 0; i < CHANGES; i++) {
        change_something();
        world_run(&w, 1 + draw(draw(4) ? 60 : 1200));
    }
}

// What the best address is, now that nothing changes any more.
static enum network_source best(void)
{
    bool is_static = w.policy.wanted.addressing == SETTINGS_STATIC;
    bool silent = w.policy.wanted.gateway[0] && !w.gateway && !w.client;
    if (is_static && !w.squatter && (!silent || !w.dhcp_server))
        return NETWORK_STATIC;
    return w.dhcp_server ? NETWORK_DHCP : NETWORK_LINK_LOCAL;
}

// Now and then something better is looked for; most of the time the best address is there.
static void check_settled(void)
{
    unsigned good = 0;
    w.cable = w.broken_driver = false;
    world_run(&w, 5); // what was proven on the old link counts no more
    w.cable = true;
    world_run(&w, SETTLE_S);
    for (unsigned i = 0; i < 100; i++) {
        world_run(&w, 18);
        good += network_policy_source(&w.policy) == best();
    }
    CHECK(w.link && w.deafness == WORLD_HEARS);
    if (good < 90)
        check_fail(__FILE__, __LINE__, "best address %d in %u of 100 looks, now %d, step %d",
                   (int)best(), good, (int)network_policy_source(&w.policy), (int)w.policy.step);
}

TEST(network_policy_random_lives_end_reachable)
{
    static const struct settings_network *const first[] = {&world_dhcp, &world_static};
    unsigned lives = getenv("USBIP_TEST_LONG") && *getenv("USBIP_TEST_LONG") ? 20 * LIVES : LIVES;
    for (unsigned i = 0; i < lives; i++) {
        seed = i;
        last_restart_us = settings_us = squatted_us = 0;
        world_init(&w, first[i % 2]);
        w.judge = judge;
        live();
        check_settled();
    }
}
