// SPDX-License-Identifier: Apache-2.0
// When to restart the driver.
#include "network_policy_state.h"

// Restart number `failures` of a row may come when its cause has lasted so long.
static uint64_t patience(const struct network_policy *p, unsigned first_s)
{
    return network_doubled(first_s, p->failures, NETWORK_RESTART_MAX_S);
}

// May a connection still be worth more than what only a restart of the whole driver helps?
static bool keeps_address(const struct network_policy *p, uint64_t now_us)
{
    return p->held && p->frame_us && now_us < p->frame_us + network_seconds(NETWORK_HELD_S);
}

static void restart(struct network_policy *p, uint64_t now_us)
{
    bool mac_only = keeps_address(p, now_us);
    p->reinstalled = !mac_only && (p->failures > 0 || p->reinstall_only);
    if (mac_only)
        network_policy_emit(p, NETWORK_RESTART_MAC);
    else
        network_policy_emit(p, p->reinstalled ? NETWORK_REINSTALL : NETWORK_RESTART);
    p->installed = !p->reinstalled;
    p->install_us = UINT64_MAX; // network_policy_installed() comes first
    p->restarted = true;
    p->partner_heard = false;
    p->failures++;
    p->restarts++;
    p->quiet_us = p->down_us = p->restart_us = now_us;
}

static void link_down_turn(struct network_policy *p, uint64_t now_us)
{
    uint64_t limit = patience(p, p->restarted ? NETWORK_LINK_BACK_S : NETWORK_LINK_DOWN_S);
    if (now_us >= p->down_us + limit)
        restart(p, now_us);
}

// Who should answer: the last gateway known, and the station that last looked for us. Without
// naming an address of ours, which may not be of their network.
static void ask_partners(struct network_policy *p)
{
    if (network_ip_set(p->partner))
        network_policy_ask(p, network_no_ip, p->partner);
    if (network_ip_set(p->heard.neighbour) && !network_same_ip(p->heard.neighbour, p->partner))
        network_policy_ask(p, network_no_ip, p->heard.neighbour);
}

static void link_up_turn(struct network_policy *p, uint64_t now_us)
{
    if (now_us < p->quiet_us + network_seconds(NETWORK_ASK_S))
        return;
    if (now_us >= p->keep_us) {
        p->keep_us = now_us + network_seconds(NETWORK_ASK_S);
        ask_partners(p);
    }
    uint64_t limit = patience(p, p->partner_known ? NETWORK_DEAF_KNOWN_S : NETWORK_DEAF_ALONE_S);
    if (now_us >= p->quiet_us + limit)
        restart(p, now_us);
}

void network_policy_watchdog_turn(struct network_policy *p, uint64_t now_us)
{
    if (!p->installed) {
        if (now_us < p->install_us)
            return;
        p->install_us = UINT64_MAX;
        network_policy_emit(p, NETWORK_INSTALL);
    } else if (p->link_up) {
        link_up_turn(p, now_us);
    } else {
        link_down_turn(p, now_us);
    }
}

// The link came up by itself, not because of a restart: nothing is known of who is there.
void network_policy_new_link(struct network_policy *p)
{
    p->partner_known = p->partner_heard = false;
    p->restarted = false;
    p->failures = 0;
}

// A frame ends a row of restarts if somebody has answered, who can then be asked again. If not, it
// may be one of the few that a silent network has when a link comes up, and restarts must become
// rarer all the same. If it took a new driver to hear one, that is what the next restart does.
void network_policy_hear_frame(struct network_policy *p, uint64_t now_us)
{
    p->quiet_us = p->frame_us = now_us;
    p->keep_us = 0;
    if (p->restarted && p->reinstalled)
        p->reinstall_only = true;
    p->restarted = false;
    if (p->partner_heard || now_us >= p->restart_us + network_seconds(NETWORK_STEADY_S))
        p->failures = 0;
}

void network_policy_meet(struct network_policy *p, const uint8_t gateway[NETWORK_IP_SIZE])
{
    if (network_same_ip(p->partner, gateway))
        return;
    p->partner_known = false;
    memcpy(p->partner, gateway, NETWORK_IP_SIZE);
}
