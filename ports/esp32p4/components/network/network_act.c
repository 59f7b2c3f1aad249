// SPDX-License-Identifier: Apache-2.0
// What network_policy asks for, done with ESP-IDF. Checked against v5.5.5's esp_netif.h: the DHCP
// client must be stopped before an address is set, which takes the DNS servers away.
#include "network_inside.h"

#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif_net_stack.h" // needs esp_netif.h before it
#include "lwip/netif.h"

#include <stdio.h>
#include <string.h>

static const char tag[] = "network";

enum { STOP_LIMIT_US = 2000000 };

static void warn(esp_err_t err, const char *what)
{
    if (err != ESP_OK)
        ESP_LOGW(tag, "%s: %s", what, esp_err_to_name(err));
}

// --- events --------------------------------------------------------------------------------------

// Event loop's task.
static void hear_event(void *arg, esp_event_base_t base, int32_t id, void *data)
{
    struct network *n = arg;
    (void)data;
    pthread_mutex_lock(&n->lock);
    if (base == ETH_EVENT) {
        n->word.losses += n->word.link_up && id != ETHERNET_EVENT_CONNECTED;
        n->word.link_up = id == ETHERNET_EVENT_CONNECTED;
        n->word.stopped |= id == ETHERNET_EVENT_STOP;
    }
    pthread_mutex_unlock(&n->lock);
    posix_calls_wake(&n->wake);
}

// By their numbers: handlers of all events of a base come before those of single ones.
static const struct {
    const esp_event_base_t *base;
    int32_t id;
} events[NETWORK_EVENTS] = {
    {&ETH_EVENT, ETHERNET_EVENT_CONNECTED},
    {&ETH_EVENT, ETHERNET_EVENT_DISCONNECTED},
    {&ETH_EVENT, ETHERNET_EVENT_STOP},
    {&IP_EVENT, IP_EVENT_ETH_GOT_IP},
};

// Registers behind the driver's own handlers, which are new with each driver.
static void listen_to_events(struct network *n)
{
    for (unsigned i = 0; i < NETWORK_EVENTS; i++)
        warn(esp_event_handler_instance_register(*events[i].base, events[i].id, hear_event, n,
                                                 &n->handlers[i]),
             "hears nothing from the driver");
}

void network_listen_no_more(struct network *n)
{
    for (unsigned i = 0; i < NETWORK_EVENTS; i++)
        if (n->handlers[i])
            esp_event_handler_instance_unregister(*events[i].base, events[i].id, n->handlers[i]);
    memset(n->handlers, 0, sizeof n->handlers);
}

// --- address -------------------------------------------------------------------------------------

static uint32_t ip4(const uint8_t ip[NETWORK_IP_SIZE])
{
    uint32_t word;
    memcpy(&word, ip, sizeof word); // both are in network byte order
    return word;
}

static void stop_dhcp(struct network *n)
{
    esp_err_t err = esp_netif_dhcpc_stop(n->eth.netif);
    if (err != ESP_ERR_ESP_NETIF_DHCP_ALREADY_STOPPED)
        warn(err, "the DHCP client does not stop");
}

static void set_address(struct network *n, const struct settings_network *s)
{
    const esp_netif_ip_info_t info = {
        .ip = {ip4(s->address)}, .netmask = {ip4(s->netmask)}, .gw = {ip4(s->gateway)}};
    stop_dhcp(n);
    warn(esp_netif_set_ip_info(n->eth.netif, &info), "the address cannot be set");
}

static void use_static(struct network *n)
{
    const struct settings_network *s = &n->policy.wanted;
    esp_netif_dns_info_t dns = {.ip = {.type = ESP_IPADDR_TYPE_V4}};
    dns.ip.u_addr.ip4.addr = ip4(s->dns);
    set_address(n, s);
    if (dns.ip.u_addr.ip4.addr)
        warn(esp_netif_set_dns_info(n->eth.netif, ESP_NETIF_DNS_MAIN, &dns), "no name server");
}

static void use_dhcp(struct network *n)
{
    esp_err_t err = esp_netif_dhcpc_start(n->eth.netif);
    if (err != ESP_ERR_ESP_NETIF_DHCP_ALREADY_STARTED)
        warn(err, "the DHCP client does not start");
}

struct link_local {
    esp_netif_t *netif;
    ip4_addr_t ip, netmask, gateway;
};

// In lwIP's task, where the DHCP client cannot get an address at the same time. esp_netif sets no
// address while that runs, so lwIP itself is told; it does the same for its AutoIP.
static esp_err_t set_link_local(void *ctx)
{
    struct link_local *l = ctx;
    esp_netif_ip_info_t now;
    uint8_t first = 0;
    esp_err_t err = esp_netif_get_ip_info(l->netif, &now);
    memcpy(&first, &now.ip.addr, sizeof first);
    if (err == ESP_OK && (first == 0 || first == 169))
        netif_set_addr(esp_netif_get_netif_impl(l->netif), &l->ip, &l->netmask, &l->gateway);
    return err;
}

static void use_link_local(struct network *n, const uint8_t address[NETWORK_IP_SIZE])
{
    static const uint8_t netmask[NETWORK_IP_SIZE] = {255, 255};
    struct link_local l = {.netif = n->eth.netif, .ip = {ip4(address)}, .netmask = {ip4(netmask)}};
    warn(esp_netif_tcpip_exec(set_link_local, &l), "no link-local address");
}

// --- driver --------------------------------------------------------------------------------------

void network_forget_link(struct network *n, uint64_t now_us)
{
    n->has_link_local6 = false;
    network_policy_link(&n->policy, false, now_us);
}

static void announce(struct network *n)
{
    const uint8_t *m = n->eth.frames.mac;
    snprintf(n->mdns.id, sizeof n->mdns.id, "%02x%02x%02x%02x%02x%02x", m[0], m[1], m[2], m[3],
             m[4], m[5]);
    mdns_esp_start(&n->mdns, n->done.host_name, n->done.devices);
}

static void stop_driver(struct network *n, enum network_pending then, uint64_t now_us)
{
    pthread_mutex_lock(&n->lock);
    n->word.stopped = n->word.link_up = false; // its events come later, if at all
    pthread_mutex_unlock(&n->lock);
    warn(network_eth_stop(&n->eth), "the Ethernet driver does not stop");
    network_forget_link(n, now_us);
    n->pending = then;
    n->stopped_by_us = now_us + STOP_LIMIT_US;
}

static void install(struct network *n, uint64_t now_us)
{
    esp_err_t err = network_eth_install(&n->eth);
    if (err == ESP_OK) {
        listen_to_events(n);
        err = network_eth_start(&n->eth);
    }
    if (err != ESP_OK)
        ESP_LOGE(tag, "Ethernet does not start: %s", esp_err_to_name(err));
    else if (!n->mdns.running)
        announce(n);
    network_policy_mac(&n->policy, n->eth.frames.mac);
    network_policy_installed(&n->policy, err == ESP_OK, now_us);
}

void network_go_on(struct network *n, uint64_t now_us)
{
    enum network_pending pending = n->pending;
    pthread_mutex_lock(&n->lock);
    bool stopped = n->word.stopped;
    pthread_mutex_unlock(&n->lock);
    if (pending == NETWORK_NOTHING_PENDING || (!stopped && now_us < n->stopped_by_us))
        return;
    // A driver that did not start as a whole, or finds the queue full, tells no STOP; given the
    // interface a second time, lwIP would go round in its list for ever.
    if (!stopped)
        esp_netif_action_stop(n->eth.netif, ETH_EVENT, ETHERNET_EVENT_STOP, NULL);
    n->pending = NETWORK_NOTHING_PENDING;
    if (pending == NETWORK_START_PENDING) {
        warn(network_eth_start(&n->eth), "the Ethernet driver does not start");
        return;
    }
    network_listen_no_more(n);
    network_eth_uninstall(&n->eth);
    install(n, now_us);
}

void network_act(struct network *n, const struct network_action *a, uint64_t now_us)
{
    static const struct settings_network nothing;
    switch (a->type) {
    case NETWORK_USE_NOTHING:
        set_address(n, &nothing);
        break;
    case NETWORK_USE_DHCP:
        use_dhcp(n);
        break;
    case NETWORK_USE_STATIC:
        use_static(n);
        break;
    case NETWORK_USE_LINK_LOCAL:
        use_link_local(n, a->target);
        break;
    case NETWORK_ASK:
        network_eth_ask(&n->eth, a->sender, a->target);
        break;
    case NETWORK_INSTALL:
        if (n->eth.driver) // it did not start
            stop_driver(n, NETWORK_INSTALL_PENDING, now_us);
        else
            install(n, now_us);
        break;
    case NETWORK_RESTART:
        ESP_LOGW(tag, "nothing received for long: restarting Ethernet");
        stop_driver(n, NETWORK_START_PENDING, now_us);
        break;
    case NETWORK_RESTART_MAC:
        ESP_LOGW(tag, "nothing received for long: restarting Ethernet's MAC");
        warn(network_eth_restart_mac(&n->eth), "the MAC does not restart");
        break;
    case NETWORK_REINSTALL:
        ESP_LOGW(tag, "still nothing received: installing the Ethernet driver again");
        stop_driver(n, NETWORK_INSTALL_PENDING, now_us);
        break;
    }
}
