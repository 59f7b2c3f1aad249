// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/process.h"
#include "eventlog/eventlog_word.h"
#include "ports/posix/posix_time.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// Connections that are just being closed, files behind devices, and our own.
enum { OTHER_DESCRIPTORS = 256 };

enum { CHECK_US = 10000000 };

bool process_has_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return false;
    return true;
}

void process_make_room_for(unsigned connections, unsigned http, const struct log *log)
{
    struct rlimit r;
    rlim_t wanted = (rlim_t)connections + http + OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= wanted)
        return;
    r.rlim_cur = r.rlim_max < wanted ? r.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur == wanted)
        return;
    log_message(log, EVENTLOG_WARNING,
                "limits.max_connections is %u, for which up to %llu descriptors are needed, but "
                "this program may have no more than %llu: ulimit -Hn, or LimitNOFILE of its "
                "service, has to allow it more",
                connections, (unsigned long long)wanted, (unsigned long long)r.rlim_max);
}

// --- once more -----------------------------------------------------------------------------------

static const char start_variable[] = "USBIP_SERVER_START";

void process_find_file(char path[PROCESS_PATH_SIZE])
{
    static const char gone[] = " (deleted)"; // proc(5): a newer one may be there by now
    ssize_t n = readlink("/proc/self/exe", path, PROCESS_PATH_SIZE - 1);
    path[n > 0 ? n : 0] = '\0';
    size_t size = strlen(path), behind = sizeof gone - 1;
    if (size > behind && strcmp(path + size - behind, gone) == 0)
        path[size - behind] = '\0';
}

enum eventlog_start process_start(void)
{
    const char *why = getenv(start_variable);
    enum eventlog_start start = EVENT_START_UNKNOWN;
    for (unsigned i = EVENT_START_RESTART; why && i <= EVENT_START_FACTORY_RESET; i++)
        if (strcmp(why, eventlog_word_json(EVENTLOG_KIND_eventlog_start, i)) == 0)
            start = i;
    (void)unsetenv(start_variable);
    return start;
}

void process_begin_again(const char *path, char *const argv[], enum eventlog_start why,
                         bool ignore_hangup, unsigned behind)
{
    (void)close_range(behind, ~0u, 0); // a library's that would stay open
    (void)setenv(start_variable, eventlog_word_json(EVENTLOG_KIND_eventlog_start, why), 1);
    (void)signal(SIGHUP, ignore_hangup ? SIG_IGN : SIG_DFL);
    (void)execv(path, argv);
    (void)execv("/proc/self/exe", argv);
}

// Its own line among those of the log.
static void take_sentence(const char *said, char *why, size_t why_size)
{
    static const char mark[] = "usbip-server: ";
    const char *at = said;
    while (at && strncmp(at, mark, sizeof mark - 1) != 0)
        at = (at = strchr(at, '\n')) ? at + 1 : NULL;
    if (at)
        snprintf(why, why_size, "%.*s", (int)strcspn(at + sizeof mark - 1, "\n"),
                 at + sizeof mark - 1);
    else
        snprintf(why, why_size, "its --check fails, and does not say why");
}

// What somebody says to his end, of which `text` has the beginning. False: that takes too long.
static bool listen_to(int fd, char *text, size_t size)
{
    char rest[256];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    uint64_t limit_us = posix_now_us() + CHECK_US;
    size_t at = 0;
    for (ssize_t n = 1; n > 0;) {
        uint64_t now_us = posix_now_us();
        if (now_us >= limit_us || poll(&p, 1, (int)((limit_us - now_us) / 1000)) == 0)
            return false;
        bool full = at + 1 == size;
        n = read(fd, full ? rest : text + at, full ? sizeof rest : size - 1 - at);
        at += full || n < 0 ? 0 : (size_t)n;
    }
    text[at] = '\0';
    return true;
}

// 0, or why not: `said` is where its stderr goes.
static int spawn_check(const char *path, char *const argv[], int said, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error)
        return error;
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
    (void)posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    error = posix_spawn(pid, path, &actions, NULL, argv, environ);
    if (error)
        error = posix_spawn(pid, "/proc/self/exe", &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static bool await_check(pid_t pid, int said, char *why, size_t why_size)
{
    char text[4096];
    int status = -1;
    bool ended = listen_to(said, text, sizeof text);
    if (ended)
        take_sentence(text, why, why_size);
    else
        snprintf(why, why_size, "its --check takes too long");
    if (!ended)
        (void)kill(pid, SIGKILL);
    return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool run_check(const char *path, char *const argv[], char *why, size_t why_size)
{
    int ends[2];
    pid_t pid;
    snprintf(why, why_size, "no descriptors for its --check");
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    int error = spawn_check(path, argv, ends[1], &pid);
    close(ends[1]);
    bool good = !error && await_check(pid, ends[0], why, why_size);
    if (error)
        snprintf(why, why_size, "its --check cannot be run: %s", strerror(error));
    close(ends[0]);
    return good;
}

bool process_check(const char *path, char *const argv[], char *why, size_t why_size)
{
    static char option[] = "--check";
    size_t n = 0;
    while (argv[n])
        n++;
    char **with = calloc(n + 2, sizeof *with);
    snprintf(why, why_size, "no memory for its --check");
    if (!with)
        return false;
    with[0] = argv[0];
    with[1] = option;
    memcpy(with + 2, argv + 1, (n - 1) * sizeof *with);
    bool good = run_check(path, with, why, why_size);
    free(with);
    return good;
}

bool process_has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno != ENXIO;
    close(fd);
    return true;
}

bool process_ignores_hangup(void)
{
    struct sigaction a;
    return sigaction(SIGHUP, NULL, &a) == 0 && a.sa_handler == SIG_IGN;
}

bool process_writes_to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat s;
    char ours[48];
    if (!stream || fstat(STDERR_FILENO, &s) != 0)
        return false;
    snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)s.st_dev, (uintmax_t)s.st_ino);
    return strcmp(stream, ours) == 0;
}
