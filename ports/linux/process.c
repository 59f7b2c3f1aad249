// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/process.h"
#include "eventlog/eventlog_word.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

// Connections that are just being closed, files behind devices, and our own.
enum { OTHER_DESCRIPTORS = 256 };

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
                         bool ignore_hangup)
{
    (void)close_range(STDERR_FILENO + 1, ~0u, 0); // a library's that would stay open
    (void)setenv(start_variable, eventlog_word_json(EVENTLOG_KIND_eventlog_start, why), 1);
    (void)signal(SIGHUP, ignore_hangup ? SIG_IGN : SIG_DFL);
    (void)execv(path, argv);
    (void)execv("/proc/self/exe", argv);
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
