// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sim_file_open.h"
#include "ports/posix/posix_time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "images may be larger than 2 GiB");

// --- trouble -------------------------------------------------------------------------------------

// Of a long path the end, which has the file's name; only what an event may have.
static void name_file(char name[EVENTLOG_PEER_SIZE], const char *path)
{
    size_t length = strlen(path);
    bool cut = length >= EVENTLOG_PEER_SIZE;
    const char *end = cut ? path + length - (EVENTLOG_PEER_SIZE - 1 - 3) : path;
    (void)snprintf(name, EVENTLOG_PEER_SIZE, "%s%s", cut ? "..." : "", end);
    for (char *c = name; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

static enum eventlog_file_reason reason_of(int error)
{
    switch (error) {
    case FILE_ENDS:
        return EVENT_FILE_CUT;
    case SIM_FILE_TOO_SLOW:
        return EVENT_FILE_SLOW;
    case ENOSPC:
    case EDQUOT:
        return EVENT_FILE_NO_SPACE;
    case EFBIG:
        return EVENT_FILE_TOO_LARGE;
    default:
        return EVENT_FILE_ERROR;
    }
}

enum base_err sim_file_trouble(struct sim_file *file, enum file_task what, int error)
{
    enum eventlog_file_reason reason = reason_of(error);
    enum eventlog_file_task task = what == FILE_READ    ? EVENT_FILE_READ
                                   : what == FILE_FLUSH ? EVENT_FILE_FLUSHED
                                                        : EVENT_FILE_WRITTEN;
    struct eventlog_event e = {
        .time_us = posix_now_us(),
        .what = EVENTLOG_WITH(file_trouble, .task = task, .reason = reason),
    };
    memcpy(e.file, file->name, sizeof e.file);
    if (!file->told[task][reason])
        eventlog_record(file->log, &e);
    file->told[task][reason] = true;
    return BASE_ERR_IO;
}

// --- opening -------------------------------------------------------------------------------------

// 0, or an errno; ENXIO, which opening a FIFO may also give: it is no regular file.
static int claim(int fd, int lock, uint64_t *size)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return errno;
    *size = (uint64_t)st.st_size;
    if (!S_ISREG(st.st_mode))
        return ENXIO;
    return flock(fd, lock | LOCK_NB) == 0 ? 0 : errno;
}

int sim_file_open(const char *path, int flags, int lock, uint64_t *size)
{
    // Without O_NONBLOCK, opening a FIFO would wait for its other end.
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0666);
    int error = fd < 0 ? 0 : claim(fd, lock, size);
    if (!error)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

void *sim_file_create(size_t size, const struct sim_file_port *port, const char *path, int fd,
                      sim_file_done_fn *done)
{
    struct sim_file *file = calloc(1, size);
    if (file)
        file->thread = file_thread_create(port->threads, fd, done, file);
    if (!file || !file->thread) {
        free(file);
        close(fd);
        return NULL;
    }
    file->log = port->log;
    name_file(file->name, path);
    return file;
}

enum base_err sim_file_refuse(int error, const char *what, const char *path, char *why,
                              size_t why_size)
{
    const char *reason = error == ENXIO         ? "it is not a regular file"
                         : error == EWOULDBLOCK ? "another device uses it"
                                                : strerror(error);
    (void)snprintf(why, why_size, "cannot %s %s: %s", what, path, reason);
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return BASE_ERR_NOT_FOUND;
    case EWOULDBLOCK:
        return BASE_ERR_BUSY;
    case EISDIR:
    case ENXIO:
        return BASE_ERR_INVALID;
    case ENOMEM:
        return BASE_ERR_NOMEM;
    default:
        return BASE_ERR_IO;
    }
}
