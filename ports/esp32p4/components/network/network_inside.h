// SPDX-License-Identifier: Apache-2.0
// Inside of network: what its files share.
#pragma once

#include "mdns_esp.h"
#include "network.h"
#include "ports/posix/posix_calls.h"

#include <pthread.h>

enum { NETWORK_EVENTS = 4 }; // link up and down, stopped, address

// What is done when the event loop has handled the driver's stop: until then lwIP has the
// interface.
enum network_pending { NETWORK_NOTHING_PENDING, NETWORK_START_PENDING, NETWORK_INSTALL_PENDING };

// What was left for the network task, all of it latest values. Under `lock`.
struct network_word {
    bool link_up;
    uint32_t losses; // of the link, also if it is back already
    bool stopped;    // the event loop has handled STOP
    struct settings_network network;
    char host_name[SETTINGS_HOST_NAME_SIZE];
    unsigned devices;
    bool held;
    bool stop;
};

struct network {
    struct network_config config;
    struct posix_calls wake; // only to be woken
    pthread_mutex_t lock;    // guards `word` and `state`
    struct network_word word;
    struct network_state state;

    // Network task.
    struct network_eth eth;
    struct network_policy policy;
    struct mdns_esp mdns;
    struct network_sntp sntp;
    esp_event_handler_instance_t handlers[NETWORK_EVENTS];
    struct network_word done; // what has been taken from `word`
    enum network_pending pending;
    uint64_t stopped_by_us; // when to go on even without STOP
    bool has_link_local6;
};

void network_listen_no_more(struct network *n);

// Carries one action out.
void network_act(struct network *n, const struct network_action *a, uint64_t now_us);

// Second half of RESTART and REINSTALL, when its time has come.
void network_go_on(struct network *n, uint64_t now_us);

// The link is gone, as far as we are concerned.
void network_forget_link(struct network *n, uint64_t now_us);
