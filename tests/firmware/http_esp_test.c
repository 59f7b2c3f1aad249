// SPDX-License-Identifier: Apache-2.0
// HTTP through the adapter for esp_http_server, with the socket loop behind it on its own thread.
#include "esp_http_server.h"
#include "http_esp.h"
#include "tests/firmware/http_double.h"
#include "tests/port/port_rig.h"
#include "tests/support/check.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rig {
    struct port_rig port;
    struct http_esp_config config;
    struct http_esp *http;
    struct http_double_answer answer;
};

static struct rig *begin(void)
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
    };
    r->http = http_esp_start(&r->config, why, sizeof why);
    CHECK_STR(why, "");
    CHECK(r->http != NULL);
    return r;
}

static void end(struct rig *r)
{
    http_esp_stop(r->http);
    CHECK(!http_double_running());
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

// The library's own words would be HTML of another style, and tell what server it is.
TEST(http_esp_what_is_no_request_is_refused_in_our_words)
{
    struct rig *r = begin();
    ask(r, "NONSENSE", "/healthz", "400 Bad Request");
    check_refusal(r);
    CHECK(r->answer.closed);
    ask(r, "GET", "/%zz", "400 Bad Request");
    CHECK(r->answer.closed);
    ask(r, "GET", "/a%00b", "400 Bad Request");
    CHECK(r->answer.closed);
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
    CHECK(r->answer.closed);
    end(r);
}

TEST(http_esp_connection_stays_open)
{
    struct rig *r = begin();
    const char *two = "GET /healthz HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n";
    http_double_send(two, &r->answer);
    CHECK(says(r, "HTTP/1.1 200 OK\r\n") && says(r, "HTTP/1.1 404 Not Found\r\n"));
    CHECK(!r->answer.closed);
    CHECK(!says(r, "Connection: close"));
    end(r);
}

// The library would read what is left of a body, of any length, before it looks at anybody else.
TEST(http_esp_closes_behind_a_body_that_is_not_taken)
{
    struct rig *r = begin();
    http_double_send("POST /healthz HTTP/1.1\r\nContent-Length: 4000000000\r\n\r\nx", &r->answer);
    CHECK(says(r, "HTTP/1.1 413 Content Too Large\r\n"));
    CHECK(says(r, "\r\nConnection: close\r\n"));
    CHECK(r->answer.closed);
    http_double_send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", &r->answer);
    CHECK(says(r, "HTTP/1.1 411 Length Required\r\n"));
    CHECK(r->answer.closed);
    http_double_send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n1234", &r->answer);
    CHECK(says(r, "HTTP/1.1 400 Bad Request\r\n")); // it broke off
    CHECK(r->answer.closed);
    http_double_send("POST /healthz HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 4\r\n\r\n1234",
                     &r->answer);
    CHECK(says(r, "HTTP/1.1 405 Method Not Allowed\r\n"));
    CHECK(!r->answer.closed);
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
