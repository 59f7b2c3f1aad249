// SPDX-License-Identifier: Apache-2.0
#include "api/api_restore.h"
#include "ports/linux/program.h"
#include "sim/set/sim_set.h"
#include "web/web_assets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    SPARE_SOCKETS = 64,
    OTHER_WATCHES = 64,
    MDNS_LOOK_US = 2000000,
};

static void explain_listening(struct program *p, const char *what, const char *why,
                              const char *option)
{
    bool advice = strstr(why, "is in use") != NULL;
    snprintf(p->why, WHY_SIZE, "%s: %s%s%s%s", what, why, advice ? ": " : "", advice ? option : "",
             advice ? " takes another one" : "");
}

bool program_start_loop(struct program *p, void (*after_turn)(void *ctx, uint64_t now_us))
{
    struct posix_loop_config config;
    posix_loop_config_default(&config);
    config.listen = p->options.listen;
    config.port = p->options.port;
    config.listener = &p->sockets.usbip;
    config.max_sockets = server_settings_most_connections(&p->settings) + SPARE_SOCKETS;
    config.max_watches = HTTP_WATCHES + OTHER_WATCHES;
    config.longest_wait_us = p->service.alive_us;
    config.after_turn = after_turn;
    config.ctx = p;
    char why[WHY_SIZE / 2];
    p->loop = posix_loop_create(p->server, &config, why, sizeof why);
    if (!p->loop)
        explain_listening(p, "usbip", why, "--port");
    return p->loop != NULL;
}

// Loop thread.
static void fill_facts(void *ctx, struct api_port_facts *facts)
{
    struct program *p = ctx;
    const char *name = server_settings_name(&p->settings);
    host_facts_fill(&p->host, facts);
    if (name)
        snprintf(facts->name, sizeof facts->name, "%s", name);
    http_facts(p->http, facts);
}

static struct api_context api_of(struct program *p)
{
    program_offer_change(p);
    program_offer_restart(p);
    p->live = api_live_create();
    sim_set_simulate(&p->simulate, p->bus);
    p->host.facts.usbip_port = posix_loop_listener(p->loop)->port;
    (void)gethostname(p->host_name, sizeof p->host_name - 1);
    return (struct api_context){
        .server = p->server,
        .version = USBIP_VERSION,
        .host_name = p->host_name,
        .assets = web_assets,
        .port_facts = fill_facts,
        .port_ctx = p,
        .users = &p->users.all,
        .setup_code = p->users.setup_code,
        .simulate = &p->simulate,
        .settings = &p->settings.now,
        .certificate = https_certificate(p->https),
        .change = &p->change,
        .kept = p->options.state_dir != NULL,
        .body_max = api_restore_body_max(&p->settings.port),
        .live = p->live,
        .box = &p->box,
    };
}

bool program_start_http(struct program *p)
{
    const struct http_config config = {
        .listen = p->options.http_listen,
        .port = p->options.http_port,
        .listener = &p->sockets.http,
        .https = p->https,
        .https_listen = p->options.https_listen ? p->options.https_listen : p->options.http_listen,
        .https_port = p->options.https_port,
        .http = {.loop = p->loop, .api = api_of(p)},
        .log = &p->log,
    };
    char why[WHY_SIZE / 2];
    p->http = http_start(&config, why, sizeof why);
    if (!p->http)
        explain_listening(p, "http", why, p->https ? "--http-port or --https-port" : "--http-port");
    return p->http != NULL;
}

// --- HTTPS ---------------------------------------------------------------------------------------

// Whom a certificate that is made here is for: whatever a browser may call this machine.
static void own_names(struct program *p, struct base_text *t)
{
    const char *set = server_settings_name(&p->settings);
    const char *host = set ? set : p->host_name;
    struct api_port_facts facts = {0};
    host_facts_fill(&p->host, &facts);
    base_text_str(t, host);
    base_text_char(t, '\n');
    if (!strchr(host, '.')) {
        base_text_str(t, host);
        base_text_str(t, ".local\n");
    }
    base_text_str(t, "localhost\n127.0.0.1\n::1\n");
    for (unsigned i = 0; i < facts.address_count; i++) {
        base_address_text(&facts.addresses[i], t);
        base_text_char(t, '\n');
    }
}

void program_start_https(struct program *p)
{
    const char *folder = p->options.state_dir;
    char names[API_CERTIFICATE_NAMES], why[API_CERTIFICATE_WHY];
    struct base_text t;
    if (!p->options.https_port)
        return;
    (void)gethostname(p->host_name, sizeof p->host_name - 1);
    base_text_init(&t, names, sizeof names);
    own_names(p, &t);
    const struct https_config config = {.state_folder = folder, .names = names, .log = &p->log};
    p->https = https_open(&config, why);
    if (p->https)
        return;
    log_message(&p->log, EVENTLOG_ERROR, "https: %s There is no HTTPS until that is mended.", why);
    if (folder)
        log_message(&p->log, EVENTLOG_ERROR,
                    "https: put a good certificate.pem into %.200s, or remove the one that is "
                    "there, for a self-made one; then start again",
                    folder);
}

// --- by name -------------------------------------------------------------------------------------

static unsigned exported(const struct program *p)
{
    const struct base_list *devices = &server_registry(p->server)->devices;
    unsigned count = 0;
    BASE_LIST_FOR_EACH (const struct registry_device, d, devices, link)
        count += registry_listed(d, true);
    return count;
}

// Loop thread: the name and the number of devices change seldom.
static void announce_changes(void *ctx, uint64_t now_us)
{
    struct program *p = ctx;
    struct api_port_facts facts = {0};
    fill_facts(p, &facts);
    mdns_change(p->mdns, facts.name, exported(p));
    p->mdns_timer.due_us = now_us + MDNS_LOOK_US;
}

static bool reached_by_others(const struct posix_listener *l)
{
    return strncmp(l->address, "127.", 4) != 0 && strncmp(l->address, "[::1]", 5) != 0;
}

void program_announce(struct program *p)
{
    const struct posix_listener *l = posix_loop_listener(p->loop);
    struct api_port_facts facts = {0};
    if (p->options.no_mdns || !reached_by_others(l))
        return;
    fill_facts(p, &facts);
    const struct posix_listener *https = http_secure_listener(p->http);
    const struct mdns_config config = {
        .name = facts.name,
        .id = facts.id,
        .version = USBIP_VERSION,
        .usbip_port = l->port,
        .http_port = http_listener(p->http)->port,
        .https_port = https ? https->port : 0,
        .log = &p->log,
    };
    p->mdns = mdns_start(&config);
    if (!p->mdns) {
        log_message(&p->log, EVENTLOG_WARNING, "not announced on the local network: no memory");
        return;
    }
    p->mdns_timer = (struct posix_timer){.due = announce_changes, .ctx = p};
    posix_loop_remind(p->loop, &p->mdns_timer);
}
