// SPDX-License-Identifier: Apache-2.0
// The real usbip-server as a child process: signals, terminals, descriptors.
#include "tests/port/program_rig.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// --- signals -------------------------------------------------------------------------------------

static void check_signal_ends_in_order(int number)
{
    struct running *r = STARTED("--sim", "zero");
    struct usbip_client c;
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-3"), WIRE_ST_OK);
    CHECK_EQ(kill(r->child.pid, number), 0);
    CHECK_EQ(tcp_client_wait_end(c.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(c.fd);
    CHECK(strstr(child_rest(&r->child, r->child.err), "server is stopping") != NULL);
    CHECK_EQ(child_wait(&r->child), 0);
    free(r);
}

TEST(program_sigterm_sends_fin_and_exits_0)
{
    check_signal_ends_in_order(SIGTERM);
}

TEST(program_sigint_sends_fin_and_exits_0)
{
    check_signal_ends_in_order(SIGINT);
}

// The client keeps its end open, so the drain goes on; a second signal does not wait for it.
TEST(program_second_signal_ends_at_once)
{
    struct running *r = STARTED("--sim", "zero");
    struct usbip_client c;
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-3"), WIRE_ST_OK);
    CHECK_EQ(kill(r->child.pid, SIGTERM), 0);
    CHECK_EQ(tcp_client_wait_end(c.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    CHECK_EQ(kill(r->child.pid, SIGINT), 0);
    CHECK_EQ(child_wait(&r->child), 128 + SIGINT);
    close(c.fd);
    free(r);
}

TEST(program_sighup_without_config_is_logged_only)
{
    struct running *r = STARTED("--sim", "zero");
    CHECK_EQ(kill(r->child.pid, SIGHUP), 0);
    child_await_log(&r->child, "SIGHUP: there is no --config file to read again");
    int fd = program_connect(r->port);
    CHECK_EQ(usbip_client_devlist(fd), 1);
    close(fd);
    program_end(r);
}

// --- terminals -----------------------------------------------------------------------------------

struct terminal {
    int master;
    char name[64];
};

static void terminal_open(struct terminal *t)
{
    t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(t->master >= 0 && grantpt(t->master) == 0 && unlockpt(t->master) == 0);
    CHECK_EQ(ptsname_r(t->master, t->name, sizeof t->name), 0);
}

static struct running *started_in(struct terminal *t, bool ignores_hangup)
{
    terminal_open(t);
    const struct child_start_with with = {.terminal = t->name, .ignores_hangup = ignores_hangup};
    return STARTED_WITH(&with, "--sim", "zero");
}

static void check_reads_its_settings_again(struct running *r)
{
    child_await_log(&r->child, "SIGHUP: there is no --config file to read again");
    int fd = program_connect(r->port);
    CHECK_EQ(usbip_client_devlist(fd), 1);
    close(fd);
    program_end(r);
}

// The window of a terminal is closed: the kernel sends SIGHUP.
TEST(program_ends_in_order_with_its_terminal)
{
    struct terminal t;
    struct usbip_client c;
    struct running *r = started_in(&t, false);
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-3"), WIRE_ST_OK);
    close(t.master);
    CHECK_EQ(tcp_client_wait_end(c.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(c.fd);
    CHECK(strstr(child_rest(&r->child, r->child.err), "server is stopping") != NULL);
    CHECK_EQ(child_wait(&r->child), 0);
    free(r);
}

TEST(program_reads_settings_on_sighup_while_its_terminal_is_there)
{
    struct terminal t;
    struct running *r = started_in(&t, false);
    CHECK_EQ(kill(r->child.pid, SIGHUP), 0);
    check_reads_its_settings_again(r);
    close(t.master);
}

TEST(program_under_nohup_outlives_its_terminal)
{
    struct terminal t;
    struct running *r = started_in(&t, true);
    close(t.master);
    check_reads_its_settings_again(r);
}

// --- descriptors ---------------------------------------------------------------------------------

static void check_standard_descriptor(const struct child *c, int fd)
{
    char path[40], is[40];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", c->pid, fd);
    ssize_t n = readlink(path, is, sizeof is - 1);
    CHECK(n > 0);
    is[n] = '\0';
    CHECK_STR(is, "/dev/null");
}

// Started without one of them, a disk image got its number, and the log went into its boot sector.
TEST(program_makes_sure_of_its_standard_descriptors)
{
    for (int fd = 0; fd < 3; fd++) {
        struct child *c = calloc(1, sizeof *c);
        c->with.closed[fd] = true;
        CHILD_START(c, LOCAL, "--sim", "zero");
        if (fd == 1)
            child_await_log(c, "1-3 plugged in");
        else
            child_port(c, "usbip: listening on 127.0.0.1:");
        check_standard_descriptor(c, fd);
        CHECK_EQ(kill(c->pid, SIGTERM), 0);
        CHECK_EQ(child_wait(c), 0);
        free(c);
    }
}

// The default of many shells is fewer than what is needed for limits.max_connections.
TEST(program_makes_room_for_its_connections)
{
    enum { CONNECTIONS = 100 };
    const struct child_start_with with = {.descriptors = 64, .descriptors_limit = 1024};
    struct running *r = STARTED_WITH(&with, "--sim", "zero");
    int fd[CONNECTIONS];
    for (unsigned i = 0; i < CONNECTIONS; i++)
        fd[i] = program_connect(r->port);
    CHECK_EQ(usbip_client_devlist(fd[CONNECTIONS - 1]), 1);
    for (unsigned i = 0; i < CONNECTIONS; i++)
        close(fd[i]);
    program_end(r);
}

TEST(program_says_that_it_may_not_have_enough_descriptors)
{
    const struct child_start_with with = {.descriptors = 64, .descriptors_limit = 128};
    struct running *r = STARTED_WITH(&with, "--sim", "zero");
    child_await_log(&r->child,
                    "limits.max_connections is 256, for which up to 1112 descriptors are "
                    "needed, but this program may have no more than 128");
    program_end(r);
}
