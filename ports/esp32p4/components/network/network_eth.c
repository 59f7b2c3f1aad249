// SPDX-License-Identifier: Apache-2.0
#include "network_eth.h"
#include "esp_log.h"

#include <string.h>

static const char tag[] = "network";

bool network_eth_uses(const struct network_eth_config *c, int pin)
{
    const int pins[] = {c->phy_reset_pin, c->mdc_pin,  c->mdio_pin, c->ref_clk_pin, c->tx_en_pin,
                        c->txd0_pin,      c->txd1_pin, c->rxd0_pin, c->rxd1_pin,    c->crs_dv_pin};
    for (size_t i = 0; i < sizeof pins / sizeof pins[0]; i++)
        if (pin >= 0 && pins[i] == pin)
            return true;
    return false;
}

bool network_eth_init(struct network_eth *e, const struct network_eth_config *config)
{
    const esp_netif_config_t eth = ESP_NETIF_DEFAULT_ETH();
    memset(e, 0, sizeof *e);
    e->config = config;
    e->netif = esp_netif_new(&eth);
    return e->netif != NULL;
}

// --- driver --------------------------------------------------------------------------------------

static esp_eth_mac_t *new_mac(const struct network_eth_config *c)
{
    const eth_esp32_emac_config_t emac = {
        .smi_gpio = {.mdc_num = c->mdc_pin, .mdio_num = c->mdio_pin},
        .interface = EMAC_DATA_INTERFACE_RMII,
        .clock_config = {.rmii = {.clock_mode = EMAC_CLK_EXT_IN, .clock_gpio = c->ref_clk_pin}},
        .dma_burst_len = ETH_DMA_BURST_LEN_32,
        .emac_dataif_gpio = {.rmii = {.tx_en_num = c->tx_en_pin,
                                      .txd0_num = c->txd0_pin,
                                      .txd1_num = c->txd1_pin,
                                      .crs_dv_num = c->crs_dv_pin,
                                      .rxd0_num = c->rxd0_pin,
                                      .rxd1_num = c->rxd1_pin}},
        .clock_config_out_in = {.rmii = {.clock_mode = EMAC_CLK_EXT_IN, .clock_gpio = -1}},
        .mdc_freq_hz = c->mdc_hz,
    };
    eth_mac_config_t mac = ETH_MAC_DEFAULT_CONFIG();
    mac.flags = ETH_MAC_FLAG_PIN_TO_CORE; // the core of whoever installs
    if (c->receive_stack)
        mac.rx_task_stack_size = c->receive_stack;
    if (c->receive_priority)
        mac.rx_task_prio = c->receive_priority;
    return esp_eth_mac_new_esp32(&emac, &mac);
}

static esp_eth_phy_t *new_phy(const struct network_eth_config *c)
{
    static esp_eth_phy_t *(*const makers[])(const eth_phy_config_t *) = {
        [NETWORK_PHY_IP101] = esp_eth_phy_new_ip101,
        [NETWORK_PHY_LAN87XX] = esp_eth_phy_new_lan87xx,
        [NETWORK_PHY_RTL8201] = esp_eth_phy_new_rtl8201,
        [NETWORK_PHY_DP83848] = esp_eth_phy_new_dp83848,
        [NETWORK_PHY_KSZ80XX] = esp_eth_phy_new_ksz80xx,
        [NETWORK_PHY_GENERIC] = esp_eth_phy_new_generic,
    };
    eth_phy_config_t phy = ETH_PHY_DEFAULT_CONFIG();
    phy.phy_addr = c->phy_address;
    phy.reset_gpio_num = c->phy_reset_pin;
    return makers[c->phy](&phy);
}

// Receive task. Takes the place of the glue's own function, which does no more than the last line.
static esp_err_t receive(esp_eth_handle_t driver, uint8_t *buffer, uint32_t length, void *priv)
{
    struct network_eth *e = priv;
    (void)driver;
    network_frames_look(&e->frames, buffer, length);
    return esp_netif_receive(e->netif, buffer, length, NULL);
}

static esp_err_t attach(struct network_eth *e)
{
    esp_err_t err = esp_netif_attach(e->netif, e->glue);
    if (err == ESP_OK)
        err = esp_eth_ioctl(e->driver, ETH_CMD_G_MAC_ADDR, e->frames.mac);
    if (err == ESP_OK)
        err = esp_eth_update_input_path(e->driver, receive, e);
    return err;
}

// 802.3x pause frames. The PHY's part of this command reads 32 bits where the MAC's reads a bool.
static void offer_flow_control(struct network_eth *e)
{
    uint32_t on = 1;
    esp_err_t err = esp_eth_ioctl(e->driver, ETH_CMD_S_FLOW_CTRL, &on);
    if (err != ESP_OK)
        ESP_LOGW(tag, "Ethernet goes without flow control: %s", esp_err_to_name(err));
}

static void delete_parts(struct network_eth *e)
{
    if (e->phy)
        e->phy->del(e->phy);
    if (e->mac)
        e->mac->del(e->mac);
    e->phy = NULL;
    e->mac = NULL;
}

static esp_err_t install_driver(struct network_eth *e)
{
    e->mac = new_mac(e->config);
    e->phy = new_phy(e->config);
    const esp_eth_config_t config = ETH_DEFAULT_CONFIG(e->mac, e->phy);
    esp_err_t err = ESP_ERR_NO_MEM;
    if (e->mac && e->phy)
        err = esp_eth_driver_install(&config, &e->driver);
    if (err != ESP_OK) {
        e->driver = NULL;
        delete_parts(e);
    }
    return err;
}

esp_err_t network_eth_install(struct network_eth *e)
{
    esp_err_t err = install_driver(e);
    if (err != ESP_OK)
        return err;
    e->glue = esp_eth_new_netif_glue(e->driver);
    err = e->glue ? attach(e) : ESP_ERR_NO_MEM;
    if (err == ESP_OK)
        offer_flow_control(e);
    else
        network_eth_uninstall(e);
    return err;
}

// A driver that is stopped fails only when its PHY does not answer, and then it has already lost
// its timer and cannot be used any more; what is left of it is lost, so that a new one can begin.
void network_eth_uninstall(struct network_eth *e)
{
    if (e->glue)
        esp_eth_del_netif_glue(e->glue);
    e->glue = NULL;
    esp_eth_handle_t driver = e->driver;
    if (!driver)
        return;
    e->driver = NULL; // before it goes: network_eth_halt() is on another task
    esp_err_t err = esp_eth_driver_uninstall(driver);
    if (err != ESP_OK)
        ESP_LOGW(tag, "the Ethernet driver does not end in order: %s", esp_err_to_name(err));
    delete_parts(e);
}

esp_err_t network_eth_start(struct network_eth *e)
{
    return e->driver ? esp_eth_start(e->driver) : ESP_ERR_INVALID_STATE;
}

esp_err_t network_eth_stop(struct network_eth *e)
{
    return e->driver ? esp_eth_stop(e->driver) : ESP_ERR_INVALID_STATE;
}

void network_eth_halt(const struct network_eth *e)
{
    esp_eth_handle_t driver = e->driver;
    if (driver)
        esp_eth_stop(driver);
}

void network_eth_link(const struct network_eth *e, struct network_link *link)
{
    eth_speed_t speed = ETH_SPEED_10M;
    eth_duplex_t duplex = ETH_DUPLEX_HALF;
    *link = (struct network_link){0};
    if (!e->driver || esp_eth_ioctl(e->driver, ETH_CMD_G_SPEED, &speed) != ESP_OK ||
        esp_eth_ioctl(e->driver, ETH_CMD_G_DUPLEX_MODE, &duplex) != ESP_OK)
        return;
    link->speed_mbit = speed == ETH_SPEED_100M ? 100 : 10;
    link->full_duplex = duplex == ETH_DUPLEX_FULL;
}

// The interface first: nobody waits for the event STOP here, so lwIP may still send.
void network_eth_destroy(struct network_eth *e)
{
    network_eth_stop(e);
    esp_netif_destroy(e->netif);
    e->netif = NULL;
    network_eth_uninstall(e);
}

static esp_err_t restart_mac(void *ctx)
{
    esp_eth_mac_t *mac = ctx;
    esp_err_t down = mac->set_link(mac, ETH_LINK_DOWN), up = mac->set_link(mac, ETH_LINK_UP);
    return down == ESP_OK ? up : down;
}

// In lwIP's task, so that nothing is sent meanwhile.
esp_err_t network_eth_restart_mac(struct network_eth *e)
{
    return e->mac ? esp_netif_tcpip_exec(restart_mac, e->mac) : ESP_ERR_INVALID_STATE;
}

// --- sending -------------------------------------------------------------------------------------

struct arp {
    esp_eth_handle_t driver;
    uint8_t frame[NETWORK_ARP_SIZE];
};

static esp_err_t transmit(void *ctx)
{
    struct arp *arp = ctx;
    return esp_eth_transmit(arp->driver, arp->frame, sizeof arp->frame);
}

// In lwIP's task, as all sending: the driver does not expect two tasks at a time.
void network_eth_ask(struct network_eth *e, const uint8_t sender[NETWORK_IP_SIZE],
                     const uint8_t target[NETWORK_IP_SIZE])
{
    struct arp arp = {.driver = e->driver};
    if (!e->driver)
        return;
    network_frames_arp(arp.frame, e->frames.mac, sender, target);
    esp_netif_tcpip_exec(transmit, &arp);
}
