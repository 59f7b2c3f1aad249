// SPDX-License-Identifier: Apache-2.0
// What every HTTP adapter does for the routes, whatever they are.
#include "api/api.h"
#include "tests/http/http_adapter.h"
#include "tests/http/http_fake_api.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *send(const char *request)
{
    size_t size;
    return http_adapter_send(request, &size);
}

static void answers(const char *request, const char *status, const char *body)
{
    const char *answer = send(request);
    const char *at = strstr(answer, "\r\n\r\n");
    if (strncmp(answer + strlen("HTTP/1.1 "), status, strlen(status)) != 0)
        CHECK_STR(answer, status);
    CHECK(at != NULL);
    CHECK_STR(at + 4, body);
}

// Bytes of any value, compressed, to be kept: what a page is made of.
TEST(http_adapter_asset)
{
    size_t size;
    http_adapter_begin();
    const char *answer = http_adapter_send("GET /asset HTTP/1.1\r\nHost: a\r\n\r\n", &size);
    CHECK(strstr(answer, "\r\nContent-Type: text/css\r\n"));
    CHECK(strstr(answer, "\r\nContent-Encoding: gzip\r\n"));
    CHECK(strstr(answer, "\r\nCache-Control: max-age=3600\r\n"));
    CHECK(strstr(answer, "\r\nContent-Length: 12\r\n"));
    CHECK(size > HTTP_FAKE_ASSET_SIZE);
    CHECK_BYTES(answer + size - HTTP_FAKE_ASSET_SIZE, http_fake_asset, HTTP_FAKE_ASSET_SIZE);
    answer = send("HEAD /asset HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(strstr(answer, "\r\nContent-Length: 12\r\n"));
    CHECK_STR(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    http_adapter_end();
}

TEST(http_adapter_path_and_query)
{
    http_adapter_begin();
    answers("GET /a%20b?c=%31&d HTTP/1.1\r\nHost: a\r\n\r\n", "200", "GET /a b c=%31&d 0:");
    answers("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "200", "GET /a  0:");
    http_adapter_end();
}

TEST(http_adapter_body)
{
    http_adapter_begin();
    answers("POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n{\"one\":1,\"two\":[2,3]}",
            "200", "POST /x y 21:{\"one\":1,\"two\":[2,3]}");
    answers("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "200", "PUT /x  0:");
    answers("DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n", "200", "DELETE /x  0:");
    http_adapter_end();
}

static void send_body(size_t length, const char *status)
{
    char *request = malloc(length + 100), size[32];
    int n = snprintf(request, 100, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n",
                     length);
    memset(request + n, 'x', length);
    request[(size_t)n + length] = '\0';
    const char *answer = send(request);
    CHECK(strstr(answer, status) == answer + strlen("HTTP/1.1 "));
    snprintf(size, sizeof size, " %zu:xxx", length);
    CHECK_EQ(strstr(answer, size) != NULL, strcmp(status, "200") == 0);
    free(request);
}

TEST(http_adapter_long_bodies)
{
    http_adapter_begin();
    send_body(API_BODY_MAX, "200");
    send_body(API_BODY_MAX + 1, "413");
    http_adapter_end();
}

static unsigned count_of(const struct api_port_facts *f, int status)
{
    for (unsigned i = 0; i < f->answer_count; i++)
        if (f->answers[i].status == status)
            return f->answers[i].count;
    return 0;
}

TEST(http_adapter_counts_answers)
{
    struct api_port_facts facts = {0};
    http_adapter_begin();
    answers("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "200", "GET /a  0:");
    answers("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "200", "GET /a  0:");
    (void)send("GET /% HTTP/1.1\r\nHost: a\r\n\r\n"); // gets to no route
    http_adapter_facts(&facts);
    CHECK_EQ(count_of(&facts, 200), 2);
    CHECK_EQ(count_of(&facts, 400), 1);
    CHECK_EQ(facts.answer_count, 2);
    http_adapter_end();
}

TEST(http_adapter_login)
{
    http_adapter_begin();
    const char *answer = send("GET /login HTTP/1.1\r\nHost: a\r\nCookie: c=d; e=f\r\n\r\n");
    CHECK(strstr(answer, "HTTP/1.1 401 Unauthorized\r\n") == answer);
    CHECK(strstr(answer, "\r\nSet-Cookie: a=b; Path=/; HttpOnly\r\n"));
    CHECK(strstr(answer, "\r\nWWW-Authenticate: Basic realm=\"a\", Bearer realm=\"a\"\r\n"));
    CHECK(strstr(answer, "\r\nRetry-After: 60\r\n"));
    CHECK_STR(strstr(answer, "\r\n\r\n"), "\r\n\r\nc=d; e=f");
    http_adapter_end();
}
