// SPDX-License-Identifier: Apache-2.0
// The real usbip-server, two clients with addresses of their own, and a lease made by HTTP.
#include "tests/port/http_client.h"
#include "tests/port/program_rig.h"
#include "tests/support/check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct site {
    struct running *server;
    struct http_client http;
};

static void begin(struct site *s)
{
    s->server = STARTED("--sim", "zero", "--log-level", "debug");
}

static void end(struct site *s)
{
    (void)program_end(s->server);
}

static int ask(struct site *s, const char *method, const char *body)
{
    char request[500];
    snprintf(request, sizeof request,
             "%s /api/v1/devices/1-3/lease HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             method, strlen(body), body);
    CHECK(http_client_send(&s->http, s->server->http_port, request));
    return s->http.status;
}

static int connect_from(const struct site *s, const char *address)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(address)};
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons(s->server->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(fd, (const void *)&here, sizeof here), 0);
    CHECK_EQ(connect(fd, (const void *)&there, sizeof there), 0);
    CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static unsigned listed(const struct site *s, const char *address)
{
    int fd = connect_from(s, address);
    unsigned devices = usbip_client_devlist(fd);
    close(fd);
    return devices;
}

static enum wire_op_status import(const struct site *s, const char *address, struct usbip_client *c)
{
    return usbip_client_import(c, connect_from(s, address), "1-3");
}

TEST_WITH(program_lease, struct site, s, begin(s), end(s))
{
    struct usbip_client c = {0}, other = {0};
    CHECK_EQ(ask(s, "PUT", "{\"owner\":\"anna\",\"for_s\":3600}"), 201);
    CHECK(strstr(s->http.body, "\"address\":\"127.0.0.1\",\"maker\":\"127.0.0.1\""));
    CHECK_EQ(listed(s, "127.0.0.1"), 1);
    CHECK_EQ(listed(s, "127.0.0.2"), 0);
    CHECK_EQ(import(s, "127.0.0.2", &other), WIRE_ST_DEV_BUSY);
    close(other.fd);
    CHECK_EQ(import(s, "127.0.0.1", &c), WIRE_ST_OK);
    close(c.fd);
    child_await_log(&s->server->child, "released 1-3");
    CHECK_EQ(ask(s, "DELETE", ""), 204);
    CHECK_EQ(import(s, "127.0.0.2", &other), WIRE_ST_OK);
    close(other.fd);
    child_await_log(&s->server->child, "given back by 127.0.0.1");
}

// By the program's own clock, with nothing else to wake it; the end as a time of day.
TEST_WITH(program_lease_ends_by_itself, struct site, s, begin(s), end(s))
{
    char body[200], until[32];
    struct usbip_client c = {0};
    time_t then = time(NULL) + 2;
    struct tm t;
    strftime(until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&then, &t));
    snprintf(body, sizeof body, "{\"owner\":\"anna\",\"until\":\"%s\",\"address\":\"10.0.0.0/24\"}",
             until);
    CHECK_EQ(ask(s, "PUT", body), 201);
    CHECK(strstr(s->http.body, "\"address\":\"10.0.0.0/24\""));
    CHECK_EQ(import(s, "127.0.0.1", &c), WIRE_ST_DEV_BUSY);
    close(c.fd);
    child_await_log(&s->server->child, "the lease of 1-3 has ended: its time is over");
    CHECK(time(NULL) + 1 >= then);
    CHECK_EQ(import(s, "127.0.0.1", &c), WIRE_ST_OK);
    close(c.fd);
}
