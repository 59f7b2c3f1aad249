// SPDX-License-Identifier: Apache-2.0
// The interface of tests/firmware/network_double.h: addresses, DHCP client, glue.
#include "tests/firmware/network_double_state.h"

#include "esp_netif_net_stack.h" // needs esp_netif.h before it
#include "lwip/netif.h"
#include "tests/support/check.h"

#include <string.h>

// --- interface -----------------------------------------------------------------------------------

esp_err_t esp_netif_init(void)
{
    return ESP_OK;
}

esp_netif_t *esp_netif_new(const esp_netif_config_t *esp_netif_config)
{
    (void)esp_netif_config;
    network_double.interface = network_double_call("new_netif") == ESP_OK;
    return network_double.interface ? (esp_netif_t *)(void *)&network_double : NULL;
}

void esp_netif_destroy(esp_netif_t *esp_netif)
{
    CHECK(esp_netif && network_double.interface && !network_double.started);
    network_double.interface = network_double.added = network_double.up = false;
    network_double_call("destroy_netif");
}

esp_err_t esp_netif_set_hostname(esp_netif_t *esp_netif, const char *hostname)
{
    CHECK(esp_netif);
    snprintf(network_double.host_name, sizeof network_double.host_name, "%s", hostname);
    return ESP_OK;
}

esp_err_t esp_netif_get_ip_info(esp_netif_t *esp_netif, esp_netif_ip_info_t *ip_info)
{
    CHECK(esp_netif);
    *ip_info = network_double.up ? network_double.in_use : network_double.info;
    return ESP_OK;
}

static void use(const esp_netif_ip_info_t *info)
{
    bool other = memcmp(&network_double.in_use, info, sizeof *info) != 0;
    network_double.in_use = *info;
    if (other && info->ip.addr)
        network_double_post(IP_EVENT, IP_EVENT_ETH_GOT_IP);
}

static void follow_lease(void)
{
    esp_netif_ip_info_t info = {{0}, {0}, {0}};
    if (!network_double.lease || !network_double.link || !network_double.up ||
        network_double.dhcp != DHCP_STARTED)
        return;
    memcpy(&info.ip.addr, network_double_lease_ip, sizeof network_double_lease_ip);
    memcpy(&info.gw.addr, network_double_gateway_ip, sizeof network_double_gateway_ip);
    use(&info);
}

_Thread_local bool network_double_in_lwip;

// From any thread: the socket loop has one of its own.
esp_err_t esp_netif_tcpip_exec(esp_netif_callback_fn fn, void *ctx)
{
    if (network_double.late_lease) {
        network_double.lease = true;
        follow_lease();
    }
    network_double_in_lwip = true;
    esp_err_t err = fn(ctx);
    network_double_in_lwip = false;
    return err;
}

void network_double_pump(void)
{
    follow_lease();
    while (network_double_dispatch())
        follow_lease();
}

esp_err_t esp_netif_set_ip_info(esp_netif_t *esp_netif, const esp_netif_ip_info_t *ip_info)
{
    char text[TEXT_SIZE];
    CHECK(esp_netif && network_double.dhcp == DHCP_STOPPED);
    network_double_write("set_ip", network_double_ip_text(text, ip_info->ip.addr));
    network_double.info = *ip_info;
    network_double.dns = 0;
    if (network_double.up)
        use(ip_info);
    return ESP_OK;
}

esp_err_t esp_netif_set_dns_info(esp_netif_t *esp_netif, esp_netif_dns_type_t type,
                                 esp_netif_dns_info_t *dns)
{
    CHECK(esp_netif && type == ESP_NETIF_DNS_MAIN && dns->ip.type == ESP_IPADDR_TYPE_V4);
    network_double.dns = dns->ip.u_addr.ip4.addr;
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
    CHECK(netif && network_double_in_lwip && network_double.up &&
          network_double.dhcp == DHCP_STARTED);
    CHECK(network_double.in_use.ip.addr == 0 ||
          strncmp(network_double_address(), "169.254.", 8) == 0);
    network_double_write("netif_set_addr", network_double_ip_text(text, ipaddr->addr));
    use(&info);
}

static void clear_address(void)
{
    network_double.info = network_double.in_use = (esp_netif_ip_info_t){{0}, {0}, {0}};
}

esp_err_t esp_netif_dhcpc_start(esp_netif_t *esp_netif)
{
    CHECK(esp_netif);
    network_double_call("dhcp_start");
    if (network_double.dhcp == DHCP_STARTED)
        return ESP_ERR_ESP_NETIF_DHCP_ALREADY_STARTED;
    network_double.dhcp = network_double.up ? DHCP_STARTED : DHCP_INIT;
    clear_address();
    return ESP_OK;
}

esp_err_t esp_netif_dhcpc_stop(esp_netif_t *esp_netif)
{
    CHECK(esp_netif);
    network_double_call("dhcp_stop");
    if (network_double.dhcp == DHCP_STOPPED)
        return ESP_ERR_ESP_NETIF_DHCP_ALREADY_STOPPED;
    if (network_double.dhcp == DHCP_STARTED)
        clear_address();
    network_double.dhcp = DHCP_STOPPED;
    return ESP_OK;
}

esp_err_t esp_netif_create_ip6_linklocal(esp_netif_t *esp_netif)
{
    CHECK(esp_netif);
    return network_double.up ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_netif_get_ip6_linklocal(esp_netif_t *esp_netif, esp_ip6_addr_t *if_ip6)
{
    const uint8_t prefix[] = {0xfe, 0x80};
    CHECK(esp_netif);
    memset(if_ip6, 0, sizeof *if_ip6);
    memcpy(if_ip6->addr, prefix, sizeof prefix);
    return network_double.up ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_netif_receive(esp_netif_t *esp_netif, void *buffer, size_t len, void *eb)
{
    CHECK(esp_netif && buffer && len && !eb);
    return ESP_OK;
}

// --- glue: what the driver's events do to the interface ------------------------------------------

static void go_up(void)
{
    network_double.up = true;
    use(&network_double.info);
    if (network_double.dhcp == DHCP_INIT)
        network_double.dhcp = DHCP_STARTED;
}

static void go_down(void)
{
    network_double.up = false;
    if (network_double.dhcp == DHCP_STARTED) {
        network_double.dhcp = DHCP_INIT;
        clear_address();
    }
    network_double.in_use = (esp_netif_ip_info_t){{0}, {0}, {0}};
}

void esp_netif_action_stop(void *esp_netif, esp_event_base_t base, int32_t event_id, void *data)
{
    CHECK(esp_netif && base == ETH_EVENT && event_id == ETHERNET_EVENT_STOP && !data);
    if (network_double.up)
        go_down();
    network_double.added = false;
}

static void glue_event(void *arg, esp_event_base_t base, int32_t id, void *data)
{
    (void)arg, (void)base, (void)data;
    if (id == ETHERNET_EVENT_START) {
        CHECK(!network_double.added); // lwIP's list would end in itself
        network_double.added = true;
    } else if (id == ETHERNET_EVENT_STOP) {
        network_double.added = false;
    } else if (id == ETHERNET_EVENT_CONNECTED) {
        go_up();
    } else {
        go_down();
    }
}

esp_eth_netif_glue_handle_t esp_eth_new_netif_glue(esp_eth_handle_t eth_hdl)
{
    CHECK(eth_hdl && !network_double.glued);
    network_double.glued = true;
    for (int32_t id = 0; id < 4; id++)
        esp_event_handler_instance_register(ETH_EVENT, id, glue_event, NULL,
                                            &network_double.glue[id]);
    network_double_call("glue");
    return (esp_eth_netif_glue_handle_t)(void *)&network_double;
}

esp_err_t esp_eth_del_netif_glue(esp_eth_netif_glue_handle_t eth_netif_glue)
{
    CHECK(eth_netif_glue && network_double.glued);
    network_double.glued = false;
    for (int32_t id = 0; id < 4; id++)
        esp_event_handler_instance_unregister(ETH_EVENT, id, network_double.glue[id]);
    return network_double_call("unglue");
}

esp_err_t esp_netif_attach(esp_netif_t *esp_netif, esp_netif_iodriver_handle driver_handle)
{
    CHECK(esp_netif && driver_handle && network_double.glued);
    return network_double_call("attach");
}
