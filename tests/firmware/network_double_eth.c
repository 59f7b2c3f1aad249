// SPDX-License-Identifier: Apache-2.0
// The Ethernet driver of tests/firmware/network_double.h, and what is behind the cable.
#include "tests/firmware/network_double_state.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

static const uint8_t squatter_ip[] = {192, 168, 1, 50};
static const uint8_t their_mac[] = {2, 0, 0, 0, 0, 2}, our_mac[] = {2, 0, 0, 0, 0, 1};

// --- driver --------------------------------------------------------------------------------------

static esp_err_t del_mac(esp_eth_mac_t *mac)
{
    CHECK(mac && network_double.mac && !network_double.installed);
    network_double.mac = false;
    return network_double_call("del_mac");
}

static esp_err_t del_phy(esp_eth_phy_t *phy)
{
    CHECK(phy && network_double.phy && !network_double.installed);
    network_double.phy = false;
    return network_double_call("del_phy");
}

// In lwIP's task: the MAC does not expect that somebody sends.
static esp_err_t set_link(esp_eth_mac_t *mac, eth_link_t link)
{
    CHECK(mac && network_double.started && network_double_in_lwip);
    return network_double_call(link == ETH_LINK_UP ? "mac_up" : "mac_down");
}

static char pins[TEXT_SIZE];

const char *network_double_pins(void)
{
    return pins;
}

esp_eth_mac_t *esp_eth_mac_new_esp32(const eth_esp32_emac_config_t *esp32_config,
                                     const eth_mac_config_t *config)
{
    static esp_eth_mac_t mac = {.set_link = set_link, .del = del_mac};
    const eth_mac_rmii_gpio_config_t *r = &esp32_config->emac_dataif_gpio.rmii;
    CHECK(!network_double.mac && config->sw_reset_timeout_ms);
    CHECK_EQ(esp32_config->clock_config.rmii.clock_mode, EMAC_CLK_EXT_IN);
    CHECK_EQ(config->flags, ETH_MAC_FLAG_PIN_TO_CORE); // its task is lwIP's neighbour, not USB's
    snprintf(pins, sizeof pins, "%d,%d,%d,%d,%d,%d,%d,%d,%d", esp32_config->smi_gpio.mdc_num,
             esp32_config->smi_gpio.mdio_num, esp32_config->clock_config.rmii.clock_gpio,
             r->tx_en_num, r->txd0_num, r->txd1_num, r->crs_dv_num, r->rxd0_num, r->rxd1_num);
    network_double_write("mac", pins);
    network_double.mac = true;
    return &mac;
}

static esp_eth_phy_t *new_phy(const char *name, const eth_phy_config_t *config)
{
    static esp_eth_phy_t phy = {.del = del_phy};
    char text[TEXT_SIZE];
    CHECK(!network_double.phy);
    snprintf(text, sizeof text, "%d,%d", (int)config->phy_addr, config->reset_gpio_num);
    network_double_write(name, text);
    network_double.phy = true;
    return &phy;
}

esp_eth_phy_t *esp_eth_phy_new_generic(const eth_phy_config_t *config)
{
    return new_phy("generic", config);
}

esp_eth_phy_t *esp_eth_phy_new_ip101(const eth_phy_config_t *config)
{
    return new_phy("ip101", config);
}

esp_eth_phy_t *esp_eth_phy_new_rtl8201(const eth_phy_config_t *config)
{
    return new_phy("rtl8201", config);
}

esp_eth_phy_t *esp_eth_phy_new_lan87xx(const eth_phy_config_t *config)
{
    return new_phy("lan87xx", config);
}

esp_eth_phy_t *esp_eth_phy_new_dp83848(const eth_phy_config_t *config)
{
    return new_phy("dp83848", config);
}

esp_eth_phy_t *esp_eth_phy_new_ksz80xx(const eth_phy_config_t *config)
{
    return new_phy("ksz80xx", config);
}

esp_err_t esp_eth_driver_install(const esp_eth_config_t *config, esp_eth_handle_t *out_hdl)
{
    CHECK(config->mac && config->phy && !network_double.installed);
    if (network_double_call("install") != ESP_OK)
        return ESP_FAIL;
    network_double.installed = true;
    network_double.deaf = false;
    *out_hdl = &network_double;
    return ESP_OK;
}

esp_err_t esp_eth_driver_uninstall(esp_eth_handle_t hdl)
{
    CHECK(hdl && network_double.installed && !network_double.started && !network_double.glued);
    CHECK(!network_double.added); // lwIP has given it up
    esp_err_t err = network_double_call("uninstall");
    network_double.installed =
        false; // also if the PHY then refuses: the real one has no timer any more
    network_double.input = NULL;
    return err;
}

static void follow_cable(void)
{
    bool link = network_double.cable && network_double.started && network_double.polled;
    if (link != network_double.link)
        network_double_post(ETH_EVENT,
                            link ? ETHERNET_EVENT_CONNECTED : ETHERNET_EVENT_DISCONNECTED);
    network_double.link = link;
}

esp_err_t esp_eth_start(esp_eth_handle_t hdl)
{
    CHECK(hdl && network_double.installed && !network_double.started);
    network_double.started = true;
    network_double_post(ETH_EVENT, ETHERNET_EVENT_START);
    if (network_double_call("start") != ESP_OK)
        return ESP_FAIL; // as the real one, which has begun then, but does not look at the link
    network_double.polled = true;
    follow_cable();
    return ESP_OK;
}

esp_err_t esp_eth_stop(esp_eth_handle_t hdl)
{
    CHECK(hdl && network_double.installed);
    network_double_call("stop");
    if (!network_double.started)
        return ESP_ERR_INVALID_STATE;
    network_double.started = false;
    if (!network_double
             .polled) // the real one's timer does not run then, which it takes for an error
        return ESP_ERR_INVALID_STATE;
    network_double.polled = false;
    follow_cable();
    network_double_post(ETH_EVENT, ETHERNET_EVENT_STOP);
    return ESP_OK;
}

esp_err_t esp_eth_update_input_path(esp_eth_handle_t hdl,
                                    esp_err_t (*stack_input)(esp_eth_handle_t hdl, uint8_t *buffer,
                                                             uint32_t length, void *priv),
                                    void *priv)
{
    CHECK(hdl && network_double.installed && network_double.glued);
    network_double.input = stack_input;
    network_double.input_arg = priv;
    return ESP_OK;
}

esp_err_t esp_eth_ioctl(esp_eth_handle_t hdl, esp_eth_io_cmd_t cmd, void *data)
{
    CHECK(hdl && network_double.installed);
    if (cmd == ETH_CMD_G_MAC_ADDR) {
        memcpy(data, our_mac, sizeof our_mac);
    } else if (cmd == ETH_CMD_S_FLOW_CTRL) {
        CHECK(*(uint32_t *)data == 1 && !network_double.started); // the real one reads 32 bits
        network_double_call("flow_control");
    } else if (cmd == ETH_CMD_G_SPEED) {
        *(eth_speed_t *)data = ETH_SPEED_100M;
    } else if (cmd == ETH_CMD_G_DUPLEX_MODE) {
        *(eth_duplex_t *)data = ETH_DUPLEX_FULL;
    } else {
        return ESP_ERR_INVALID_ARG;
    }
    return ESP_OK;
}

// --- the cable -----------------------------------------------------------------------------------

static void reply(const uint8_t sender[4], const uint8_t *request)
{
    uint8_t frame[NETWORK_ARP_SIZE];
    network_frames_arp(frame, their_mac, sender, request + 28);
    memcpy(frame, our_mac, sizeof our_mac);
    frame[21] = 2;
    if (network_double.input && !network_double.deaf)
        network_double.input(&network_double, frame, sizeof frame, network_double.input_arg);
}

esp_err_t esp_eth_transmit(esp_eth_handle_t hdl, void *buf, size_t length)
{
    const uint8_t *frame = buf;
    CHECK(hdl && network_double.installed && length >= NETWORK_ARP_SIZE);
    if (!network_double.link)
        return ESP_ERR_INVALID_STATE;
    if (network_double.gateway &&
        memcmp(frame + 38, network_double_gateway_ip, sizeof network_double_gateway_ip) == 0)
        reply(network_double_gateway_ip, frame);
    if (network_double.squatter && memcmp(frame + 38, squatter_ip, sizeof squatter_ip) == 0 &&
        network_double.squatter--)
        reply(squatter_ip, frame);
    return ESP_OK;
}

void network_double_receive(void)
{
    uint8_t frame[NETWORK_ARP_SIZE];
    network_frames_arp(frame, their_mac, network_double_gateway_ip, network_double_lease_ip);
    network_double.input(&network_double, frame, sizeof frame, network_double.input_arg);
}

void network_double_link(bool up)
{
    network_double.cable = up;
    follow_cable();
}

void network_double_gateway(bool there)
{
    network_double.gateway = there;
}

void network_double_squatter(unsigned times)
{
    network_double.squatter = times;
}

void network_double_late_lease(void)
{
    network_double.late_lease = true;
}

void network_double_lease(bool there)
{
    network_double.lease = there;
}

void network_double_deaf(bool deaf)
{
    network_double.deaf = deaf;
}
