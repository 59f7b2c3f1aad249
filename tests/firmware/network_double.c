// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/network_double.h"
#include "esp_eth.h"
#include "esp_event.h"
#include "esp_netif.h"
#include "esp_netif_net_stack.h"
#include "esp_system.h"
#include "lwip/netif.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

enum { HANDLERS = 32, EVENTS = 32, CALLS_SIZE = 4096, TEXT_SIZE = 64 };

ESP_EVENT_DEFINE_BASE(ETH_EVENT);
ESP_EVENT_DEFINE_BASE(IP_EVENT);

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

static struct {
    unsigned squatter; // answers so many times
    struct handler handlers[HANDLERS];
    struct event events[EVENTS];
    unsigned event_count;
    bool cable, gateway, lease, late_lease, deaf;           // the world
    bool installed, started, polled, link, mac, phy, glued; // the driver
    bool interface, added, up, in_lwip;                     // the interface
    enum dhcp dhcp;
    esp_netif_ip_info_t info, in_use;
    uint32_t dns;
    char host_name[TEXT_SIZE];
    input_fn *input;
    void *input_arg;
    shutdown_handler_t shutdown;
    esp_event_handler_instance_t glue[4];
} d;

static char calls[CALLS_SIZE], handed_out[CALLS_SIZE], failing[TEXT_SIZE];
static const uint8_t gateway_ip[] = {192, 168, 1, 1}, squatter_ip[] = {192, 168, 1, 50};
static const uint8_t lease_ip[] = {192, 168, 1, 77}, their_mac[] = {2, 0, 0, 0, 0, 2};
static const uint8_t our_mac[] = {2, 0, 0, 0, 0, 1};

void network_double_reset(void)
{
    memset(&d, 0, sizeof d);
    calls[0] = failing[0] = '\0';
    network_double_forget_names();
}

void network_double_write(const char *word, const char *detail)
{
    size_t used = strlen(calls);
    snprintf(calls + used, sizeof calls - used, "%s%s%s%s", used ? " " : "", word,
             detail[0] ? ":" : "", detail);
}

const char *network_double_calls(void)
{
    memcpy(handed_out, calls, sizeof calls);
    calls[0] = '\0';
    return handed_out;
}

void network_double_fail(const char *call)
{
    snprintf(failing, sizeof failing, "%s", call);
}

bool network_double_fails(const char *call)
{
    bool fails = strcmp(call, failing) == 0;
    if (fails)
        failing[0] = '\0';
    return fails;
}

// Writes the call down; ESP_FAIL if it was asked to fail.
static esp_err_t call(const char *word)
{
    network_double_write(word, "");
    return network_double_fails(word) ? ESP_FAIL : ESP_OK;
}

static const char *text_of(char text[TEXT_SIZE], uint32_t address)
{
    uint8_t ip[4];
    memcpy(ip, &address, sizeof ip);
    snprintf(text, TEXT_SIZE, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
    return address ? text : "";
}

const char *network_double_address(void)
{
    static char text[TEXT_SIZE];
    return text_of(text, d.up ? d.in_use.ip.addr : 0);
}

const char *network_double_dns(void)
{
    static char text[TEXT_SIZE];
    return text_of(text, d.dns);
}

const char *network_double_host_name(void)
{
    return d.host_name;
}

// --- event loop ----------------------------------------------------------------------------------

static void post(esp_event_base_t base, int32_t id)
{
    CHECK(d.event_count < EVENTS);
    d.events[d.event_count++] = (struct event){base, id};
}

static void dispatch(const struct event *e)
{
    for (unsigned i = 0; i < HANDLERS; i++)
        if (d.handlers[i].fn && d.handlers[i].base == e->base && d.handlers[i].id == e->id)
            d.handlers[i].fn(d.handlers[i].arg, e->base, e->id, NULL);
}

esp_err_t esp_event_loop_create_default(void)
{
    return ESP_OK;
}

// In the order of registration: behind the last one, never in a gap.
esp_err_t esp_event_handler_instance_register(esp_event_base_t event_base, int32_t event_id,
                                              esp_event_handler_t event_handler,
                                              void *event_handler_arg,
                                              esp_event_handler_instance_t *instance)
{
    unsigned at = 0;
    for (unsigned i = 0; i < HANDLERS; i++)
        if (d.handlers[i].fn)
            at = i + 1;
    CHECK(at < HANDLERS);
    d.handlers[at] = (struct handler){event_base, event_id, event_handler, event_handler_arg};
    *instance = &d.handlers[at];
    return ESP_OK;
}

esp_err_t esp_event_handler_instance_unregister(esp_event_base_t event_base, int32_t event_id,
                                                esp_event_handler_instance_t instance)
{
    struct handler *h = instance;
    CHECK(h->fn && h->base == event_base && h->id == event_id);
    *h = (struct handler){0};
    return ESP_OK;
}

// --- interface -----------------------------------------------------------------------------------

esp_err_t esp_netif_init(void)
{
    return ESP_OK;
}

esp_netif_t *esp_netif_new(const esp_netif_config_t *esp_netif_config)
{
    (void)esp_netif_config;
    d.interface = call("new_netif") == ESP_OK;
    return d.interface ? (esp_netif_t *)(void *)&d : NULL;
}

void esp_netif_destroy(esp_netif_t *esp_netif)
{
    CHECK(esp_netif && d.interface && !d.started);
    d.interface = d.added = d.up = false;
    call("destroy_netif");
}

esp_err_t esp_netif_set_hostname(esp_netif_t *esp_netif, const char *hostname)
{
    CHECK(esp_netif);
    snprintf(d.host_name, sizeof d.host_name, "%s", hostname);
    return ESP_OK;
}

esp_err_t esp_netif_get_ip_info(esp_netif_t *esp_netif, esp_netif_ip_info_t *ip_info)
{
    CHECK(esp_netif);
    *ip_info = d.up ? d.in_use : d.info;
    return ESP_OK;
}

static void use(const esp_netif_ip_info_t *info)
{
    bool other = memcmp(&d.in_use, info, sizeof *info) != 0;
    d.in_use = *info;
    if (other && info->ip.addr)
        post(IP_EVENT, IP_EVENT_ETH_GOT_IP);
}

static void follow_lease(void)
{
    esp_netif_ip_info_t info = {{0}, {0}, {0}};
    if (!d.lease || !d.link || !d.up || d.dhcp != DHCP_STARTED)
        return;
    memcpy(&info.ip.addr, lease_ip, sizeof lease_ip);
    memcpy(&info.gw.addr, gateway_ip, sizeof gateway_ip);
    use(&info);
}

esp_err_t esp_netif_tcpip_exec(esp_netif_callback_fn fn, void *ctx)
{
    d.lease |= d.late_lease;
    follow_lease();
    d.in_lwip = true;
    esp_err_t err = fn(ctx);
    d.in_lwip = false;
    return err;
}

void network_double_pump(void)
{
    follow_lease();
    while (d.event_count > 0) {
        struct event e = d.events[0];
        d.event_count--;
        memmove(d.events, d.events + 1, d.event_count * sizeof e);
        dispatch(&e);
        follow_lease();
    }
}

esp_err_t esp_netif_set_ip_info(esp_netif_t *esp_netif, const esp_netif_ip_info_t *ip_info)
{
    char text[TEXT_SIZE];
    CHECK(esp_netif && d.dhcp == DHCP_STOPPED);
    network_double_write("set_ip", text_of(text, ip_info->ip.addr));
    d.info = *ip_info;
    d.dns = 0;
    if (d.up)
        use(ip_info);
    return ESP_OK;
}

esp_err_t esp_netif_set_dns_info(esp_netif_t *esp_netif, esp_netif_dns_type_t type,
                                 esp_netif_dns_info_t *dns)
{
    CHECK(esp_netif && type == ESP_NETIF_DNS_MAIN && dns->ip.type == ESP_IPADDR_TYPE_V4);
    d.dns = dns->ip.u_addr.ip4.addr;
    return ESP_OK;
}

void *esp_netif_get_netif_impl(esp_netif_t *esp_netif)
{
    return esp_netif;
}

void netif_set_addr(struct netif *netif, const ip4_addr_t *ipaddr, const ip4_addr_t *netmask,
                    const ip4_addr_t *gw)
{
    char text[TEXT_SIZE];
    const esp_netif_ip_info_t info = {{ipaddr->addr}, {netmask->addr}, {gw->addr}};
    CHECK(netif && d.in_lwip && d.up && d.dhcp == DHCP_STARTED);
    CHECK(d.in_use.ip.addr == 0 || strncmp(network_double_address(), "169.254.", 8) == 0);
    network_double_write("netif_set_addr", text_of(text, ipaddr->addr));
    use(&info);
}

static void clear_address(void)
{
    d.info = d.in_use = (esp_netif_ip_info_t){{0}, {0}, {0}};
}

esp_err_t esp_netif_dhcpc_start(esp_netif_t *esp_netif)
{
    CHECK(esp_netif);
    call("dhcp_start");
    if (d.dhcp == DHCP_STARTED)
        return ESP_ERR_ESP_NETIF_DHCP_ALREADY_STARTED;
    d.dhcp = d.up ? DHCP_STARTED : DHCP_INIT;
    clear_address();
    return ESP_OK;
}

esp_err_t esp_netif_dhcpc_stop(esp_netif_t *esp_netif)
{
    CHECK(esp_netif);
    call("dhcp_stop");
    if (d.dhcp == DHCP_STOPPED)
        return ESP_ERR_ESP_NETIF_DHCP_ALREADY_STOPPED;
    if (d.dhcp == DHCP_STARTED)
        clear_address();
    d.dhcp = DHCP_STOPPED;
    return ESP_OK;
}

esp_err_t esp_netif_create_ip6_linklocal(esp_netif_t *esp_netif)
{
    CHECK(esp_netif);
    return d.up ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_netif_get_ip6_linklocal(esp_netif_t *esp_netif, esp_ip6_addr_t *if_ip6)
{
    const uint8_t prefix[] = {0xfe, 0x80};
    CHECK(esp_netif);
    memset(if_ip6, 0, sizeof *if_ip6);
    memcpy(if_ip6->addr, prefix, sizeof prefix);
    return d.up ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_netif_receive(esp_netif_t *esp_netif, void *buffer, size_t len, void *eb)
{
    CHECK(esp_netif && buffer && len && !eb);
    return ESP_OK;
}

// --- glue: what the driver's events do to the interface ------------------------------------------

static void go_up(void)
{
    d.up = true;
    use(&d.info);
    if (d.dhcp == DHCP_INIT)
        d.dhcp = DHCP_STARTED;
}

static void go_down(void)
{
    d.up = false;
    if (d.dhcp == DHCP_STARTED) {
        d.dhcp = DHCP_INIT;
        clear_address();
    }
    d.in_use = (esp_netif_ip_info_t){{0}, {0}, {0}};
}

void esp_netif_action_stop(void *esp_netif, esp_event_base_t base, int32_t event_id, void *data)
{
    CHECK(esp_netif && base == ETH_EVENT && event_id == ETHERNET_EVENT_STOP && !data);
    if (d.up)
        go_down();
    d.added = false;
}

static void glue_event(void *arg, esp_event_base_t base, int32_t id, void *data)
{
    (void)arg, (void)base, (void)data;
    if (id == ETHERNET_EVENT_START) {
        CHECK(!d.added); // lwIP's list would end in itself
        d.added = true;
    } else if (id == ETHERNET_EVENT_STOP) {
        d.added = false;
    } else if (id == ETHERNET_EVENT_CONNECTED) {
        go_up();
    } else {
        go_down();
    }
}

esp_eth_netif_glue_handle_t esp_eth_new_netif_glue(esp_eth_handle_t eth_hdl)
{
    CHECK(eth_hdl && !d.glued);
    d.glued = true;
    for (int32_t id = 0; id < 4; id++)
        esp_event_handler_instance_register(ETH_EVENT, id, glue_event, NULL, &d.glue[id]);
    call("glue");
    return (esp_eth_netif_glue_handle_t)(void *)&d;
}

esp_err_t esp_eth_del_netif_glue(esp_eth_netif_glue_handle_t eth_netif_glue)
{
    CHECK(eth_netif_glue && d.glued);
    d.glued = false;
    for (int32_t id = 0; id < 4; id++)
        esp_event_handler_instance_unregister(ETH_EVENT, id, d.glue[id]);
    return call("unglue");
}

esp_err_t esp_netif_attach(esp_netif_t *esp_netif, esp_netif_iodriver_handle driver_handle)
{
    CHECK(esp_netif && driver_handle && d.glued);
    return call("attach");
}

// --- driver --------------------------------------------------------------------------------------

static esp_err_t del_mac(esp_eth_mac_t *mac)
{
    CHECK(mac && d.mac && !d.installed);
    d.mac = false;
    return call("del_mac");
}

static esp_err_t del_phy(esp_eth_phy_t *phy)
{
    CHECK(phy && d.phy && !d.installed);
    d.phy = false;
    return call("del_phy");
}

esp_eth_mac_t *esp_eth_mac_new_esp32(const eth_esp32_emac_config_t *esp32_config,
                                     const eth_mac_config_t *config)
{
    static esp_eth_mac_t mac = {.del = del_mac};
    char pins[TEXT_SIZE];
    const eth_mac_rmii_gpio_config_t *r = &esp32_config->emac_dataif_gpio.rmii;
    CHECK(!d.mac && config->sw_reset_timeout_ms);
    CHECK_EQ(esp32_config->clock_config.rmii.clock_mode, EMAC_CLK_EXT_IN);
    snprintf(pins, sizeof pins, "%d,%d,%d,%d,%d,%d,%d,%d,%d", esp32_config->smi_gpio.mdc_num,
             esp32_config->smi_gpio.mdio_num, esp32_config->clock_config.rmii.clock_gpio,
             r->tx_en_num, r->txd0_num, r->txd1_num, r->crs_dv_num, r->rxd0_num, r->rxd1_num);
    network_double_write("mac", pins);
    d.mac = true;
    return &mac;
}

static esp_eth_phy_t *new_phy(const char *name, const eth_phy_config_t *config)
{
    static esp_eth_phy_t phy = {.del = del_phy};
    char text[TEXT_SIZE];
    CHECK(!d.phy);
    snprintf(text, sizeof text, "%d,%d", (int)config->phy_addr, config->reset_gpio_num);
    network_double_write(name, text);
    d.phy = true;
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
    CHECK(config->mac && config->phy && !d.installed);
    if (call("install") != ESP_OK)
        return ESP_FAIL;
    d.installed = true;
    d.deaf = false;
    *out_hdl = &d;
    return ESP_OK;
}

esp_err_t esp_eth_driver_uninstall(esp_eth_handle_t hdl)
{
    CHECK(hdl && d.installed && !d.started && !d.glued);
    CHECK(!d.added); // lwIP has given it up
    esp_err_t err = call("uninstall");
    d.installed = false; // also if the PHY then refuses: the real one has no timer any more
    d.input = NULL;
    return err;
}

static void follow_cable(void)
{
    bool link = d.cable && d.started && d.polled;
    if (link != d.link)
        post(ETH_EVENT, link ? ETHERNET_EVENT_CONNECTED : ETHERNET_EVENT_DISCONNECTED);
    d.link = link;
}

esp_err_t esp_eth_start(esp_eth_handle_t hdl)
{
    CHECK(hdl && d.installed && !d.started);
    d.started = true;
    post(ETH_EVENT, ETHERNET_EVENT_START);
    if (call("start") != ESP_OK)
        return ESP_FAIL; // as the real one, which has begun then, but does not look at the link
    d.polled = true;
    follow_cable();
    return ESP_OK;
}

esp_err_t esp_eth_stop(esp_eth_handle_t hdl)
{
    CHECK(hdl && d.installed);
    call("stop");
    if (!d.started)
        return ESP_ERR_INVALID_STATE;
    d.started = false;
    if (!d.polled) // the real one's timer does not run then, which it takes for an error
        return ESP_ERR_INVALID_STATE;
    d.polled = false;
    follow_cable();
    post(ETH_EVENT, ETHERNET_EVENT_STOP);
    return ESP_OK;
}

esp_err_t esp_eth_update_input_path(esp_eth_handle_t hdl,
                                    esp_err_t (*stack_input)(esp_eth_handle_t hdl, uint8_t *buffer,
                                                             uint32_t length, void *priv),
                                    void *priv)
{
    CHECK(hdl && d.installed && d.glued);
    d.input = stack_input;
    d.input_arg = priv;
    return ESP_OK;
}

esp_err_t esp_eth_ioctl(esp_eth_handle_t hdl, esp_eth_io_cmd_t cmd, void *data)
{
    CHECK(hdl && d.installed);
    if (cmd == ETH_CMD_G_MAC_ADDR) {
        memcpy(data, our_mac, sizeof our_mac);
    } else if (cmd == ETH_CMD_S_FLOW_CTRL) {
        CHECK(*(uint32_t *)data == 1 && !d.started); // the real one reads 32 bits
        call("flow_control");
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
    if (d.input && !d.deaf)
        d.input(&d, frame, sizeof frame, d.input_arg);
}

esp_err_t esp_eth_transmit(esp_eth_handle_t hdl, void *buf, size_t length)
{
    const uint8_t *frame = buf;
    CHECK(hdl && d.installed && length >= NETWORK_ARP_SIZE);
    if (!d.link)
        return ESP_ERR_INVALID_STATE;
    if (d.gateway && memcmp(frame + 38, gateway_ip, sizeof gateway_ip) == 0)
        reply(gateway_ip, frame);
    if (d.squatter && memcmp(frame + 38, squatter_ip, sizeof squatter_ip) == 0 && d.squatter--)
        reply(squatter_ip, frame);
    return ESP_OK;
}

void network_double_receive(void)
{
    uint8_t frame[NETWORK_ARP_SIZE];
    network_frames_arp(frame, their_mac, gateway_ip, lease_ip);
    d.input(&d, frame, sizeof frame, d.input_arg);
}

void network_double_link(bool up)
{
    d.cable = up;
    follow_cable();
}

void network_double_gateway(bool there)
{
    d.gateway = there;
}

void network_double_squatter(unsigned times)
{
    d.squatter = times;
}

void network_double_late_lease(void)
{
    d.late_lease = true;
}

void network_double_lease(bool there)
{
    d.lease = there;
}

void network_double_deaf(bool deaf)
{
    d.deaf = deaf;
}

esp_err_t esp_register_shutdown_handler(shutdown_handler_t handle)
{
    d.shutdown = handle;
    return ESP_OK;
}

void network_double_shutdown(void)
{
    CHECK(d.shutdown);
    d.shutdown();
}
