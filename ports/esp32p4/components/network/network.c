// SPDX-License-Identifier: Apache-2.0
#include "network.h"
#include "base/base_text.h"
#include "esp_event.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "network_inside.h"
#include "ports/posix/posix_time.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/poll.h>

static const char tag[] = "network";

enum { TURN_US = 500000 };

// --- life ----------------------------------------------------------------------------------------

static _Atomic(struct network *) halted_at_restart; // a shutdown handler has no argument

static void halt_at_restart(void)
{
    struct network *n = atomic_load(&halted_at_restart);
    if (n)
        network_eth_halt(&n->eth);
}

static void copy_settings(struct network_word *w, const struct settings *s)
{
    w->network = s->network;
    base_text_copy(w->host_name, sizeof w->host_name, s->host_name);
}

// What ESP-IDF has once per chip, and may be there.
static const char *start_stack(struct network *n)
{
    esp_err_t loop = esp_event_loop_create_default();
    if (esp_netif_init() != ESP_OK || (loop != ESP_OK && loop != ESP_ERR_INVALID_STATE))
        return "the TCP/IP stack does not start";
    if (!network_eth_init(&n->eth, &n->config.eth))
        return "there is no memory for the Ethernet interface";
    esp_err_t err = esp_register_shutdown_handler(halt_at_restart);
    if (err != ESP_OK && err != ESP_ERR_INVALID_STATE)
        ESP_LOGW(tag, "Ethernet will not be stopped before a restart: %s", esp_err_to_name(err));
    atomic_store(&halted_at_restart, n);
    return NULL;
}

static void set_host_name(struct network *n)
{
    esp_err_t err = esp_netif_set_hostname(n->eth.netif, n->done.host_name);
    if (err != ESP_OK)
        ESP_LOGW(tag, "DHCP is not told the host name: %s", esp_err_to_name(err));
}

struct network *network_create(const struct network_config *config, const struct settings *settings,
                               const char **why)
{
    // Atomics that the driver's task changes are in it.
    struct network *n = heap_caps_calloc(1, sizeof *n, MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
    *why = "there is no memory for the network";
    if (!n)
        return NULL;
    n->config = *config;
    pthread_mutex_init(&n->lock, NULL);
    *why = "no eventfd is left for the network";
    if (!posix_calls_init(&n->wake)) {
        heap_caps_free(n);
        return NULL;
    }
    *why = start_stack(n);
    if (*why) {
        posix_calls_destroy(&n->wake);
        heap_caps_free(n);
        return NULL;
    }
    // It calls an address invalid that is still being checked; addresses are logged here.
    esp_log_level_set("esp_netif_handlers", ESP_LOG_NONE);
    copy_settings(&n->word, settings);
    n->done = n->word;
    n->mdns.usbip_port = config->usbip_port;
    n->mdns.http_port = config->http_port;
    n->mdns.version = config->version;
    set_host_name(n);
    network_sntp_start(&n->sntp, n->done.network.sntp_server, &n->config.clock);
    network_policy_init(&n->policy, &n->done.network, posix_now_us());
    return n;
}

void network_destroy(struct network *n)
{
    atomic_store(&halted_at_restart, NULL);
    mdns_esp_stop(&n->mdns);
    network_sntp_stop(&n->sntp);
    network_listen_no_more(n);
    network_eth_destroy(&n->eth);
    posix_calls_destroy(&n->wake);
    pthread_mutex_destroy(&n->lock);
    heap_caps_free(n);
}

// --- word from others ----------------------------------------------------------------------------

void network_settings(struct network *n, const struct settings *settings)
{
    pthread_mutex_lock(&n->lock);
    copy_settings(&n->word, settings);
    pthread_mutex_unlock(&n->lock);
    posix_calls_wake(&n->wake);
}

void network_devices(struct network *n, unsigned devices)
{
    pthread_mutex_lock(&n->lock);
    n->word.devices = devices;
    pthread_mutex_unlock(&n->lock);
    posix_calls_wake(&n->wake);
}

void network_held(struct network *n, bool held)
{
    pthread_mutex_lock(&n->lock);
    n->word.held = held; // there is time until the next turn
    pthread_mutex_unlock(&n->lock);
}

void network_stop(struct network *n)
{
    pthread_mutex_lock(&n->lock);
    n->word.stop = true;
    pthread_mutex_unlock(&n->lock);
    posix_calls_wake(&n->wake);
}

static void take_settings(struct network *n, const struct network_word *w, uint64_t now_us)
{
    struct network_word old = n->done;
    n->done.network = w->network;
    memcpy(n->done.host_name, w->host_name, sizeof w->host_name);
    if (strcmp(old.host_name, w->host_name) != 0) {
        set_host_name(n);
        mdns_esp_host_name(&n->mdns, w->host_name);
    }
    if (strcmp(old.network.sntp_server, w->network.sntp_server) != 0) {
        network_sntp_stop(&n->sntp);
        network_sntp_start(&n->sntp, w->network.sntp_server, &n->config.clock);
        network_sntp_ask(&n->sntp);
    }
    network_policy_settings(&n->policy, &w->network, now_us);
}

// A link that was lost and is back is told as both.
static void take_link(struct network *n, const struct network_word *w, uint64_t now_us)
{
    if (w->losses != n->done.losses || !w->link_up)
        network_forget_link(n, now_us);
    n->done.losses = w->losses;
    if (w->link_up && n->pending == NETWORK_NOTHING_PENDING)
        network_policy_link(&n->policy, true, now_us);
}

// --- turn ----------------------------------------------------------------------------------------

static void watch_frames(struct network *n)
{
    struct network_watch w;
    network_policy_watch(&n->policy, &w);
    network_frames_watch(&n->eth.frames, &w);
}

static void follow_policy(struct network *n, uint64_t now_us)
{
    struct network_action a;
    while (network_policy_next(&n->policy, now_us, &a)) {
        watch_frames(n); // before anybody can answer
        network_act(n, &a, now_us);
    }
    watch_frames(n);
}

static void put_ip(uint8_t ip[NETWORK_IP_SIZE], esp_ip4_addr_t from)
{
    memcpy(ip, &from.addr, NETWORK_IP_SIZE); // both are in network byte order
}

// Asking lwIP instead of relying on its events: those are lost when the queue is full.
static void look_at_address(struct network *n, struct network_state *s, uint64_t now_us)
{
    esp_netif_ip_info_t info = {0};
    if (n->policy.link_up)
        esp_netif_get_ip_info(n->eth.netif, &info);
    put_ip(s->address, info.ip);
    put_ip(s->netmask, info.netmask);
    put_ip(s->gateway, info.gw);
    network_policy_address(&n->policy, s->address, s->gateway, now_us);
}

// The link's address of IPv6, again with each link.
static void look_at_ipv6(struct network *n, struct network_state *s)
{
    esp_ip6_addr_t ip;
    if (n->policy.link_up && !n->has_link_local6)
        n->has_link_local6 = esp_netif_create_ip6_linklocal(n->eth.netif) == ESP_OK;
    if (n->has_link_local6 && esp_netif_get_ip6_linklocal(n->eth.netif, &ip) == ESP_OK)
        memcpy(s->link_local6, ip.addr, sizeof s->link_local6);
}

static void look_at_frames(struct network *n, struct network_state *s, uint64_t now_us)
{
    struct network_heard h;
    network_frames_heard(&n->eth.frames, &h);
    network_policy_heard(&n->policy, &h, now_us);
    s->frames = h.frames;
    s->answers = h.answers;
}

static void fill_state(const struct network *n, struct network_state *s)
{
    s->installed = n->eth.driver != NULL;
    s->link_up = n->policy.link_up;
    if (s->link_up)
        network_eth_link(&n->eth, &s->link);
    s->source = network_policy_source(&n->policy);
    s->trouble = n->policy.trouble;
    s->restarts = n->policy.restarts;
    memcpy(s->mac, n->eth.frames.mac, sizeof s->mac);
    memcpy(s->host_name, n->done.host_name, sizeof s->host_name);
}

static bool differs(const struct network_state *a, const struct network_state *b)
{
    return a->installed != b->installed || a->link_up != b->link_up || a->source != b->source ||
           a->trouble != b->trouble || a->restarts != b->restarts ||
           a->link.speed_mbit != b->link.speed_mbit || a->link.full_duplex != b->link.full_duplex ||
           memcmp(a->address, b->address, sizeof a->address) != 0 ||
           memcmp(a->gateway, b->gateway, sizeof a->gateway) != 0 ||
           memcmp(a->link_local6, b->link_local6, sizeof a->link_local6) != 0 ||
           strcmp(a->host_name, b->host_name) != 0;
}

static void tell_state(struct network *n, const struct network_state *s)
{
    struct network_state old;
    pthread_mutex_lock(&n->lock);
    old = n->state;
    n->state = *s;
    pthread_mutex_unlock(&n->lock);
    if (!differs(&old, s))
        return;
    if (memcmp(old.address, s->address, sizeof s->address) != 0 &&
        s->source != NETWORK_NO_ADDRESS) {
        char address[NETWORK_ADDRESS_SIZE];
        network_address_text(s->address, address);
        ESP_LOGI(tag, "%s: %s (%s) %s", s->host_name, address, network_source_text(s->source),
                 network_trouble_text(s));
        network_sntp_ask(&n->sntp);
    }
    if (n->config.changed)
        n->config.changed(n->config.ctx, s);
}

void network_turn(struct network *n, uint64_t now_us)
{
    struct network_state s = {0};
    pthread_mutex_lock(&n->lock);
    struct network_word w = n->word;
    pthread_mutex_unlock(&n->lock);
    take_link(n, &w, now_us);
    take_settings(n, &w, now_us);
    network_policy_held(&n->policy, w.held);
    mdns_esp_devices(&n->mdns, w.devices);
    n->done.devices = w.devices;
    network_go_on(n, now_us);
    look_at_address(n, &s, now_us);
    look_at_ipv6(n, &s);
    look_at_frames(n, &s, now_us);
    follow_policy(n, now_us);
    fill_state(n, &s);
    tell_state(n, &s);
}

static bool asked_to_stop(struct network *n)
{
    pthread_mutex_lock(&n->lock);
    bool stop = n->word.stop;
    pthread_mutex_unlock(&n->lock);
    return stop;
}

void network_run(struct network *n)
{
    struct pollfd wake = {.fd = n->wake.wake_fd, .events = POLLIN};
    esp_task_wdt_add(NULL);
    while (!asked_to_stop(n)) {
        uint64_t now_us = posix_now_us();
        network_turn(n, now_us);
        esp_task_wdt_reset();
        posix_poll_until(&wake, 1, now_us + TURN_US);
        if (wake.revents)
            posix_calls_serve(&n->wake);
    }
    esp_task_wdt_delete(NULL);
}

// --- for people ----------------------------------------------------------------------------------

void network_state(struct network *n, struct network_state *state)
{
    pthread_mutex_lock(&n->lock);
    *state = n->state;
    pthread_mutex_unlock(&n->lock);
}

void network_address_text(const uint8_t address[NETWORK_IP_SIZE], char text[NETWORK_ADDRESS_SIZE])
{
    (void)snprintf(text, NETWORK_ADDRESS_SIZE, "%u.%u.%u.%u", address[0], address[1], address[2],
                   address[3]);
}

const char *network_source_text(enum network_source source)
{
    static const char *const words[] = {
        [NETWORK_NO_ADDRESS] = "none",
        [NETWORK_STATIC] = "static",
        [NETWORK_DHCP] = "DHCP",
        [NETWORK_LINK_LOCAL] = "link-local",
    };
    return words[source];
}

const char *network_trouble_text(const struct network_state *s)
{
    bool is_static = s->source == NETWORK_STATIC;
    if (!s->installed)
        return "the Ethernet driver does not start: wiring or PHY settings are wrong";
    if (!s->link_up)
        return "no Ethernet cable, or nothing at its other end";
    if (s->trouble == NETWORK_IN_USE)
        return "another station has the static address of the settings";
    if (s->trouble == NETWORK_GATEWAY_SILENT)
        return is_static ? "the gateway of the settings does not answer"
                         : "the gateway of the settings does not answer, so DHCP is used";
    if (s->source == NETWORK_LINK_LOCAL)
        return "no DHCP server answers";
    return "";
}
