// SPDX-License-Identifier: Apache-2.0
// Which address to use: the steps that network_policy.h describes.
#include "network_policy_state.h"

static void enter_step(struct network_policy *p, enum network_step step, uint64_t now_us)
{
    p->step = step;
    p->step_us = p->ask_us = now_us;
    p->base = p->heard;
    p->conflicts_seen = p->heard.conflicts;
    p->defences = 0;
    p->link_local_checking = false;
}

static bool lasted(const struct network_policy *p, uint64_t us, uint64_t now_us)
{
    return now_us >= p->step_us + us;
}

// Whether it is time for this step's next ARP, which comes every `every_s`.
static bool ask_now(struct network_policy *p, unsigned every_s, uint64_t now_us)
{
    if (now_us < p->ask_us)
        return false;
    p->ask_us = now_us + network_seconds(every_s);
    return true;
}

static bool wants_static(const struct network_policy *p)
{
    return p->wanted.addressing == SETTINGS_STATIC;
}

static void leave_static(struct network_policy *p, enum network_action_type instead,
                         uint64_t now_us)
{
    network_policy_emit(p, instead);
    p->nothing_us = now_us;
    if (p->using_static)
        memset(p->address, 0, sizeof p->address); // until lwIP has another one
    p->using_static = false;
}

static void take_static(struct network_policy *p, uint64_t now_us)
{
    network_policy_emit(p, NETWORK_USE_STATIC);
    p->using_static = true;
    memset(p->address, 0, sizeof p->address); // until lwIP has it
    enter_step(p, NETWORK_STEP_PROVING, now_us);
}

static void fall_back(struct network_policy *p, enum network_trouble trouble, uint64_t now_us)
{
    leave_static(p, NETWORK_USE_DHCP, now_us);
    p->trouble = trouble;
    p->falls += p->step != NETWORK_STEP_HELD; // HELD is part of the same fall
    p->retry_us = now_us + network_doubled(NETWORK_RETRY_S, p->falls - 1, NETWORK_RETRY_MAX_S);
    enter_step(p, NETWORK_STEP_FALLEN, now_us);
}

static void take_as_proven(struct network_policy *p, uint64_t now_us)
{
    p->trouble = NETWORK_NO_TROUBLE;
    p->holds = 0;
    enter_step(p, NETWORK_STEP_STATIC, now_us);
    // Once more: what was asked before may not have reached anybody (spanning tree).
    network_policy_ask(p, network_no_ip, p->wanted.address);
}

static bool conflict_in_step(const struct network_policy *p)
{
    return p->heard.conflicts != p->base.conflicts;
}

static bool answer_in_step(const struct network_policy *p)
{
    return p->heard.answers != p->base.answers;
}

static void checking_turn(struct network_policy *p, uint64_t now_us)
{
    if (conflict_in_step(p))
        fall_back(p, NETWORK_IN_USE, now_us);
    else if (lasted(p, network_seconds(NETWORK_CHECK_S), now_us))
        take_static(p, now_us);
    else if (ask_now(p, 1, now_us))
        network_policy_ask(p, network_no_ip, p->wanted.address);
}

// RFC 5227 2.4: the address in use is defended, but not for ever. Most stations do not repeat their
// claim, so they are asked whether they still have it.
static void static_turn(struct network_policy *p, uint64_t now_us)
{
    if (p->defences && now_us >= p->contest_us + network_seconds(NETWORK_CONTEST_S))
        p->defences = 0;
    if (p->conflicts_seen == p->heard.conflicts || (p->defences && now_us < p->defend_us)) {
        if (p->defences && ask_now(p, NETWORK_DEFEND_S, now_us))
            network_policy_ask(p, network_no_ip, p->wanted.address);
        return;
    }
    p->conflicts_seen = p->heard.conflicts;
    if (p->defences == NETWORK_DEFENCES) {
        fall_back(p, NETWORK_IN_USE, now_us);
        return;
    }
    if (p->defences++ == 0)
        p->contest_us = now_us;
    p->defend_us = now_us + network_seconds(NETWORK_DEFEND_S);
    p->ask_us = now_us + network_seconds(NETWORK_DEFEND_S) / 2;
    network_policy_ask(p, p->wanted.address, p->wanted.address);
}

// Static in use without proof; `every_s`: how often the gateway is asked. True: the step is over.
static bool unproven_turn(struct network_policy *p, unsigned every_s, uint64_t now_us)
{
    if (conflict_in_step(p)) {
        fall_back(p, NETWORK_IN_USE, now_us);
        return true;
    }
    if (answer_in_step(p) || p->heard.for_us != p->base.for_us ||
        !network_ip_set(p->wanted.gateway)) {
        take_as_proven(p, now_us);
        return true;
    }
    if (ask_now(p, every_s, now_us))
        network_policy_ask(p, p->wanted.address, p->wanted.gateway);
    return false;
}

static void held_turn(struct network_policy *p, uint64_t now_us)
{
    if (unproven_turn(p, 10, now_us))
        return;
    if (lasted(p, network_doubled(NETWORK_HOLD_S, p->holds - 1, NETWORK_HOLD_MAX_S), now_us))
        fall_back(p, NETWORK_GATEWAY_SILENT, now_us);
}

static void hold(struct network_policy *p, uint64_t now_us)
{
    take_static(p, now_us);
    p->holds++;
    enter_step(p, NETWORK_STEP_HELD, now_us);
}

static void fallen_turn(struct network_policy *p, uint64_t now_us)
{
    if (network_policy_source(p) != NETWORK_DHCP && p->trouble != NETWORK_IN_USE &&
        now_us >= p->nothing_us + network_seconds(NETWORK_DHCP_S))
        hold(p, now_us);
    else if (now_us >= p->retry_us)
        enter_step(p, NETWORK_STEP_RETRYING, now_us);
}

// The address in use stays as it is until the outcome is known.
static void retrying_turn(struct network_policy *p, uint64_t now_us)
{
    bool free = !conflict_in_step(p),
         answered = answer_in_step(p) || !network_ip_set(p->wanted.gateway);
    if (!lasted(p, network_seconds(NETWORK_CHECK_S), now_us)) {
        if (!ask_now(p, 1, now_us))
            return;
        network_policy_ask(p, network_no_ip, p->wanted.address);
        if (network_ip_set(p->wanted.gateway))
            network_policy_ask(p, network_no_ip, p->wanted.gateway);
    } else if (free && answered) {
        take_static(p, now_us);
    } else {
        p->trouble = free ? NETWORK_GATEWAY_SILENT : NETWORK_IN_USE;
        p->retry_us = now_us + network_doubled(NETWORK_RETRY_S, p->falls - 1, NETWORK_RETRY_MAX_S);
        p->nothing_us = now_us;
        enter_step(p, NETWORK_STEP_FALLEN, now_us);
    }
}

void network_policy_address_turn(struct network_policy *p, uint64_t now_us)
{
    switch (p->step) {
    case NETWORK_STEP_DOWN:
    case NETWORK_STEP_DHCP:
        break;
    case NETWORK_STEP_CHECKING:
        checking_turn(p, now_us);
        break;
    case NETWORK_STEP_PROVING:
        if (!unproven_turn(p, 2, now_us) && lasted(p, network_seconds(NETWORK_PROVE_S), now_us))
            fall_back(p, NETWORK_GATEWAY_SILENT, now_us);
        break;
    case NETWORK_STEP_STATIC:
        static_turn(p, now_us);
        break;
    case NETWORK_STEP_HELD:
        held_turn(p, now_us);
        break;
    case NETWORK_STEP_FALLEN:
        fallen_turn(p, now_us);
        break;
    case NETWORK_STEP_RETRYING:
        retrying_turn(p, now_us);
        break;
    }
}

void network_policy_begin(struct network_policy *p, uint64_t now_us)
{
    p->trouble = NETWORK_NO_TROUBLE;
    p->falls = p->holds = 0;
    if (wants_static(p) && network_ip_set(p->wanted.gateway))
        network_policy_meet(p, p->wanted.gateway);
    if (!wants_static(p)) {
        leave_static(p, NETWORK_USE_DHCP, now_us);
        enter_step(p, p->link_up ? NETWORK_STEP_DHCP : NETWORK_STEP_DOWN, now_us);
    } else if (p->link_up) {
        enter_step(p, NETWORK_STEP_CHECKING, now_us);
    } else {
        leave_static(p, NETWORK_USE_NOTHING, now_us); // or it would be in use before it is checked
        enter_step(p, NETWORK_STEP_DOWN, now_us);
    }
}
