// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sim_file_open.h"
#include "ports/posix/posix_time.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void record(const struct sim_file *file, struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = posix_now_us(), .what = what};
    memcpy(e.file, file->name, sizeof e.file);
    eventlog_record(file->log, &e);
}

enum base_err sim_file_trouble(struct sim_file *file, enum file_task what, int error)
{
    enum eventlog_file_reason reason = reason_of(error);
    enum eventlog_file_task task = what == FILE_READ    ? EVENT_FILE_READ
                                   : what == FILE_FLUSH ? EVENT_FILE_FLUSHED
                                                        : EVENT_FILE_WRITTEN;
    if (!file->told[task][reason])
        record(file, EVENTLOG_WITH(file_trouble, .task = task, .reason = reason));
    file->told[task][reason] = true;
    return BASE_ERR_IO;
}

static void waited(void *ctx, uint64_t us)
{
    record(ctx, us ? EVENTLOG_WITH(file_back, .seconds = (uint32_t)(us / 1000000))
                   : EVENTLOG(file_silent));
}

// --- opening -------------------------------------------------------------------------------------

void *sim_file_create(size_t size, const struct sim_file_port *port,
                      const struct sim_file_opening *o, uint64_t *file_size, int *error)
{
    struct sim_file *file = calloc(1, size);
    const struct file_thread_config c = {
        .path = o->path,
        .flags = o->flags,
        .lock = o->lock,
        .done = o->done,
        .waited = waited,
        .ctx = file,
    };
    *error = ENOMEM;
    if (file)
        file->thread = file_thread_create(port->threads, &c, file_size, error);
    if (!file || !file->thread) {
        free(file);
        return NULL;
    }
    file->log = port->log;
    name_file(file->name, o->path);
    return file;
}

enum base_err sim_file_refuse(int error, const char *what, const char *path, char *why,
                              size_t why_size)
{
    const char *reason = error == ENXIO         ? "it is not a regular file"
                         : error == EWOULDBLOCK ? "another device uses it"
                         : error == ETIMEDOUT   ? "it does not answer"
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
