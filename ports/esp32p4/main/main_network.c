// SPDX-License-Identifier: Apache-2.0
#include "main_network.h"
#include "main_tasks.h"

#include "esp_log.h"
#include "sdkconfig.h"

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

static void run(void *arg)
{
    network_run(arg);
    main_task_end();
}

struct network *main_network_start(const struct settings *settings,
                                   const struct network_clock *clock, const char *version)
{
    const struct network_config config = {
        .eth =
            {
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
            },
        .usbip_port = CONFIG_USBIP_TCP_PORT,
        .http_port = CONFIG_USBIP_HTTP_PORT,
        .version = version,
        .clock = *clock,
    };
    const char *why;
    struct network *n = network_create(&config, settings, &why);
    if (n)
        main_task_start(&main_task_network, run, n);
    else
        ESP_LOGE("network", "no network: %s", why);
    return n;
}
