// SPDX-License-Identifier: Apache-2.0
#include "main_http.h"
#include "main_change.h"
#include "main_tasks.h"

#include "api/api_restore.h"
#include "base/base_text.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "ports/posix/posix_loop.h"
#include "sdkconfig.h"
#include "web/web_assets.h"

#include <string.h>

// --- facts ---------------------------------------------------------------------------------------

static struct api_pool pool(const char *name, uint32_t caps)
{
    return (struct api_pool){
        .name = name,
        .size = heap_caps_get_total_size(caps),
        .free = heap_caps_get_free_size(caps),
        .least_free = heap_caps_get_minimum_free_size(caps),
    };
}

// "30:ed:a0:e1:23:45"
static void add_id(struct api_port_facts *facts, const uint8_t mac[NETWORK_MAC_SIZE])
{
    struct base_text t;
    base_text_init(&t, facts->id, sizeof facts->id);
    for (unsigned i = 0; i < NETWORK_MAC_SIZE; i++) {
        if (i > 0)
            base_text_char(&t, ':');
        base_text_hex(&t, mac[i], 2);
    }
}

static void add_addresses(struct api_port_facts *facts, const struct network_state *s)
{
    static const uint8_t none[sizeof s->link_local6];
    if (s->source != NETWORK_NO_ADDRESS)
        facts->addresses[facts->address_count++] = base_address_of(s->address, 32);
    if (memcmp(s->link_local6, none, sizeof none) != 0)
        facts->addresses[facts->address_count++] = base_address_of(s->link_local6, 128);
}

static void add_network(struct api_port_facts *facts, const struct network_state *s)
{
    static const char *const sources[] = {
        [NETWORK_STATIC] = "static", [NETWORK_DHCP] = "dhcp", [NETWORK_LINK_LOCAL] = "link_local"};
    add_id(facts, s->mac);
    add_addresses(facts, s);
    (void)base_text_copy(facts->name, sizeof facts->name, s->host_name);
    if (s->source != NETWORK_NO_ADDRESS)
        facts->address_source = sources[s->source];
    facts->link_up = s->link_up;
    facts->link_mbps = s->link_up ? s->link.speed_mbit : API_UNKNOWN;
}

void main_http_facts(void *firmware, struct api_port_facts *facts)
{
    const struct firmware *f = firmware;
    struct network_state s;
    facts->port = "esp32p4";
    facts->board = CONFIG_USBIP_BOARD[0] ? CONFIG_USBIP_BOARD : NULL;
    facts->usbip_port = posix_loop_listener(f->loop)->port;
    facts->link_mbps = API_UNKNOWN;
    if (f->network) {
        network_state(f->network, &s);
        add_network(facts, &s);
    }
    facts->pools[facts->pool_count++] = pool("internal", MALLOC_CAP_INTERNAL);
    facts->pools[facts->pool_count++] = pool("psram", MALLOC_CAP_SPIRAM);
    if (f->http)
        http_esp_facts(f->http, facts);
}

// --- restart -------------------------------------------------------------------------------------

// Loop task, which restarts the chip when it has ended.
static void restart(void *ctx, enum eventlog_start why)
{
    struct firmware *f = ctx;
    posix_restart_ask(&f->ask, why);
}

static bool erase(void *ctx, char *why)
{
    struct firmware *f = ctx;
    bool erased = main_change_erase(f, why);
    if (erased)
        posix_restart_erased(&f->ask);
    return erased;
}

// --- start ---------------------------------------------------------------------------------------

void main_http_start(struct firmware *f)
{
    const struct http_esp_config config = {
        .port = CONFIG_USBIP_HTTP_PORT,
        .http = {.loop = f->loop,
                 .api = {.server = f->server,
                         .version = f->version,
                         .host_name = f->shown.host_name,
                         .writers = main_users_want_code() ? API_WRITERS_NOBODY : API_WRITERS_ALL,
                         .users = f->users.all,
                         .setup_code = main_users_code(&f->users),
                         .kept = true,
                         .assets = web_assets,
                         .port_facts = main_http_facts,
                         .port_ctx = f,
                         .simulate = f->simulate.ctx ? &f->simulate : NULL,
                         .settings = &f->shown,
                         .change = &f->change,
                         .box = &f->box,
                         .body_max = api_restore_body_max(&f->settings.port),
                         .live = api_live_create()}}, // NULL: no live updates
        .priority = main_task_http.priority,
        .core = main_task_http.core,
        .stack_size = main_task_http.stack_size,
        .jobs_priority = main_task_jobs.priority,
        .jobs_core = main_task_jobs.core,
        .jobs_stack_size = main_task_jobs.stack_size,
    };
    char why[128];
    main_change_offer(f);
    f->box = (struct api_box){restart, erase, NULL, f, MAIN_DRAIN_S, NULL};
    f->http = http_esp_start(&config, why, sizeof why);
    if (!f->http)
        ESP_LOGW("http", "%s", why);
}
