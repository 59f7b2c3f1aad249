// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include "esp_err.h"
#include "esp_netif_types.h"

// NULL here: the test's double has one kind of interface only. Its key is "ETH_DEF".
#define ESP_NETIF_DEFAULT_ETH()                                                                    \
    {                                                                                              \
        .base = NULL, .driver = NULL, .stack = NULL,                                               \
    }

typedef esp_err_t (*esp_netif_callback_fn)(void *ctx);

esp_err_t esp_netif_init(void);
esp_netif_t *esp_netif_new(const esp_netif_config_t *esp_netif_config);
void esp_netif_destroy(esp_netif_t *esp_netif);
esp_err_t esp_netif_attach(esp_netif_t *esp_netif, esp_netif_iodriver_handle driver_handle);
esp_err_t esp_netif_receive(esp_netif_t *esp_netif, void *buffer, size_t len, void *eb);
esp_err_t esp_netif_set_hostname(esp_netif_t *esp_netif, const char *hostname);
esp_err_t esp_netif_get_ip_info(esp_netif_t *esp_netif, esp_netif_ip_info_t *ip_info);

// Only while the DHCP client is stopped. Takes the DNS servers away.
esp_err_t esp_netif_set_ip_info(esp_netif_t *esp_netif, const esp_netif_ip_info_t *ip_info);
esp_err_t esp_netif_set_dns_info(esp_netif_t *esp_netif, esp_netif_dns_type_t type,
                                 esp_netif_dns_info_t *dns);
esp_err_t esp_netif_dhcpc_start(esp_netif_t *esp_netif);
esp_err_t esp_netif_dhcpc_stop(esp_netif_t *esp_netif);
esp_err_t esp_netif_create_ip6_linklocal(esp_netif_t *esp_netif);
esp_err_t esp_netif_get_ip6_linklocal(esp_netif_t *esp_netif, esp_ip6_addr_t *if_ip6);

// Takes the interface out of lwIP, if it is there.
void esp_netif_action_stop(void *esp_netif, esp_event_base_t base, int32_t event_id, void *data);

// Runs fn(ctx) in lwIP's task and returns what it returns.
esp_err_t esp_netif_tcpip_exec(esp_netif_callback_fn fn, void *ctx);
