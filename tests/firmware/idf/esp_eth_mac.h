// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include "esp_eth_com.h"

#include <stdint.h>

typedef struct esp_eth_mac_s esp_eth_mac_t;

struct esp_eth_mac_s {
    esp_err_t (*set_link)(esp_eth_mac_t *mac, eth_link_t link);
    esp_err_t (*del)(esp_eth_mac_t *mac);
};

typedef struct {
    uint32_t sw_reset_timeout_ms;
    uint32_t rx_task_stack_size;
    uint32_t rx_task_prio;
    uint32_t flags;
} eth_mac_config_t;

#define ETH_MAC_FLAG_WORK_WITH_CACHE_DISABLE (1 << 0)
#define ETH_MAC_FLAG_PIN_TO_CORE (1 << 1)

#define ETH_MAC_DEFAULT_CONFIG()                                                                   \
    {                                                                                              \
        .sw_reset_timeout_ms = 100, .rx_task_stack_size = 4096, .rx_task_prio = 15, .flags = 0,    \
    }
