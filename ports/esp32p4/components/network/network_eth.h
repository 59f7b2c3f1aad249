// SPDX-License-Identifier: Apache-2.0
// The chip's Ethernet MAC with its PHY, under a network interface that outlives the driver. Thin:
// when what is done is decided in network_policy. Network task only, except for what frames does in
// the receive task, and network_eth_halt().
// Checked against ESP-IDF v5.5.5: esp_eth_driver.h, esp_eth_mac_esp.h, esp_eth_phy.h.
#pragma once

#include "esp_eth.h"
#include "esp_netif.h"
#include "network_frames.h"

#include <stdbool.h>
#include <stdint.h>

enum network_phy {
    NETWORK_PHY_IP101,
    NETWORK_PHY_LAN87XX,
    NETWORK_PHY_RTL8201,
    NETWORK_PHY_DP83848,
    NETWORK_PHY_KSZ80XX,
    NETWORK_PHY_GENERIC, // any that follows IEEE 802.3
};

// Pins are GPIO numbers; RMII only. The PHY makes the 50 MHz clock.
struct network_eth_config {
    enum network_phy phy;
    int phy_address;   // on the management bus; -1: look for it
    int phy_reset_pin; // -1: none
    int mdc_pin, mdio_pin;
    int32_t mdc_hz; // clock of the management bus; 0: up to 2.5 MHz (some LAN8720 want less)
    int ref_clk_pin, tx_en_pin, txd0_pin, txd1_pin, crs_dv_pin, rxd0_pin, rxd1_pin;
    uint32_t receive_stack, receive_priority; // of the driver's receive task; 0: ESP-IDF's
};

struct network_eth {
    const struct network_eth_config *config;
    esp_netif_t *netif;
    struct network_frames frames;
    esp_eth_mac_t *mac;
    esp_eth_phy_t *phy;
    esp_eth_handle_t driver; // NULL: not installed
    esp_eth_netif_glue_handle_t glue;
};

// True if the configuration uses `pin` for Ethernet, so that nothing else may.
bool network_eth_uses(const struct network_eth_config *c, int pin);

// Creates the interface. `config` is borrowed. False: no memory.
bool network_eth_init(struct network_eth *e, const struct network_eth_config *config);

// Installs the driver, stopped; there is none. ESP_OK, or what failed, and then nothing of it is
// left.
esp_err_t network_eth_install(struct network_eth *e);

// Of a driver that is stopped, and whose event STOP has been handled by the event loop (or lwIP
// would still have the interface, and get it a second time).
void network_eth_uninstall(struct network_eth *e);

esp_err_t network_eth_start(struct network_eth *e);
esp_err_t network_eth_stop(struct network_eth *e);

// Stops and starts the MAC alone, as the driver does when the link goes and comes; but nobody is
// told, so lwIP keeps its address.
esp_err_t network_eth_restart_mac(struct network_eth *e);

// Sends an ARP request (network_frames_arp); does nothing without link.
void network_eth_ask(struct network_eth *e, const uint8_t sender[NETWORK_IP_SIZE],
                     const uint8_t target[NETWORK_IP_SIZE]);

struct network_link {
    unsigned speed_mbit;
    bool full_duplex;
};
void network_eth_link(const struct network_eth *e, struct network_link *link);

// Stops the MAC's DMA, for good, before the chip restarts: esp_restart() does not, and frames would
// be written into the memory of the next start (espressif/esp-idf#19085). Any task.
void network_eth_halt(const struct network_eth *e);

// Stops the driver, removes it and the interface.
void network_eth_destroy(struct network_eth *e);
