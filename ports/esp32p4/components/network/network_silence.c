// SPDX-License-Identifier: Apache-2.0
#include "network_silence.h"
#include "esp_netif.h"
#include "lwip/api.h"
#include "lwip/priv/sockets_priv.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

struct look {
    int fd;
    uint64_t now_us;
    struct session_heard *h;
};

// In lwIP's task: nothing changes meanwhile. `tmr` is when the last segment came, in ticks that
// wrap around. Keepalives are sent beside retransmissions, and any segment ends their count. lwIP
// measures round trips in ticks of half a second, which says nothing about a local network.
static esp_err_t look(void *ctx)
{
    const struct look *l = ctx;
    const struct lwip_sock *sock = lwip_socket_dbg_get_socket(l->fd);
    const struct tcp_pcb *pcb = sock && sock->conn ? sock->conn->pcb.tcp : NULL;
    if (!pcb)
        return ESP_FAIL;
    uint64_t silent_us = (uint64_t)(uint32_t)(tcp_ticks - pcb->tmr) * TCP_SLOW_INTERVAL * 1000;
    *l->h = (struct session_heard){
        .last_us = silent_us < l->now_us ? l->now_us - silent_us : 0,
        .unanswered = (unsigned)pcb->nrtx + pcb->keep_cnt_sent + pcb->persist_probe,
        .full = !pcb->unacked && pcb->unsent,
        .taken = pcb->lastack,
    };
    return ESP_OK;
}

bool network_silence_heard(int fd, uint64_t now_us, struct session_heard *h)
{
    struct look l = {.fd = fd, .now_us = now_us, .h = h};
    return esp_netif_tcpip_exec(look, &l) == ESP_OK;
}
