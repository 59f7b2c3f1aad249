// SPDX-License-Identifier: Apache-2.0
// HTTP through libmicrohttpd, over real sockets, with the socket loop behind it.
#include "tests/port/http_rig.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BULK = 1, SOURCE_SINK = 3, THREADS = 6, REQUESTS = 20 };

static void check_headers(const struct http_rig *r, size_t length)
{
    char line[64];
    snprintf(line, sizeof line, "Content-Length: %zu", length);
    CHECK(http_client_has(&r->client, line));
    CHECK(http_client_has(&r->client, "Content-Type: application/json"));
    CHECK(http_client_has(&r->client, "Cache-Control: no-store"));
    CHECK(http_client_has(&r->client, "X-Content-Type-Options: nosniff"));
}

static void check_refusal(const struct http_rig *r)
{
    CHECK(strstr(r->client.body, "\"title\":\"") != NULL);
    CHECK(http_client_has(&r->client, "Content-Type: application/problem+json"));
}

TEST(http_healthz)
{
    struct http_rig *r = http_rig_begin();
    http_rig_ask(r, "GET", "/healthz", 200);
    CHECK_STR(r->client.body, "{\"status\":\"ok\"}");
    check_headers(r, strlen(r->client.body));
    http_rig_ask(r, "GET", "/healthz?x=1", 200);
    http_rig_end(r);
}

TEST(http_head_has_no_body)
{
    struct http_rig *r = http_rig_begin();
    http_rig_ask(r, "HEAD", "/healthz", 200);
    CHECK_STR(r->client.body, "");
    check_headers(r, strlen("{\"status\":\"ok\"}"));
    http_rig_end(r);
}

TEST(http_devices_show_a_session)
{
    struct http_rig *r = http_rig_begin();
    struct usbip_client c;
    CHECK_EQ(usbip_client_import(&c, port_rig_connect(&r->port), "1-3"), WIRE_ST_OK);
    http_rig_ask(r, "GET", "/api/v1/devices", 200);
    check_headers(r, strlen(r->client.body));
    cJSON *status = cJSON_Parse(r->client.body);
    CHECK(status != NULL);
    cJSON *device = cJSON_GetArrayItem(cJSON_GetObjectItem(status, "devices"), 0);
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(device, "busid")), "1-3");
    CHECK_STR(cJSON_GetStringValue(cJSON_GetObjectItem(device, "state")), "in_use");
    CHECK(cJSON_IsObject(cJSON_GetObjectItem(device, "user")));
    cJSON_Delete(status);
    close(c.fd);
    http_rig_end(r);
}

TEST(http_unknown_paths_and_methods)
{
    struct http_rig *r = http_rig_begin();
    http_rig_ask(r, "GET", "/nothing", 404);
    check_refusal(r);
    http_rig_ask(r, "GET", "/etc/passwd", 404);
    http_rig_ask(r, "GET", "/../../etc/passwd", 404);
    http_rig_ask(r, "GET", "/%2e%2e/%2e%2e/etc/passwd", 404);
    http_rig_ask(r, "DELETE", "/healthz", 405);
    CHECK(http_client_has(&r->client, "Allow: GET, HEAD, OPTIONS"));
    http_rig_ask(r, "PUT", "/file.txt", 404);
    http_rig_ask(r, "PROPFIND", "/nothing", 404);
    http_rig_ask(r, "NONSENSE", "/healthz", 405);
    check_refusal(r);
    http_rig_end(r);
}

TEST(http_long_bodies_are_not_taken)
{
    enum { BODY = 300000 };
    struct http_rig *r = http_rig_begin();
    char *request = malloc(BODY + 100);
    int n =
        snprintf(request, 100,
                 "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", BODY);
    memset(request + n, 'x', BODY);
    request[n + BODY] = '\0';
    CHECK(http_client_send(&r->client, r->http_port, request));
    CHECK_EQ(r->client.status, 413);
    free(request);
    http_rig_end(r);
}

TEST(http_what_is_no_request_is_refused)
{
    struct http_rig *r = http_rig_begin();
    CHECK(http_client_send(&r->client, r->http_port,
                           "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n"));
    CHECK_EQ(r->client.status, 400);
    CHECK(http_client_send(&r->client, r->http_port, "this is no HTTP\r\n\r\n"));
    CHECK_EQ(r->client.status, 400);
    http_rig_end(r);
}

TEST(http_header_too_large)
{
    enum { SIZE = 30000 };
    struct http_rig *r = http_rig_begin();
    char *request = malloc(SIZE);
    snprintf(request, SIZE, "GET /%0*d HTTP/1.1\r\n\r\n", SIZE - 100, 0);
    // The rest of it may be reset away, but nothing else happens.
    (void)http_client_send(&r->client, r->http_port, request);
    free(request);
    http_rig_ask(r, "GET", "/healthz", 200);
    http_rig_end(r);
}

// Other sites' scripts may not read the answers.
TEST(http_gives_no_cross_origin_access)
{
    struct http_rig *r = http_rig_begin();
    CHECK(http_client_send(&r->client, r->http_port,
                           "OPTIONS /healthz HTTP/1.1\r\nHost: localhost\r\n"
                           "Origin: http://example.com\r\n"
                           "Access-Control-Request-Method: GET\r\n\r\n"));
    CHECK_EQ(r->client.status, 204);
    CHECK(strstr(r->client.text, "Access-Control") == NULL);
    http_rig_end(r);
}

struct browser {
    struct http_rig *rig;
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
    struct http_rig *r = http_rig_begin();
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
    http_rig_end(r);
}

TEST(http_silent_clients_do_not_stop_usbip)
{
    enum { SILENT = 8 };
    struct http_rig *r = http_rig_begin();
    int fd[SILENT];
    for (unsigned i = 0; i < SILENT; i++)
        fd[i] = tcp_client_connect("127.0.0.1", r->http_port, TCP_CLIENT_MS);
    int list = port_rig_connect(&r->port);
    CHECK_EQ(usbip_client_devlist(list), 1);
    close(list);
    for (unsigned i = 0; i < SILENT; i++)
        close(fd[i]);
    http_rig_ask(r, "GET", "/healthz", 200);
    http_rig_end(r);
}

TEST(http_answers_503_when_the_loop_has_ended)
{
    struct http_rig *r = http_rig_begin();
    posix_loop_stop(r->port.loop);
    pthread_join(r->port.thread, NULL);
    http_rig_ask(r, "GET", "/healthz", 503);
    http_stop(r->http);
    api_live_destroy(r->live);
    port_rig_free(&r->port);
    free(r);
}

TEST(http_explains_a_port_in_use)
{
    struct http_rig *r = http_rig_begin();
    char why[200], want[200];
    r->config.port = r->http_port;
    CHECK(http_start(&r->config, why, sizeof why) == NULL);
    snprintf(want, sizeof want, "port %u is in use by another program", r->http_port);
    CHECK_STR(why, want);
    r->config.listen = "192.0.2.1"; // for documentation: no machine has it
    CHECK(http_start(&r->config, why, sizeof why) == NULL);
    CHECK(strstr(why, "192.0.2.1") != NULL);
    http_rig_end(r);
}

TEST(http_ipv6)
{
    struct http_rig *r = http_rig_begin();
    char why[200], answer[2000];
    const char *request = "GET /healthz HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n";
    r->config.listen = "::1";
    struct http_server *six = http_start(&r->config, why, sizeof why);
    CHECK(six != NULL);
    CHECK(strncmp(http_listener(six)->address, "[::1]:", 6) == 0);
    int fd = tcp_client_connect("::1", http_listener(six)->port, TCP_CLIENT_MS);
    CHECK(tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS));
    CHECK(tcp_client_recv_all(fd, answer, sizeof answer, TCP_CLIENT_MS) > 0);
    CHECK(strncmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0);
    close(fd);
    http_stop(six);
    http_rig_end(r);
}
