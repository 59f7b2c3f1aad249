// SPDX-License-Identifier: Apache-2.0
// What the API says of the machine that the server runs on. Loop thread.
#pragma once

#include "api/api.h"

struct host_facts {
    struct api_port_facts facts;
    uint64_t made_us; // addresses and names change seldom
};

// For api_context.port_facts, with a struct host_facts as its context. Before the first call only
// facts.usbip_port need be set.
void host_facts_fill(void *host_facts, struct api_port_facts *out);
