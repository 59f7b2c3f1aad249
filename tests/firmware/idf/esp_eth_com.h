// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include "esp_err.h"
#include "esp_event_base.h"

typedef enum {
    EMAC_DATA_INTERFACE_RMII,
    EMAC_DATA_INTERFACE_MII,
} eth_data_interface_t;

typedef enum {
    ETH_LINK_UP,
    ETH_LINK_DOWN,
} eth_link_t;

typedef enum {
    ETH_SPEED_10M,
    ETH_SPEED_100M,
    ETH_SPEED_MAX,
} eth_speed_t;

typedef enum {
    ETH_DUPLEX_HALF,
    ETH_DUPLEX_FULL,
} eth_duplex_t;

typedef enum {
    ETH_DMA_BURST_LEN_32,
    ETH_DMA_BURST_LEN_16,
    ETH_DMA_BURST_LEN_8,
    ETH_DMA_BURST_LEN_4,
    ETH_DMA_BURST_LEN_2,
    ETH_DMA_BURST_LEN_1,
} eth_mac_dma_burst_len_t;

typedef enum {
    ETHERNET_EVENT_START,
    ETHERNET_EVENT_STOP,
    ETHERNET_EVENT_CONNECTED,
    ETHERNET_EVENT_DISCONNECTED,
} eth_event_t;

// The event data is the driver's handle.
ESP_EVENT_DECLARE_BASE(ETH_EVENT);
