// SPDX-License-Identifier: Apache-2.0
#include "tests/port/child.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS = 20 };

// It is built next to the tests.
void child_find_program(char *path)
{
    ssize_t n = readlink("/proc/self/exe", path, CHILD_PATH_SIZE - 32);
    CHECK(n > 0);
    path[n] = '\0';
    snprintf(strrchr(path, '/'), 32, "/usbip-server");
}

static void limit_descriptors(unsigned soft, unsigned hard)
{
    const struct rlimit r = {soft, hard};
    if (soft > 0 && setrlimit(RLIMIT_NOFILE, &r) != 0)
        _exit(127);
}

static void name_journal(void)
{
    struct stat s;
    char stream[48];
    fstat(2, &s);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)s.st_dev, (uintmax_t)s.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
}

// As sd_listen_fds(3) has it: from 3 on.
static void pass_sockets(const struct child_start_with *with)
{
    enum { FIRST = 3, ASIDE = 100 };
    char number[16];
    unsigned count = 1;
    for (const char *c = with->names; *c; c++)
        count += *c == ':';
    for (unsigned i = 0; i < count; i++)
        if (fcntl(with->passed[i], F_DUPFD, ASIDE + (int)i) != ASIDE + (int)i)
            _exit(127);
    for (unsigned i = 0; i < count; i++) {
        dup2(ASIDE + (int)i, FIRST + (int)i);
        close(ASIDE + (int)i);
    }
    snprintf(number, sizeof number, "%u", count);
    setenv("LISTEN_FDS", number, 1);
    snprintf(number, sizeof number, "%d", (int)getpid());
    setenv("LISTEN_PID", number, 1);
    setenv("LISTEN_FDNAMES", with->names, 1);
}

static void take_signals(bool ignores_hangup)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that fails leaves nothing behind
    signal(SIGPIPE, SIG_DFL);         // whoever runs the tests may ignore them, as Python does
    signal(SIGXFSZ, SIG_DFL);
    signal(SIGHUP, ignores_hangup ? SIG_IGN : SIG_DFL);
}

// A short one, which a pipe takes at once.
static void give_input(const char *input)
{
    int fd[2];
    if (pipe(fd) != 0 || write(fd[1], input, strlen(input)) != (ssize_t)strlen(input))
        _exit(127);
    close(fd[1]);
    dup2(fd[0], 0);
}

// The child's side. What the tests have opened is close-on-exec, or nobody's business.
static _Noreturn void become(const struct child_start_with *with, char **argv, int out, int err)
{
    take_signals(with->ignores_hangup);
    setsid();
    int terminal = with->terminal ? open(with->terminal, O_RDWR) : 0; // becomes the session's
    if (terminal < 0)
        _exit(127);
    if (with->types)
        dup2(terminal, 0);
    if (with->input)
        give_input(with->input);
    dup2(out, 1);
    dup2(err, 2);
    if (with->journal)
        name_journal();
    if (with->names)
        pass_sockets(with);
    for (int fd = 0; fd < 3; fd++)
        if (with->closed[fd])
            close(fd);
    limit_descriptors(with->descriptors, with->descriptors_limit);
    if (with->folder && chdir(with->folder) != 0)
        _exit(127);
    if (with->hanging && !hanging_calls_begin(with->hanging))
        _exit(127);
    execv(argv[0], argv);
    _exit(127);
}

void child_start(struct child *c, const char *const *args)
{
    char path[CHILD_PATH_SIZE] = "./usbip-server";
    char *argv[ARGS + 2] = {path};
    int out[2], err[2];
    if (!c->with.folder)
        child_find_program(path);
    for (unsigned i = 0; args[i]; i++) {
        CHECK(i < ARGS);
        argv[i + 1] = (char *)(uintptr_t)args[i]; // not written to
    }
    CHECK(pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0);
    c->pid = fork();
    CHECK(c->pid >= 0);
    if (c->pid == 0)
        become(&c->with, argv, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    c->out = out[0];
    c->err = err[0];
}

// One byte; false at the end of the stream.
static bool next_byte(int fd, char *byte)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, TCP_CLIENT_MS) != 1)
        check_fail(__FILE__, __LINE__, "the server does not write what it should");
    return read(fd, byte, 1) == 1;
}

const char *child_line(struct child *c)
{
    size_t n = 0;
    while (n < sizeof c->text - 1 && next_byte(c->out, &c->text[n]) && c->text[n] != '\n')
        n++;
    c->text[n] = '\0';
    return c->text;
}

uint16_t child_port(struct child *c, const char *start_of_line)
{
    const char *line = child_line(c);
    if (strncmp(line, start_of_line, strlen(start_of_line)) != 0)
        check_fail(__FILE__, __LINE__, "\"%s\" does not begin with \"%s\"", line, start_of_line);
    long port = strtol(line + strlen(start_of_line), NULL, 10);
    CHECK(port > 0 && port <= 65535);
    return (uint16_t)port;
}

const char *child_await_log(struct child *c, const char *wanted)
{
    size_t n = 0;
    c->text[0] = '\0';
    while (!strstr(c->text, wanted)) {
        if (n + 1 == sizeof c->text || !next_byte(c->err, &c->text[n]))
            check_fail(__FILE__, __LINE__, "no \"%s\" in the log: %s", wanted, c->text);
        c->text[++n] = '\0';
    }
    return c->text;
}

const char *child_rest(struct child *c, int fd)
{
    size_t n = 0;
    while (n < sizeof c->text - 1 && next_byte(fd, &c->text[n]))
        n++;
    c->text[n] = '\0';
    return c->text;
}

int child_wait(struct child *c)
{
    int status;
    CHECK_EQ(waitpid(c->pid, &status, 0), c->pid);
    close(c->out);
    close(c->err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
