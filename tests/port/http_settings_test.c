// SPDX-License-Identifier: Apache-2.0
// Settings that are changed over HTTP while the disk that keeps them does not answer.
#include "api/api_change.h"
#include "ports/linux/server_settings.h"
#include "tests/port/file_calls.h"
#include "tests/port/http_rig.h"
#include "tests/port/settings_folder.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct site {
    struct http_rig *http;
    struct settings_folder folder;
    struct server_settings settings;
    struct api_change change;
};

static enum api_change_result begin_change(void *ctx, const char *patch, size_t size,
                                           struct settings_errors *errors, struct settings *try,
                                           char *why)
{
    struct site *s = ctx;
    (void)why;
    return server_settings_begin(&s->settings, patch, size, errors, try) ==
                   SERVER_SETTINGS_CHANGE_OK
               ? API_CHANGE_OK
               : API_CHANGE_WRONG;
}

static bool keep_change(void *ctx, char *why)
{
    struct site *s = ctx;
    return server_settings_keep(&s->settings, why);
}

static bool end_change(void *ctx, bool kept, char *why)
{
    struct site *s = ctx;
    (void)why;
    server_settings_end(&s->settings, kept);
    return kept;
}

static const char *fixed(void *ctx, unsigned i)
{
    (void)ctx;
    (void)i;
    return NULL;
}

static void begin(struct site *s)
{
    static const struct log quiet = {.level = EVENTLOG_ERROR};
    char why[200] = "";
    *s = (struct site){.http = http_rig_begin()};
    http_stop(s->http->http);
    settings_folder_make(&s->folder);
    CHECK_EQ(server_settings_open(&s->settings, NULL, s->folder.path, ACCESS_EXPORT_AUTO, &quiet),
             SERVER_SETTINGS_OK);
    s->change = (struct api_change){begin_change, keep_change, end_change, fixed, s, NULL};
    s->http->config.http.api.settings = &s->settings.now;
    s->http->config.http.api.change = &s->change;
    s->http->http = http_start(&s->http->config, why, sizeof why);
    CHECK_STR(why, "");
    s->http->http_port = http_listener(s->http->http)->port;
}

static void end(struct site *s)
{
    http_rig_end(s->http);
    server_settings_close(&s->settings);
    settings_folder_remove(&s->folder);
}

#define SITE_TEST(id) TEST_WITH(id, struct site, s, begin(s), end(s))

static int ask(struct site *s, const char *body)
{
    char request[400];
    int fd = http_rig_connect(s->http);
    int n = snprintf(request, sizeof request,
                     "PATCH /api/v1/settings HTTP/1.1\r\nHost: localhost\r\nIf-Match: *\r\n"
                     "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    CHECK(tcp_client_send(fd, request, (size_t)n, TCP_CLIENT_MS));
    return fd;
}

static void answers(int fd, int status, const char *part)
{
    char answer[8000];
    int have = 0;
    long n = tcp_client_recv_all(fd, answer, sizeof answer - 1, TCP_CLIENT_MS);
    CHECK(n > 0);
    answer[n] = '\0';
    CHECK_EQ(sscanf(answer, "HTTP/1.1 %d ", &have), 1);
    CHECK_EQ(have, status);
    CHECK(strstr(answer, part));
    close(fd);
}

SITE_TEST(http_settings_on_a_disk_that_hangs)
{
    int other = port_rig_connect(&s->http->port);
    file_calls_hang(true);
    int first = ask(s, "{\"host_name\":\"one\"}");
    file_calls_await_hanging(1);
    int second = ask(s, "{\"limits\":{\"max_urbs\":100}}");
    http_rig_ask(s->http, "GET", "/healthz", 200);
    http_rig_ask(s->http, "GET", "/api/v1/settings", 200);
    CHECK(!strstr(s->http->client.body, "\"host_name\":\"one\"")); // not before it is kept
    CHECK_EQ(usbip_client_devlist(other), 1);
    file_calls_hang(false);
    answers(first, 200, "\"host_name\":\"one\"");
    answers(second, 200, "\"max_urbs\":100");
    http_rig_ask(s->http, "GET", "/api/v1/settings", 200);
    CHECK(strstr(s->http->client.body, "\"host_name\":\"one\""));
    close(other);
}

// Nobody hears of it; what is kept is whole.
SITE_TEST(http_settings_whose_client_has_gone)
{
    file_calls_hang(true);
    int first = ask(s, "{\"host_name\":\"one\"}");
    file_calls_await_hanging(1);
    tcp_client_reset(first);
    file_calls_hang(false);
    answers(ask(s, "{\"limits\":{\"max_urbs\":100}}"), 200, "\"host_name\":\"one\"");
}
