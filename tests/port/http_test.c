// SPDX-License-Identifier: Apache-2.0
// HTTP through CivetWeb, over real sockets, with the socket loop behind it.
#include "ports/linux/http_civetweb.h"
#include "tests/port/http_client.h"
#include "tests/port/port_rig.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BULK = 1, SOURCE_SINK = 3, THREADS = 6, REQUESTS = 20 };

struct rig {
    struct port_rig port;
    struct log log;
    struct http_config config;
    struct http_server *http;
    uint16_t http_port;
    struct http_client client;
};

static struct rig *begin(void)
{
    struct rig *r = calloc(1, sizeof *r);
    char why[200] = "";
    port_rig_begin(&r->port);
    r->log = (struct log){.level = EVENTLOG_ERROR};
    r->config = (struct http_config){
        .listen = "127.0.0.1",
        .http = {.loop = r->port.loop, .api = {.server = r->port.server, .version = "1.2.3"}},
        .log = &r->log,
    };
    r->http = http_start(&r->config, why, sizeof why);
    CHECK_STR(why, "");
    r->http_port = (uint16_t)strtol(strchr(http_address(r->http), ':') + 1, NULL, 10);
    return r;
}

static void end(struct rig *r)
{
    http_stop(r->http);
    port_rig_end(&r->port);
    free(r);
}

static void ask(struct rig *r, const char *method, const char *path, int status)
{
    CHECK(http_client_ask(&r->client, r->http_port, method, path));
    CHECK_EQ(r->client.status, status);
}

static void check_headers(const struct rig *r, size_t length)
{
    char line[64];
    snprintf(line, sizeof line, "Content-Length: %zu", length);
    CHECK(http_client_has(&r->client, line));
    CHECK(http_client_has(&r->client, "Content-Type: application/json"));
    CHECK(http_client_has(&r->client, "Cache-Control: no-store"));
    CHECK(http_client_has(&r->client, "X-Content-Type-Options: nosniff"));
}

static void check_refusal(const struct rig *r)
{
    CHECK(strstr(r->client.body, "\"title\":\"") != NULL);
    CHECK(http_client_has(&r->client, "Content-Type: application/problem+json"));
}

TEST(http_healthz)
{
    struct rig *r = begin();
    ask(r, "GET", "/healthz", 200);
    CHECK_STR(r->client.body, "{\"status\":\"ok\"}");
    check_headers(r, strlen(r->client.body));
    ask(r, "GET", "/healthz?x=1", 200);
    end(r);
}

TEST(http_head_has_no_body)
{
    struct rig *r = begin();
    ask(r, "HEAD", "/healthz", 200);
    CHECK_STR(r->client.body, "");
    check_headers(r, strlen("{\"status\":\"ok\"}"));
    end(r);
}

TEST(http_devices_show_a_session)
{
    struct rig *r = begin();
    struct usbip_client c;
    CHECK_EQ(usbip_client_import(&c, port_rig_connect(&r->port), "1-3"), WIRE_ST_OK);
    ask(r, "GET", "/api/v1/devices", 200);
    check_headers(r, strlen(r->client.body));
    cJSON *status = cJSON_Parse(r->client.body);
    CHECK(status != NULL);
    cJSON *device = cJSON_GetArrayItem(cJSON_GetObjectItem(status, "devices"), 0);
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(device, "busid")), "1-3");
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(device, "state")), "in_use");
    CHECK(cJSON_IsObject(cJSON_GetObjectItem(device, "user")));
    cJSON_Delete(status);
    close(c.fd);
    end(r);
}

TEST(http_unknown_paths_and_methods)
{
    struct rig *r = begin();
    ask(r, "GET", "/nothing", 404);
    check_refusal(r);
    ask(r, "GET", "/etc/passwd", 404);
    ask(r, "GET", "/../../etc/passwd", 404);
    ask(r, "GET", "/%2e%2e/%2e%2e/etc/passwd", 404);
    ask(r, "DELETE", "/healthz", 405);
    CHECK(http_client_has(&r->client, "Allow: GET, HEAD, OPTIONS"));
    ask(r, "PUT", "/file.txt", 404);
    ask(r, "PROPFIND", "/nothing", 404);
    ask(r, "NONSENSE", "/healthz", 400);
    check_refusal(r);
    end(r);
}

TEST(http_long_bodies_are_not_taken)
{
    enum { BODY = 300000 };
    struct rig *r = begin();
    char *request = malloc(BODY + 100);
    int n = snprintf(request, 100, "POST /healthz HTTP/1.1\r\nContent-Length: %d\r\n\r\n", BODY);
    memset(request + n, 'x', BODY);
    request[n + BODY] = '\0';
    CHECK(http_client_send(&r->client, r->http_port, request));
    CHECK_EQ(r->client.status, 413);
    free(request);
    end(r);
}

TEST(http_what_is_no_request_is_refused)
{
    struct rig *r = begin();
    CHECK(http_client_send(&r->client, r->http_port,
                           "GET /healthz HTTP/1.1\r\nContent-Length: -5\r\n\r\n"));
    CHECK_EQ(r->client.status, 411);
    CHECK(http_client_send(&r->client, r->http_port, "this is no HTTP\r\n\r\n"));
    CHECK_EQ(r->client.status, 400);
    end(r);
}

TEST(http_header_too_large)
{
    enum { SIZE = 30000 };
    struct rig *r = begin();
    char *request = malloc(SIZE);
    snprintf(request, SIZE, "GET /%0*d HTTP/1.1\r\n\r\n", SIZE - 100, 0);
    // The rest of it may be reset away, but nothing else happens.
    (void)http_client_send(&r->client, r->http_port, request);
    free(request);
    ask(r, "GET", "/healthz", 200);
    end(r);
}

// Other sites' scripts may not read the answers.
TEST(http_gives_no_cross_origin_access)
{
    struct rig *r = begin();
    CHECK(http_client_send(&r->client, r->http_port,
                           "OPTIONS /healthz HTTP/1.1\r\nHost: localhost\r\n"
                           "Origin: http://example.com\r\n"
                           "Access-Control-Request-Method: GET\r\n\r\n"));
    CHECK_EQ(r->client.status, 204);
    CHECK(strstr(r->client.text, "Access-Control") == NULL);
    end(r);
}

struct browser {
    struct rig *rig;
    pthread_t thread;
    unsigned good;
};

static void *browse(void *arg)
{
    struct browser *b = arg;
    struct http_client *c = malloc(sizeof *c);
    for (unsigned i = 0; i < REQUESTS; i++) {
        bool answered = http_client_ask(c, b->rig->http_port, "GET", "/api/v1/devices");
        cJSON *status = answered ? cJSON_Parse(c->body) : NULL;
        b->good += status != NULL && c->status == 200;
        cJSON_Delete(status);
    }
    free(c);
    return NULL;
}

TEST(http_many_at_once_during_urb_traffic)
{
    struct rig *r = begin();
    struct browser browsers[THREADS];
    struct usbip_client c;
    uint8_t data[512];
    port_rig_attach(&r->port, &c, "1-3", SOURCE_SINK);
    for (unsigned i = 0; i < THREADS; i++) {
        browsers[i] = (struct browser){.rig = r};
        CHECK_EQ(pthread_create(&browsers[i].thread, NULL, browse, &browsers[i]), 0);
    }
    for (unsigned i = 0; i < 500; i++)
        usbip_client_read(&c, BULK, data, sizeof data);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(browsers[i].thread, NULL);
        CHECK_EQ(browsers[i].good, REQUESTS);
    }
    close(c.fd);
    end(r);
}

// Silent connections hold CivetWeb's threads only for a while; the loop does not notice at all.
TEST(http_silent_clients_do_not_stop_usbip)
{
    enum { SILENT = 8 };
    struct rig *r = begin();
    int fd[SILENT];
    for (unsigned i = 0; i < SILENT; i++)
        fd[i] = tcp_client_connect("127.0.0.1", r->http_port, TCP_CLIENT_MS);
    int list = port_rig_connect(&r->port);
    CHECK_EQ(usbip_client_devlist(list), 1);
    close(list);
    for (unsigned i = 0; i < SILENT; i++)
        close(fd[i]);
    ask(r, "GET", "/healthz", 200);
    end(r);
}

TEST(http_answers_503_when_the_loop_has_ended)
{
    struct rig *r = begin();
    posix_loop_stop(r->port.loop);
    pthread_join(r->port.thread, NULL);
    ask(r, "GET", "/healthz", 503);
    http_stop(r->http);
    port_rig_free(&r->port);
    free(r);
}

TEST(http_explains_a_port_in_use)
{
    struct rig *r = begin();
    char why[200], want[200];
    r->config.port = r->http_port;
    CHECK(http_start(&r->config, why, sizeof why) == NULL);
    snprintf(want, sizeof want, "port %u is in use by another program", r->http_port);
    CHECK_STR(why, want);
    r->config.listen = "192.0.2.1"; // for documentation: no machine has it
    CHECK(http_start(&r->config, why, sizeof why) == NULL);
    CHECK(strstr(why, "192.0.2.1") != NULL);
    end(r);
}

// Debian's CivetWeb is built without IPv6, others have it: either it works or it says so.
TEST(http_ipv6_works_or_is_refused)
{
    struct rig *r = begin();
    char why[200];
    r->config.listen = "::1";
    struct http_server *six = http_start(&r->config, why, sizeof why);
    if (six) {
        CHECK(strncmp(http_address(six), "[::1]:", 6) == 0);
        http_stop(six);
    } else {
        CHECK_STR(why, "this CivetWeb has no IPv6: give an IPv4 address for HTTP");
    }
    end(r);
}
