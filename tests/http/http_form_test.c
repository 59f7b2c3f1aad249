// SPDX-License-Identifier: Apache-2.0
// Forms of requests that are rare, with every HTTP adapter.
#include "tests/http/http_adapter.h"
#include "tests/http/http_fake_api.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void answers(const char *request, const char *status, const char *part)
{
    size_t size;
    const char *answer = http_adapter_send(request, &size);
    check_context(request, 0);
    if (strncmp(answer + strlen("HTTP/1.1 "), status, strlen(status)) != 0)
        CHECK_STR(answer, status);
    CHECK(strstr(answer, part));
}

TEST(http_form_targets)
{
    http_adapter_begin();
    answers("GET http://a/x%20y?z HTTP/1.1\r\nHost: a\r\n\r\n", "200", "GET /x y z 0:");
    answers("GET HTTP://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", "200", "GET /  0:");
    answers("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "200", "OPTIONS *  0:");
    answers("GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", "400", "problem+json");
    answers("GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n", "400", "problem+json");
    http_adapter_end();
}

static void read_part(int fd, const char *want)
{
    char text[200] = "";
    CHECK(strlen(want) < sizeof text);
    CHECK(tcp_client_recv(fd, text, strlen(want), TCP_CLIENT_MS));
    CHECK_STR(text, want);
}

// Who waits for a go-ahead gets one, and then the answer.
TEST(http_form_expect)
{
    static const char head[] = "POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                               "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    char answer[1000];
    http_adapter_begin();
    int fd = http_adapter_connect();
    CHECK(tcp_client_send(fd, head, sizeof head - 1, TCP_CLIENT_MS));
    read_part(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(tcp_client_send(fd, "{10}", 4, TCP_CLIENT_MS));
    read_part(fd, "HTTP/1.1 200 OK\r\n");
    long n = tcp_client_recv_all(fd, answer, sizeof answer - 1, TCP_CLIENT_MS);
    CHECK(n > 0);
    answer[n] = '\0';
    CHECK_STR(strstr(answer, "\r\n\r\n") + 4, "POST /x  4:{10}");
    close(fd);
    http_adapter_end();
}

// What will be refused need not be sent; the refusal names the limit.
TEST(http_form_expect_too_long)
{
    char head[200], want[100], answer[1000];
    int n = snprintf(head, sizeof head,
                     "POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                     "Expect: 100-continue\r\nContent-Length: %d\r\n\r\n",
                     API_BODY_MAX + 1);
    http_adapter_begin();
    int fd = http_adapter_connect();
    CHECK(tcp_client_send(fd, head, (size_t)n, TCP_CLIENT_MS));
    read_part(fd, "HTTP/1.1 413 Content Too Large\r\n");
    long got = tcp_client_recv_all(fd, answer, sizeof answer - 1, TCP_CLIENT_MS);
    CHECK(got > 0);
    answer[got] = '\0';
    snprintf(want, sizeof want, " up to %d bytes here", API_BODY_MAX);
    CHECK(strstr(answer, want));
    close(fd);
    http_adapter_end();
}
