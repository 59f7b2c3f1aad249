// SPDX-License-Identifier: Apache-2.0
#include "main_network.h"
#include "main_tasks.h"

#include "base/base_bytes.h"
#include "esp_log.h"
#include "sdkconfig.h"

#include <string.h>

#if defined(CONFIG_USBIP_PHY_IP101)
enum { PHY = NETWORK_PHY_IP101 };
#elif defined(CONFIG_USBIP_PHY_LAN87XX)
enum { PHY = NETWORK_PHY_LAN87XX };
#elif defined(CONFIG_USBIP_PHY_RTL8201)
enum { PHY = NETWORK_PHY_RTL8201 };
#elif defined(CONFIG_USBIP_PHY_DP83848)
enum { PHY = NETWORK_PHY_DP83848 };
#elif defined(CONFIG_USBIP_PHY_KSZ80XX)
enum { PHY = NETWORK_PHY_KSZ80XX };
#else
enum { PHY = NETWORK_PHY_GENERIC };
#endif

// Above the loop, below lwIP.
enum { RECEIVE_PRIORITY = 15, RECEIVE_STACK = 4096 };

static void network_task(void *arg)
{
    network_run(arg);
    main_task_end();
}

static struct network_eth_config eth_config(void)
{
    return (struct network_eth_config){
        .phy = (enum network_phy)PHY,
        .phy_address = CONFIG_USBIP_PHY_ADDRESS,
        .phy_reset_pin = CONFIG_USBIP_PHY_RST_GPIO,
        .mdc_pin = CONFIG_USBIP_MDC_GPIO,
        .mdio_pin = CONFIG_USBIP_MDIO_GPIO,
        .ref_clk_pin = CONFIG_USBIP_REF_CLK_GPIO,
        .tx_en_pin = CONFIG_USBIP_TX_EN_GPIO,
        .txd0_pin = CONFIG_USBIP_TXD0_GPIO,
        .txd1_pin = CONFIG_USBIP_TXD1_GPIO,
        .crs_dv_pin = CONFIG_USBIP_CRS_DV_GPIO,
        .rxd0_pin = CONFIG_USBIP_RXD0_GPIO,
        .rxd1_pin = CONFIG_USBIP_RXD1_GPIO,
        .receive_stack = RECEIVE_STACK,
        .receive_priority = RECEIVE_PRIORITY,
    };
}

struct network *main_network_start(struct network_config *config, const struct settings *settings)
{
    const char *why;
    config->eth = eth_config();
    config->usbip_port = CONFIG_USBIP_TCP_PORT;
    config->http_port = CONFIG_USBIP_HTTP_PORT;
    struct network *n = network_create(config, settings, &why);
    if (n)
        main_task_start(&main_task_network, network_task, n);
    else
        ESP_LOGE("network", "no network: %s", why);
    return n;
}

bool main_network_uses(int pin)
{
    const struct network_eth_config eth = eth_config();
    return network_eth_uses(&eth, pin);
}

// --- what people see of it -----------------------------------------------------------------------

static bool is_up(const struct network_state *s)
{
    return s->link_up && s->source != NETWORK_NO_ADDRESS;
}

static struct eventlog_what up_event(const struct network_state *s)
{
    static const enum eventlog_address sources[] = {
        [NETWORK_STATIC] = EVENT_ADDRESS_STATIC,
        [NETWORK_DHCP] = EVENT_ADDRESS_DHCP,
        [NETWORK_LINK_LOCAL] = EVENT_ADDRESS_LINK_LOCAL,
    };
    return EVENTLOG_WITH(network_up, .address = base_get_be32(s->address),
                         .source = sources[s->source]);
}

static void record(struct eventlog *log, uint64_t now_us, struct eventlog_what what)
{
    eventlog_record(log, &(struct eventlog_event){.time_us = now_us, .what = what});
}

void main_network_record(struct eventlog *log, uint64_t now_us, const struct network_state *before,
                         const struct network_state *now)
{
    static const enum eventlog_fallback fallbacks[] = {
        [NETWORK_IN_USE] = EVENT_FALLBACK_IN_USE,
        [NETWORK_GATEWAY_SILENT] = EVENT_FALLBACK_GATEWAY_SILENT,
    };
    bool same_address = memcmp(before->address, now->address, sizeof now->address) == 0;
    if (now->trouble != before->trouble && now->trouble != NETWORK_NO_TROUBLE)
        record(log, now_us, EVENTLOG_WITH(network_fallback, .reason = fallbacks[now->trouble]));
    if (is_up(now) && (!is_up(before) || !same_address || now->source != before->source))
        record(log, now_us, up_event(now));
    else if (is_up(before) && !is_up(now)) // not at each start: the link takes seconds to come
        record(log, now_us,
               EVENTLOG_WITH(network_down, .reason = now->link_up ? EVENT_NETWORK_NO_ADDRESS
                                                                  : EVENT_NETWORK_NO_LINK));
}
