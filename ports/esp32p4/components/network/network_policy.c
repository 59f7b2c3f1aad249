// SPDX-License-Identifier: Apache-2.0
#include "network_policy_state.h"

// --- what happens --------------------------------------------------------------------------------

void network_policy_init(struct network_policy *p, const struct settings_network *wanted,
                         uint64_t now_us)
{
    *p = (struct network_policy){.wanted = *wanted, .down_us = now_us, .install_us = now_us};
    network_policy_begin(p, now_us);
}

void network_policy_link(struct network_policy *p, bool up, uint64_t now_us)
{
    if (p->link_up == up)
        return;
    p->link_up = up;
    if (up && (!p->restarted || now_us > p->down_us + network_seconds(NETWORK_LINK_BACK_S)))
        network_policy_new_link(p);
    p->quiet_us = p->down_us = p->keep_us = now_us;
    p->frame_us = 0;
    memset(p->address, 0, sizeof p->address);
    memset(p->gateway, 0, sizeof p->gateway);
    network_policy_begin(p, now_us);
}

void network_policy_installed(struct network_policy *p, bool ok, uint64_t now_us)
{
    p->installed = ok;
    p->down_us = now_us;
    p->install_failures = ok ? 0 : p->install_failures + 1;
    p->install_us = now_us;
    if (!ok)
        p->install_us +=
            network_doubled(NETWORK_INSTALL_S, p->install_failures - 1, NETWORK_LINK_DOWN_S);
}

void network_policy_address(struct network_policy *p, const uint8_t address[NETWORK_IP_SIZE],
                            const uint8_t gateway[NETWORK_IP_SIZE], uint64_t now_us)
{
    if (network_ip_set(gateway))
        network_policy_meet(p, gateway);
    memcpy(p->address, address, NETWORK_IP_SIZE);
    memcpy(p->gateway, gateway, NETWORK_IP_SIZE);
    if (network_policy_source(p) == NETWORK_DHCP)
        p->nothing_us = now_us;
}

void network_policy_heard(struct network_policy *p, const struct network_heard *h, uint64_t now_us)
{
    if (h->replies != p->heard.replies)
        p->partner_known = p->partner_heard = true;
    if (h->frames != p->heard.frames && p->link_up)
        network_policy_hear_frame(p, now_us);
    p->heard = *h;
}

void network_policy_held(struct network_policy *p, bool held)
{
    p->held = held;
}

void network_policy_settings(struct network_policy *p, const struct settings_network *wanted,
                             uint64_t now_us)
{
    struct settings_network old = p->wanted;
    p->wanted = *wanted;
    if (old.addressing == wanted->addressing && network_same_ip(old.address, wanted->address) &&
        network_same_ip(old.netmask, wanted->netmask) &&
        network_same_ip(old.gateway, wanted->gateway) && network_same_ip(old.dns, wanted->dns))
        return;
    network_policy_begin(p, now_us);
}

// --- what to do ----------------------------------------------------------------------------------

bool network_policy_next(struct network_policy *p, uint64_t now_us, struct network_action *a)
{
    if (p->action_count == 0) {
        network_policy_address_turn(p, now_us);
        network_policy_link_local_turn(p, now_us);
        network_policy_watchdog_turn(p, now_us);
    }
    if (p->action_count == 0)
        return false;
    *a = p->actions[0];
    p->action_count--;
    memmove(p->actions, p->actions + 1, p->action_count * sizeof p->actions[0]);
    return true;
}

void network_policy_watch(const struct network_policy *p, struct network_watch *w)
{
    bool about_static = p->step != NETWORK_STEP_DOWN && p->step != NETWORK_STEP_DHCP;
    *w = (struct network_watch){0};
    memcpy(w->own, p->address, NETWORK_IP_SIZE);
    memcpy(w->claimed, about_static ? p->wanted.address : p->address, NETWORK_IP_SIZE);
    if (p->link_local_checking)
        memcpy(w->claimed, p->link_local, NETWORK_IP_SIZE);
    memcpy(w->gateway, about_static ? p->wanted.gateway : p->gateway, NETWORK_IP_SIZE);
}
