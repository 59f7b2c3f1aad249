// SPDX-License-Identifier: Apache-2.0
#include "network_sntp.h"
#include "base/base_text.h"
#include "esp_log.h"
#include "esp_netif_sntp.h"

#include <stdatomic.h>

static const char tag[] = "network";

static _Atomic(const struct network_clock *) told;

static void synchronized(struct timeval *tv)
{
    const struct network_clock *clock = atomic_load(&told);
    if (clock && clock->set)
        clock->set(clock->ctx, (uint64_t)tv->tv_sec * 1000000 + (uint64_t)tv->tv_usec);
}

// Servers of DHCP take the first place in the library's list and remove the rest of it at each
// lease, which `renew` puts back.
void network_sntp_start(struct network_sntp *s, const char *server,
                        const struct network_clock *clock)
{
    base_text_copy(s->server, sizeof s->server, server);
    const esp_sntp_config_t config = {
        .server_from_dhcp = true,
        .sync_cb = synchronized,
        .renew_servers_after_new_IP = true,
        .ip_event_to_renew = IP_EVENT_ETH_GOT_IP,
        .index_of_first_server = 1,
        .num_of_servers = s->server[0] ? 1 : 0,
        .servers = {s->server},
    };
    atomic_store(&told, clock);
    esp_err_t err = esp_netif_sntp_init(&config);
    s->running = err == ESP_OK;
    if (!s->running)
        ESP_LOGW(tag, "no time from the network: %s", esp_err_to_name(err));
}

void network_sntp_ask(struct network_sntp *s)
{
    if (s->running)
        esp_netif_sntp_start();
}

void network_sntp_stop(struct network_sntp *s)
{
    if (s->running)
        esp_netif_sntp_deinit();
    s->running = false;
    atomic_store(&told, NULL);
}
