// SPDX-License-Identifier: Apache-2.0
// What the parts of the policy share: times, the source of the address, actions to be done.
#include "network_policy_state.h"

#include <assert.h>

const uint8_t network_no_ip[NETWORK_IP_SIZE];

uint64_t network_doubled(unsigned first, unsigned times, unsigned most)
{
    uint64_t s = first;
    for (unsigned i = 0; i < times && s < most; i++)
        s *= 2;
    return network_seconds(s < most ? (unsigned)s : most);
}

static bool is_link_local(const uint8_t ip[NETWORK_IP_SIZE])
{
    return ip[0] == 169 && ip[1] == 254; // RFC 3927
}

enum network_source network_policy_source(const struct network_policy *p)
{
    if (!network_ip_set(p->address))
        return NETWORK_NO_ADDRESS;
    if (p->using_static)
        return NETWORK_STATIC;
    return is_link_local(p->address) ? NETWORK_LINK_LOCAL : NETWORK_DHCP;
}

static struct network_action *add_action(struct network_policy *p, enum network_action_type type)
{
    assert(p->action_count < NETWORK_MAX_ACTIONS);
    struct network_action *a = &p->actions[p->action_count++];
    *a = (struct network_action){.type = type};
    return a;
}

void network_policy_emit(struct network_policy *p, enum network_action_type type)
{
    add_action(p, type);
}

void network_policy_ask(struct network_policy *p, const uint8_t sender[NETWORK_IP_SIZE],
                        const uint8_t target[NETWORK_IP_SIZE])
{
    struct network_action *a = add_action(p, NETWORK_ASK);
    memcpy(a->sender, sender, NETWORK_IP_SIZE);
    memcpy(a->target, target, NETWORK_IP_SIZE);
}

void network_policy_use_link_local(struct network_policy *p)
{
    struct network_action *a = add_action(p, NETWORK_USE_LINK_LOCAL);
    memcpy(a->target, p->link_local, NETWORK_IP_SIZE);
    memcpy(p->address, p->link_local, NETWORK_IP_SIZE);
}
