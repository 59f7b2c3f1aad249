// SPDX-License-Identifier: Apache-2.0
#include "tests/port/http_rig.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <stdlib.h>

struct http_rig *http_rig_begin(void)
{
    struct http_rig *r = calloc(1, sizeof *r);
    char why[200] = "";
    port_rig_init(&r->port);
    r->port.loop_config.max_watches = HTTP_WATCHES + 1;
    port_rig_start(&r->port);
    r->live = api_live_create();
    r->log = (struct log){.level = EVENTLOG_ERROR};
    r->config = (struct http_config){
        .listen = "127.0.0.1",
        .http = {.loop = r->port.loop,
                 .api = {.server = r->port.server, .version = "1.2.3", .live = r->live}},
        .log = &r->log,
    };
    r->http = http_start(&r->config, why, sizeof why);
    CHECK_STR(why, "");
    r->http_port = http_listener(r->http)->port;
    return r;
}

void http_rig_end(struct http_rig *r)
{
    http_stop(r->http);
    api_live_destroy(r->live);
    port_rig_end(&r->port);
    free(r);
}

void http_rig_ask(struct http_rig *r, const char *method, const char *path, int status)
{
    CHECK(http_client_ask(&r->client, r->http_port, method, path));
    CHECK_EQ(r->client.status, status);
}

void http_rig_send(struct http_rig *r, const char *request, int status)
{
    bool answered = http_client_send(&r->client, r->http_port, request);
    if (!answered || r->client.status != status)
        check_fail(__FILE__, __LINE__, "%.60s: %d", request, answered ? r->client.status : 0);
}

int http_rig_connect(const struct http_rig *r)
{
    int fd = tcp_client_connect("127.0.0.1", r->http_port, TCP_CLIENT_MS);
    CHECK(fd >= 0);
    return fd;
}
