// SPDX-License-Identifier: Apache-2.0
// Inside of network_double: what its files share.
#pragma once

#include "tests/firmware/network_double.h"

#include "esp_eth.h"
#include "esp_event.h"
#include "esp_netif.h"
#include "esp_system.h"

enum { HANDLERS = 32, EVENTS = 32, TEXT_SIZE = 64 };

static const uint8_t network_double_gateway_ip[] = {192, 168, 1, 1};
static const uint8_t network_double_lease_ip[] = {192, 168, 1, 77};

struct handler {
    esp_event_base_t base;
    int32_t id;
    esp_event_handler_t fn;
    void *arg;
};

struct event {
    esp_event_base_t base;
    int32_t id;
};

typedef esp_err_t input_fn(esp_eth_handle_t, uint8_t *, uint32_t, void *);

enum dhcp { DHCP_INIT, DHCP_STARTED, DHCP_STOPPED };

struct network_double {
    unsigned squatter; // answers so many times
    struct handler handlers[HANDLERS];
    struct event events[EVENTS];
    unsigned event_count;
    bool cable, gateway, lease, late_lease, deaf;           // the world
    bool installed, started, polled, link, mac, phy, glued; // the driver
    bool interface, added, up;                              // the interface
    enum dhcp dhcp;
    esp_netif_ip_info_t info, in_use;
    uint32_t dns;
    char host_name[TEXT_SIZE];
    input_fn *input;
    void *input_arg;
    shutdown_handler_t shutdown;
    esp_event_handler_instance_t glue[4];
};
extern struct network_double network_double;      // as there is one chip
extern _Thread_local bool network_double_in_lwip; // the caller runs as lwIP's task

void network_double_write(const char *word, const char *detail);
bool network_double_fails(const char *call);
void network_double_forget_names(void); // mDNS and SNTP as at the start

// Writes the call down; ESP_FAIL if it was asked to fail.
esp_err_t network_double_call(const char *word);

void network_double_post(esp_event_base_t base, int32_t id); // waits for network_double_pump()
bool network_double_dispatch(void); // the oldest event; false: there is none
const char *network_double_ip_text(char text[TEXT_SIZE], uint32_t address);
