// SPDX-License-Identifier: Apache-2.0
// mDNS and SNTP of tests/firmware/network_double.h.
#include "esp_netif_sntp.h"
#include "mdns.h"
#include "tests/firmware/network_double_state.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_SIZE = 160 };

static bool mdns_running, sntp_running;
static esp_sntp_time_cb_t clock_cb;

void network_double_forget_names(void)
{
    mdns_running = sntp_running = false;
}

esp_err_t mdns_init(void)
{
    CHECK(!mdns_running);
    if (network_double_fails("mdns_init"))
        return ESP_ERR_NO_MEM;
    mdns_running = true;
    network_double_write("mdns_init", "");
    return ESP_OK;
}

void mdns_free(void)
{
    CHECK(mdns_running);
    mdns_running = false;
    network_double_write("mdns_free", "");
}

esp_err_t mdns_hostname_set(const char *hostname)
{
    CHECK(mdns_running);
    network_double_write("mdns_host", hostname);
    return ESP_OK;
}

esp_err_t mdns_instance_name_set(const char *instance_name)
{
    CHECK(mdns_running && instance_name[0]);
    return ESP_OK;
}

esp_err_t mdns_service_add(const char *instance_name, const char *service_type, const char *proto,
                           uint16_t port, mdns_txt_item_t txt[], size_t num_items)
{
    char text[WORDS_SIZE];
    CHECK(mdns_running && !instance_name && strcmp(proto, "_tcp") == 0);
    int used = snprintf(text, sizeof text, "%u", port);
    for (size_t i = 0; i < num_items; i++)
        used +=
            snprintf(text + used, sizeof text - (size_t)used, ",%s=%s", txt[i].key, txt[i].value);
    network_double_write(service_type, text);
    return ESP_OK;
}

esp_err_t mdns_service_txt_item_set(const char *service_type, const char *proto, const char *key,
                                    const char *value)
{
    char text[WORDS_SIZE];
    CHECK(mdns_running && strcmp(service_type, "_usbip") == 0 && strcmp(proto, "_tcp") == 0);
    snprintf(text, sizeof text, "%s=%s", key, value);
    network_double_write("mdns_txt", text);
    return ESP_OK;
}

esp_err_t esp_netif_sntp_init(const esp_sntp_config_t *config)
{
    CHECK(!sntp_running && config->server_from_dhcp && !config->start && !config->wait_for_sync);
    CHECK(config->renew_servers_after_new_IP && config->index_of_first_server == 1);
    CHECK_EQ(config->ip_event_to_renew, IP_EVENT_ETH_GOT_IP);
#ifndef CONFIG_LWIP_DHCP_GET_NTP_SRV
    return ESP_ERR_INVALID_ARG;
#endif
    sntp_running = true;
    clock_cb = config->sync_cb;
    network_double_write("sntp", config->num_of_servers ? config->servers[0] : "");
    return ESP_OK;
}

esp_err_t esp_netif_sntp_start(void)
{
    CHECK(sntp_running);
    network_double_write("sntp_ask", "");
    return ESP_OK;
}

void esp_netif_sntp_deinit(void)
{
    CHECK(sntp_running);
    sntp_running = false;
}

void network_double_set_clock(const struct timeval *tv)
{
    struct timeval copy = *tv;
    clock_cb(&copy);
}
