// SPDX-License-Identifier: Apache-2.0
// usbip-server with sockets that a service manager has opened.
#include "tests/port/http_client.h"
#include "tests/port/program_rig.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include "ports/posix/posix_socket.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct posix_listener opened(void)
{
    struct posix_listener l;
    char why[100];
    CHECK(posix_listen(&l, "127.0.0.1", 0, why, sizeof why));
    return l;
}

static void check_serves(const struct running *r)
{
    struct http_client c;
    struct usbip_client u;
    CHECK(http_client_ask(&c, r->http_port, "GET", "/healthz") && c.status == 200);
    CHECK_EQ(usbip_client_import(&u, program_connect(r->port), "1-3"), WIRE_ST_OK);
    close(u.fd);
}

static void check_refused(const struct child_start_with *with, const char *why)
{
    struct child c = {.with = *with};
    CHILD_START(&c, LOCAL, "--sim", "none");
    CHECK(strstr(child_rest(&c, c.err), why) != NULL);
    CHECK_EQ(child_wait(&c), 1);
}

TEST(service_sockets_are_served)
{
    struct posix_listener http = opened(), usbip = opened();
    const struct child_start_with with = {.names = "http:usbip",
                                          .passed = {http.fd[0], usbip.fd[0]}};
    struct running *r = STARTED_WITH(&with, "--sim", "zero");
    posix_listener_close(&usbip);
    posix_listener_close(&http);
    CHECK_EQ(r->port, usbip.port);
    CHECK_EQ(r->http_port, http.port);
    check_serves(r);
    program_end(r);
}

TEST(service_sockets_leave_the_others_to_the_program)
{
    struct posix_listener http = opened();
    const struct child_start_with with = {.names = "http", .passed = {http.fd[0]}};
    struct running *r = STARTED_WITH(&with, "--sim", "zero");
    posix_listener_close(&http);
    CHECK_EQ(r->http_port, http.port);
    CHECK(r->port != http.port);
    check_serves(r);
    program_end(r);
}

TEST(service_sockets_may_be_two_of_a_name)
{
    struct posix_listener first = opened(), second = opened();
    const struct child_start_with with = {.names = "usbip:usbip",
                                          .passed = {first.fd[0], second.fd[0]}};
    struct running *r = STARTED_WITH(&with, "--sim", "zero");
    posix_listener_close(&first);
    posix_listener_close(&second);
    CHECK_EQ(r->port, first.port);
    check_serves(r);
    r->port = second.port;
    check_serves(r);
    program_end(r);
}

// Nobody else has them open here. Who connects while the sessions end waits for the next run.
TEST(service_sockets_stay_open_over_a_restart)
{
    struct http_client c;
    struct usbip_client before, between;
    struct posix_listener usbip = opened(), http = opened();
    const struct child_start_with with = {.names = "usbip:http",
                                          .passed = {usbip.fd[0], http.fd[0]}};
    struct running *r = STARTED_WITH(&with, "--sim", "zero");
    posix_listener_close(&usbip);
    posix_listener_close(&http);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(usbip_client_import(&before, program_connect(r->port), "1-3"), WIRE_ST_OK);
        CHECK(http_client_ask(&c, r->http_port, "POST", "/api/v1/restart") && c.status == 202);
        CHECK_EQ(tcp_client_wait_end(before.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
        int fd = program_connect(usbip.port);
        close(before.fd);
        program_await_ports(r);
        CHECK_EQ(r->port, usbip.port);
        CHECK_EQ(r->http_port, http.port);
        CHECK_EQ(usbip_client_import(&between, fd, "1-3"), WIRE_ST_OK);
        close(fd);
    }
    check_serves(r);
    program_end(r);
}

TEST(service_sockets_with_another_name_are_refused)
{
    struct posix_listener l = opened();
    check_refused(
        &(const struct child_start_with){.names = "usbip:web", .passed = {l.fd[0], l.fd[0]}},
        "passes a descriptor named \"web\": it has to be FileDescriptorName=usbip or http");
    posix_listener_close(&l);
}

TEST(service_sockets_of_another_kind_are_refused)
{
    static const int types[] = {SOCK_DGRAM, SOCK_STREAM}; // the second one does not listen
    for (unsigned i = 0; i < 2; i++) {
        int fd = socket(AF_INET, types[i], 0);
        check_refused(&(const struct child_start_with){.names = "usbip", .passed = {fd}},
                      "passes as \"usbip\" is no listening TCP socket");
        close(fd);
    }
    check_refused(&(const struct child_start_with){.names = "http", .passed = {0}}, "passes as");
}

TEST(service_sockets_of_a_name_are_two_at_most)
{
    struct posix_listener l = opened();
    check_refused(&(const struct child_start_with){.names = "http:http:http",
                                                   .passed = {l.fd[0], l.fd[0], l.fd[0]}},
                  "passes as \"http\" cannot be used: there are more than two");
    posix_listener_close(&l);
}
