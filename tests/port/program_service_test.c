// SPDX-License-Identifier: Apache-2.0
// usbip-server under a service manager: what it is told, and the log as its journal wants it.
#include "tests/port/http_client.h"
#include "tests/port/program_rig.h"
#include "tests/support/check.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MS = 20000 };

struct manager {
    int fd;
    char path[64], message[512];
};

static void manage(struct manager *m)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(m->path, sizeof m->path, "/tmp/usbip-service-test.%d", (int)getpid());
    strcpy(a.sun_path, m->path);
    m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(m->fd, (struct sockaddr *)&a, sizeof a), 0);
    setenv("NOTIFY_SOCKET", m->path, 1);
}

static void leave(struct manager *m)
{
    unsetenv("NOTIFY_SOCKET");
    close(m->fd);
    unlink(m->path);
}

// The next message that begins so; others before it are dropped.
static const char *told(struct manager *m, const char *start)
{
    struct pollfd p = {.fd = m->fd, .events = POLLIN};
    do {
        if (poll(&p, 1, MESSAGE_MS) != 1)
            check_fail(__FILE__, __LINE__, "the manager is not told %s", start);
        ssize_t n = recv(m->fd, m->message, sizeof m->message - 1, 0);
        CHECK(n > 0);
        m->message[n] = '\0';
    } while (strncmp(m->message, start, strlen(start)) != 0);
    return m->message;
}

TEST(service_manager_hears_when_it_serves_reads_settings_and_ends)
{
    struct manager m;
    manage(&m);
    struct running *r = STARTED("--sim", "none");
    char want[128];
    snprintf(want, sizeof want, "READY=1\nSTATUS=USB/IP on 127.0.0.1:%u, page on 127.0.0.1:%u",
             r->port, r->http_port);
    CHECK_STR(told(&m, "READY=1"), want);
    kill(r->child.pid, SIGHUP);
    told(&m, "RELOADING=1\nMONOTONIC_USEC=");
    CHECK_STR(told(&m, "READY=1"), want);
    program_end(r);
    told(&m, "STOPPING=1");
    leave(&m);
}

// It stays the same service: STOPPING would have the manager wait for its end.
TEST(service_manager_hears_of_a_restart)
{
    struct manager m;
    struct http_client c;
    manage(&m);
    setenv("WATCHDOG_USEC", "100000", 1);
    struct running *r = STARTED("--sim", "none");
    told(&m, "READY=1");
    CHECK(http_client_ask(&c, r->http_port, "POST", "/api/v1/restart") && c.status == 202);
    while (strncmp(told(&m, ""), "RELOADING=1\nMONOTONIC_USEC=", 27) != 0)
        CHECK_STR(m.message, "WATCHDOG=1");
    CHECK(strstr(told(&m, ""), "READY=1\nSTATUS=USB/IP on 127.0.0.1:"));
    told(&m, "WATCHDOG=1");
    unsetenv("WATCHDOG_USEC");
    child_line(&r->child); // where it listens now
    child_line(&r->child);
    program_end(r);
    told(&m, "STOPPING=1");
    leave(&m);
}

// An idle loop gives signs of life, too.
TEST(service_manager_sees_that_the_loop_lives)
{
    struct manager m;
    manage(&m);
    setenv("WATCHDOG_USEC", "100000", 1);
    struct running *r = STARTED("--sim", "none");
    for (unsigned i = 0; i < 5; i++)
        told(&m, "WATCHDOG=1");
    program_end(r);
    unsetenv("WATCHDOG_USEC");
    leave(&m);
}

TEST(log_has_priorities_and_no_time_in_the_journal)
{
    const struct child_start_with journal = {.journal = true};
    struct running *r = STARTED_WITH(&journal, "--sim", "none", "--log-format", "text");
    const char *log = child_await_log(&r->child, "server started\n");
    CHECK(strstr(log, "<6>server started\n") != NULL);
    program_end(r);
}

TEST(log_has_its_time_where_the_journal_is_that_of_somebody_else)
{
    setenv("JOURNAL_STREAM", "1:2", 1);
    struct running *r = STARTED("--sim", "none");
    const char *log = child_await_log(&r->child, "server started\n");
    CHECK(strstr(log, " info    server started\n") != NULL);
    program_end(r);
    unsetenv("JOURNAL_STREAM");
}
