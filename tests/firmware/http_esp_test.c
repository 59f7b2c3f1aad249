// SPDX-License-Identifier: Apache-2.0
// HTTP through the adapter for esp_http_server, with the socket loop behind it on its own thread.
#include "esp_http_server.h"
#include "http_esp.h"
#include "tests/firmware/http_double.h"
#include "tests/port/port_rig.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct rig {
    struct port_rig port;
    struct http_esp_config config;
    struct http_esp *http;
    struct http_double_answer answer;
};

static void count_pages(void *ctx, struct api_port_facts *facts)
{
    const struct rig *r = ctx;
    http_esp_facts(r->http, facts);
}

static struct rig *begin_with_limit(uint64_t limit_us)
{
    struct rig *r = calloc(1, sizeof *r);
    char why[200] = "";
    port_rig_begin(&r->port);
    r->config = (struct http_esp_config){
        .port = 80,
        .http = {.loop = r->port.loop,
                 .api = {.server = r->port.server, .version = "1.2.3", .writers = API_WRITERS_ALL}},
        .priority = 5,
        .core = 1,
        .stack_size = 6144,
        .jobs_priority = 4,
        .jobs_core = 0,
        .jobs_stack_size = 6144,
        .limit_us = limit_us,
    };
    r->config.http.api.live = api_live_create();
    r->config.http.api.port_facts = count_pages;
    r->config.http.api.port_ctx = r;
    r->http = http_esp_start(&r->config, why, sizeof why);
    CHECK_STR(why, "");
    CHECK(r->http != NULL);
    return r;
}

static struct rig *begin(void)
{
    return begin_with_limit(0);
}

static void end(struct rig *r)
{
    http_esp_stop(r->http);
    CHECK(!http_double_running());
    api_live_destroy(r->config.http.api.live);
    port_rig_end(&r->port);
    free(r);
}

static bool says(const struct rig *r, const char *part)
{
    return strstr(r->answer.text, part) != NULL;
}

static const char *body(const struct rig *r)
{
    const char *b = strstr(r->answer.text, "\r\n\r\n");
    CHECK(b != NULL);
    return b + 4;
}

static void ask(struct rig *r, const char *method, const char *path, const char *status)
{
    char request[900], line[64];
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n", method, path);
    snprintf(line, sizeof line, "HTTP/1.1 %s\r\n", status);
    http_double_send(request, &r->answer);
    if (strncmp(r->answer.text, line, strlen(line)) != 0)
        CHECK_STR(r->answer.text, line);
}

static void check_headers(const struct rig *r, size_t length)
{
    char line[64];
    snprintf(line, sizeof line, "\r\nContent-Length: %zu\r\n", length);
    CHECK(says(r, line));
    CHECK(says(r, "\r\nContent-Type: application/json\r\n"));
    CHECK(says(r, "\r\nCache-Control: no-store\r\n"));
    CHECK(says(r, "\r\nX-Content-Type-Options: nosniff\r\n"));
}

static void check_refusal(const struct rig *r)
{
    CHECK(strstr(body(r), "\"title\":\"") != NULL);
    CHECK(says(r, "\r\nContent-Type: application/problem+json\r\n"));
}

TEST(http_esp_healthz)
{
    struct rig *r = begin();
    ask(r, "GET", "/healthz", "200 OK");
    CHECK_STR(body(r), "{\"status\":\"ok\"}");
    check_headers(r, strlen(body(r)));
    ask(r, "GET", "/healthz?x=1", "200 OK");
    ask(r, "GET", "/%68ealthz#top", "200 OK");
    end(r);
}

TEST(http_esp_head_has_no_body)
{
    struct rig *r = begin();
    ask(r, "HEAD", "/healthz", "200 OK");
    CHECK_STR(body(r), "");
    check_headers(r, strlen("{\"status\":\"ok\"}"));
    end(r);
}

TEST(http_esp_devices)
{
    struct rig *r = begin();
    ask(r, "GET", "/api/v1/devices", "200 OK");
    check_headers(r, strlen(body(r)));
    cJSON *status = cJSON_Parse(body(r));
    CHECK(status != NULL);
    CHECK_EQ(cJSON_GetArraySize(cJSON_GetObjectItem(status, "devices")), 1);
    cJSON_Delete(status);
    end(r);
}

TEST(http_esp_unknown_paths_and_methods)
{
    struct rig *r = begin();
    ask(r, "GET", "/nothing", "404 Not Found");
    check_refusal(r);
    ask(r, "GET", "/../../etc/passwd", "404 Not Found");
    ask(r, "PUT", "/file.txt", "404 Not Found");
    ask(r, "PROPFIND", "/nothing", "404 Not Found");
    ask(r, "DELETE", "/healthz", "405 Method Not Allowed");
    CHECK(says(r, "\r\nAllow: GET, HEAD, OPTIONS\r\n"));
    ask(r, "OPTIONS", "/healthz", "204 No Content");
    CHECK(!says(r, "Access-Control"));
    end(r);
}

TEST(http_esp_targets_without_a_plain_path)
{
    struct rig *r = begin();
    ask(r, "OPTIONS", "*", "204 No Content");
    ask(r, "GET", "http://localhost/healthz?x=1", "200 OK");
    http_double_send("GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n", &r->answer);
    CHECK_STR(r->answer.text, ""); // the library finds no path in it, and closes
    end(r);
}

static const struct api_asset one_page = {
    "/", "text/html", "\"12ab\"", (const unsigned char *)"page", 4, false};

// Who has it already gets no body, and no length, which would be the body's.
TEST(http_esp_what_the_client_has_is_not_sent_again)
{
    struct rig *r = begin();
    http_esp_stop(r->http);
    char why[200];
    r->config.http.api.assets = (struct api_assets){&one_page, 1};
    r->http = http_esp_start(&r->config, why, sizeof why);
    CHECK(r->http != NULL);
    http_double_send("GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n",
                     &r->answer);
    CHECK(says(r, "HTTP/1.1 200 OK\r\n") && says(r, "\r\nETag: \"12ab\"\r\n"));
    CHECK_STR(body(r), "page");
    http_double_send("GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
                     "If-None-Match: \"00\", \"12ab\"\r\n\r\n",
                     &r->answer);
    CHECK(says(r, "HTTP/1.1 304 Not Modified\r\n") && says(r, "\r\nETag: \"12ab\"\r\n"));
    CHECK(!says(r, "Content-Length"));
    CHECK_STR(body(r), "");
    end(r);
}

// The library's own words would be HTML of another style, and tell what server it is.
TEST(http_esp_what_is_no_request_is_refused_in_our_words)
{
    struct rig *r = begin();
    ask(r, "NONSENSE", "/healthz", "400 Bad Request");
    check_refusal(r);
    ask(r, "GET", "/%zz", "400 Bad Request");
    ask(r, "GET", "/a%00b", "400 Bad Request");
    end(r);
}

TEST(http_esp_too_large)
{
    struct rig *r = begin();
    char path[700], request[3000];
    snprintf(path, sizeof path, "/%0*d", 600, 0);
    ask(r, "GET", path, "414 URI Too Long");
    snprintf(path, sizeof path, "/%0*d", 400, 0); // the library takes it, no route is as long
    ask(r, "GET", path, "414 URI Too Long");
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nX: %0*d\r\n\r\n", 2500, 0);
    http_double_send(request, &r->answer);
    CHECK(says(r, "HTTP/1.1 431 Request Header Fields Too Large\r\n"));
    end(r);
}

// Sockets are few: who keeps one has it from others.
TEST(http_esp_one_request_for_each_connection)
{
    struct rig *r = begin();
    const char *two = "GET /healthz HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n";
    http_double_send(two, &r->answer);
    CHECK(says(r, "HTTP/1.1 200 OK\r\n") && says(r, "\r\nConnection: close\r\n"));
    CHECK(!says(r, "404"));
    end(r);
}

// The library would read what is left of a body, of any length, before it looks at anybody else.
TEST(http_esp_closes_behind_a_body_that_is_not_taken)
{
    struct rig *r = begin();
    http_double_send("POST /healthz HTTP/1.1\r\nContent-Length: 4000000000\r\n\r\nx", &r->answer);
    CHECK(says(r, "HTTP/1.1 413 Content Too Large\r\n"));
    CHECK(says(r, "\r\nConnection: close\r\n"));
    http_double_send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", &r->answer);
    CHECK(says(r, "HTTP/1.1 411 Length Required\r\n"));
    http_double_send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n1234", &r->answer);
    CHECK(says(r, "HTTP/1.1 400 Bad Request\r\n")); // it broke off
    http_double_send("POST /healthz HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 4\r\n\r\n1234",
                     &r->answer);
    CHECK(says(r, "HTTP/1.1 405 Method Not Allowed\r\n"));
    end(r);
}

// --- connections that do not go ------------------------------------------------------------------

enum { IDLE = 30 };

TEST(http_esp_idle_connections_stop_nobody)
{
    struct rig *r = begin();
    int fd[IDLE];
    for (unsigned i = 0; i < IDLE; i++)
        fd[i] = http_double_connect();
    ask(r, "GET", "/healthz", "200 OK");
    for (unsigned i = 0; i < IDLE; i++)
        close(fd[i]);
    end(r);
}

// A byte now and then: it is not silent, but it has no more time than others.
TEST(http_esp_a_request_has_a_limit_as_a_whole)
{
    struct rig *r = begin_with_limit(100000);
    char head[500];
    int fd = http_double_connect();
    const struct timespec pause = {.tv_nsec = 10000000};
    while (tcp_client_send(fd, "G", 1, TCP_CLIENT_MS) && recv(fd, head, 1, MSG_PEEK) < 0)
        nanosleep(&pause, NULL);
    CHECK(recv(fd, head, sizeof head, 0) > 0);
    CHECK(strstr(head, "HTTP/1.1 408 Request Timeout\r\n") == head);
    close(fd);
    ask(r, "GET", "/healthz", "200 OK");
    end(r);
}

static int open_stream(const char *request, const char *status)
{
    char head[13] = "";
    int fd = http_double_connect();
    CHECK(tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS));
    CHECK(tcp_client_recv(fd, head, sizeof head - 1, TCP_CLIENT_MS));
    CHECK_STR(head + strlen("HTTP/1.1 "), status);
    return fd;
}

static const char live[] = "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static const char lines[] =
    "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n";

// Until its place is free again: the library's task closes it.
static int open_again(const char *request)
{
    for (;;) {
        char head[13] = "";
        int fd = http_double_connect();
        CHECK(tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS));
        CHECK(tcp_client_recv(fd, head, sizeof head - 1, TCP_CLIENT_MS));
        if (strcmp(head + strlen("HTTP/1.1 "), "503") != 0)
            return fd;
        close(fd);
    }
}

// Three pages and one who follows the events leave three sockets, and nobody takes theirs.
TEST(http_esp_streams_leave_room_for_requests)
{
    struct rig *r = begin();
    int page[3];
    for (unsigned i = 0; i < 3; i++)
        page[i] = open_stream(live, "101");
    int follower = open_stream(lines, "200");
    http_double_send(live, &r->answer);
    CHECK(says(r, "HTTP/1.1 503 Service Unavailable\r\n") && says(r, "Three pages"));
    check_refusal(r);
    ask(r, "GET", "/api/v1/live", "503 Service Unavailable"); // as the refused page asks why
    CHECK(says(r, "3 pages are kept up to date already"));
    http_double_send(lines, &r->answer);
    CHECK(says(r, "HTTP/1.1 503 Service Unavailable\r\n") && says(r, "Somebody follows"));
    int idle[IDLE];
    for (unsigned i = 0; i < IDLE; i++)
        idle[i] = http_double_connect();
    ask(r, "GET", "/healthz", "200 OK");
    for (unsigned i = 0; i < 3; i++) { // still served
        CHECK(tcp_client_send(page[i], "\x88\x80\0\0\0\0", 6, TCP_CLIENT_MS));
        CHECK_EQ(tcp_client_wait_end(page[i], TCP_CLIENT_MS), TCP_CLIENT_FIN);
        close(page[i]);
    }
    close(open_again(live));
    ask(r, "GET", "/api/v1/live", "426 Upgrade Required");
    close(follower);
    close(open_again(lines));
    for (unsigned i = 0; i < IDLE; i++)
        close(idle[i]);
    end(r);
}

TEST(http_esp_says_when_the_loop_has_ended)
{
    struct rig *r = begin();
    posix_loop_stop(r->port.loop);
    pthread_join(r->port.thread, NULL);
    ask(r, "GET", "/healthz", "503 Service Unavailable");
    check_refusal(r);
    http_esp_stop(r->http);
    api_live_destroy(r->config.http.api.live);
    port_rig_free(&r->port);
    free(r);
}

TEST(http_esp_start_failures)
{
    char why[200];
    struct http_esp_config config = {.port = 80};
    http_double_fail_start(ESP_ERR_HTTPD_TASK);
    CHECK(http_esp_start(&config, why, sizeof why) == NULL);
    CHECK(strstr(why, "port 80") != NULL);
    http_double_fail_register(ESP_ERR_HTTPD_ALLOC_MEM);
    CHECK(http_esp_start(&config, why, sizeof why) == NULL);
    CHECK(!http_double_running());
}
