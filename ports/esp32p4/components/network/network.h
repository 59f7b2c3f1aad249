// SPDX-License-Identifier: Apache-2.0
// The box's network: Ethernet, its address (network_policy.h says which, and when the driver is
// restarted), name, announcement (mdns_esp.h) and clock (network_sntp.h).
//
// Threads: one task, which the port makes, runs network_run() and does everything; the functions
// that say "any task" only leave word for it, or copy what it has left. The driver's, lwIP's and
// the event loop's tasks do no more than that either.
#pragma once

#include "network_eth.h"
#include "network_policy.h"
#include "network_sntp.h"

#include <stdbool.h>
#include <stdint.h>

struct network_state {
    bool installed; // the Ethernet driver
    bool link_up;
    struct network_link link; // while it is up
    enum network_source source;
    enum network_trouble trouble; // why not the static address, or what is wrong with it
    uint8_t address[NETWORK_IP_SIZE], netmask[NETWORK_IP_SIZE], gateway[NETWORK_IP_SIZE];
    uint8_t link_local6[16]; // IPv6, which works whatever IPv4 does; all 0: none
    uint8_t mac[NETWORK_MAC_SIZE];
    char host_name[SETTINGS_HOST_NAME_SIZE];
    uint32_t frames;   // received since start
    uint32_t answers;  // ARP replies of the gateway among them: it hears us
    uint32_t restarts; // of the driver by the watchdog
};

struct network_config {
    struct network_eth_config eth;
    uint16_t usbip_port, http_port; // announced
    const char *version;            // announced; borrowed
    struct network_clock clock;

    // The state is another one (counts apart). Network task; must not block. May be NULL.
    void (*changed)(void *ctx, const struct network_state *state);
    void *ctx;
};

struct network;

// Creates the interface; the event loop and lwIP are started if they are not there. `config` is
// copied, of `settings` the host name and the network. NULL: *why is a sentence (static).
struct network *network_create(const struct network_config *config, const struct settings *settings,
                               const char **why);

// The network task, under the task watchdog, until network_stop(). Time: posix_now_us().
void network_run(struct network *n);
void network_stop(struct network *n); // any task

// One round of it, which a test may call instead; at least every half second.
void network_turn(struct network *n, uint64_t now_us);

// After network_run(). Removes everything.
void network_destroy(struct network *n);

// --- any task ------------------------------------------------------------------------------------

// Other settings: applied by the network task if they differ.
void network_settings(struct network *n, const struct settings *settings);

// How many devices can be attached, for the announcement.
void network_devices(struct network *n, unsigned devices);

// Whether somebody has a device attached: then the watchdog keeps the address for longer.
void network_held(struct network *n, bool held);

void network_state(struct network *n, struct network_state *state);

// "192.168.1.10".
enum { NETWORK_ADDRESS_SIZE = 16 };
void network_address_text(const uint8_t address[NETWORK_IP_SIZE], char text[NETWORK_ADDRESS_SIZE]);

// Where the address comes from ("DHCP"), and what is wrong in plain words; "" if nothing is.
const char *network_source_text(enum network_source source);
const char *network_trouble_text(const struct network_state *state);
