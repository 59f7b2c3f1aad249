// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include "esp_eth_com.h"
#include "esp_eth_mac.h"

typedef enum {
    EMAC_CLK_DEFAULT,
    EMAC_CLK_EXT_IN,
    EMAC_CLK_OUT,
} emac_rmii_clock_mode_t;

typedef int emac_rmii_clock_gpio_t;

typedef union {
    struct {
        emac_rmii_clock_mode_t clock_mode;
        emac_rmii_clock_gpio_t clock_gpio;
    } rmii;
} eth_mac_clock_config_t;

typedef struct {
    int mdc_num;
    int mdio_num;
} emac_esp_smi_gpio_config_t;

typedef struct {
    int tx_en_num;
    int txd0_num;
    int txd1_num;
    int crs_dv_num;
    int rxd0_num;
    int rxd1_num;
} eth_mac_rmii_gpio_config_t;

typedef union {
    eth_mac_rmii_gpio_config_t rmii;
} eth_mac_dataif_gpio_config_t;

typedef struct {
    emac_esp_smi_gpio_config_t smi_gpio;
    eth_data_interface_t interface;
    eth_mac_clock_config_t clock_config;
    eth_mac_dma_burst_len_t dma_burst_len;
    int intr_priority;
    eth_mac_dataif_gpio_config_t emac_dataif_gpio;
    eth_mac_clock_config_t clock_config_out_in;
    int32_t mdc_freq_hz; // 0: at most 2.5 MHz
} eth_esp32_emac_config_t;

esp_eth_mac_t *esp_eth_mac_new_esp32(const eth_esp32_emac_config_t *esp32_config,
                                     const eth_mac_config_t *config);
