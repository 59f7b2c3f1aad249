// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/process.h"
#include "ports/linux/http_mhd.h"

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

// Those of HTTP, connections that are just being closed, files behind devices, and our own.
enum { OTHER_DESCRIPTORS = HTTP_DESCRIPTORS + 256 };

bool process_has_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return false;
    return true;
}

void process_make_room_for(unsigned connections, const struct log *log)
{
    struct rlimit r;
    rlim_t wanted = (rlim_t)connections + OTHER_DESCRIPTORS;
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
