// SPDX-License-Identifier: Apache-2.0
// libmicrohttpd's adapter again, by TLS.
#include "ports/linux/http_mhd.h"
#include "tests/http/http_adapter.h"
#include "tests/port/port_rig.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"
#include "tests/support/tls_client.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __SANITIZE_THREAD__
enum { STALL_US = 8000000 }; // 60 clients that decrypt are as slow there as those that stall
#else
enum { STALL_US = 3000000 };
#endif

const unsigned http_adapter_large = 1 << 19, http_adapter_crowd = 60;
const unsigned http_adapter_jobs = 1 + POSIX_JOBS_MAX;
const unsigned http_adapter_jobs_of_nobody = 1 + POSIX_JOBS_MAX / 2;

static struct port_rig rig;
static struct log quiet = {.level = EVENTLOG_ERROR};
static struct http_server *http;
static struct https *https;
static uint16_t port;
static char answer[HTTP_ADAPTER_ANSWER_SIZE];

void http_adapter_begin(void)
{
    char why[API_CERTIFICATE_WHY] = "";
    port_rig_begin(&rig);
    https =
        https_open(&(struct https_config){.names = "localhost\n127.0.0.1\n", .log = &quiet}, why);
    CHECK(https);
    const struct http_config config = {
        .listen = "127.0.0.1",
        .https = https,
        .https_listen = "127.0.0.1",
        .http = {.loop = rig.loop, .api = {.server = rig.server, .version = "1.2.3"}},
        .log = &quiet,
        .stall_us = STALL_US,
    };
    http = http_start(&config, why, sizeof why);
    CHECK(http);
    port = http_secure_listener(http)->port;
}

void http_adapter_end(void)
{
    http_stop(http);
    https_close(https);
    port_rig_end(&rig);
}

void http_adapter_facts(struct api_port_facts *facts)
{
    http_facts(http, facts);
}

int http_adapter_connect(void)
{
    int fd = tls_client_connect(tcp_client_connect("127.0.0.1", port, TCP_CLIENT_MS), 0);
    CHECK(fd >= 0);
    return fd;
}

int http_adapter_connect_small(void)
{
    int fd = tls_client_connect(tcp_client_connect_small(port), 4096), room = 4096;
    CHECK(fd >= 0);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    return fd;
}

const char *http_adapter_send(const char *request, size_t *size)
{
    int fd = http_adapter_connect();
    CHECK(tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS));
    shutdown(fd, SHUT_WR);
    long got = tcp_client_recv_all(fd, answer, sizeof answer - 1, TCP_CLIENT_MS);
    CHECK(got > 0);
    answer[got] = '\0';
    *size = (size_t)got;
    close(fd);
    return answer;
}
