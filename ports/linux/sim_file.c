// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sim_file.h"

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

struct file {
    int fd;
    struct eventlog *log; // NULL: nobody is told
    char name[EVENTLOG_PEER_SIZE];
    bool told[EVENT_FILE_TASK_COUNT][EVENT_FILE_REASON_COUNT];
};

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

// 0: a read that found nothing.
static enum eventlog_file_reason reason_of(int error)
{
    switch (error) {
    case 0:
        return EVENT_FILE_CUT;
    case ENOSPC:
    case EDQUOT:
        return EVENT_FILE_NO_SPACE;
    case EFBIG:
        return EVENT_FILE_TOO_LARGE;
    default:
        return EVENT_FILE_ERROR;
    }
}

// Each kind of it is told once, so that a client that tries again does not fill the event log.
static enum base_err trouble(struct file *file, enum eventlog_file_task task, int error)
{
    enum eventlog_file_reason reason = reason_of(error);
    struct eventlog_event e = {
        .time_us = posix_now_us(),
        .what = EVENTLOG_WITH(file_trouble, .task = task, .reason = reason),
    };
    memcpy(e.file, file->name, sizeof e.file);
    if (file->log && !file->told[task][reason])
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

// NULL: errno says why.
static struct file *file_open(struct eventlog *log, const char *path, int flags, int lock,
                              uint64_t *size)
{
    // Without O_NONBLOCK, opening a FIFO would wait for its other end.
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0)
        return NULL;
    int error = claim(fd, lock, size);
    struct file *file = error ? NULL : calloc(1, sizeof *file);
    if (!file) {
        close(fd);
        errno = error ? error : ENOMEM;
        return NULL;
    }
    file->fd = fd;
    file->log = log;
    name_file(file->name, path);
    return file;
}

static void file_destroy(void *ctx)
{
    struct file *file = ctx;
    close(file->fd); // takes the lock along
    free(file);
}

static enum base_err refuse(int error, const char *what, const char *path, char *why,
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

// At `offset`, or at the file's end: -1.
static enum base_err write_all(struct file *file, const uint8_t *from, size_t size, off_t offset)
{
    while (size > 0) {
        ssize_t n = offset < 0 ? write(file->fd, from, size) : pwrite(file->fd, from, size, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return trouble(file, EVENT_FILE_WRITTEN, n < 0 ? errno : EIO);
        from += n;
        size -= (size_t)n;
        offset += offset < 0 ? 0 : n;
    }
    return BASE_OK;
}

// --- images --------------------------------------------------------------------------------------

static enum base_err image_read(void *ctx, uint64_t offset, void *buf, size_t size)
{
    struct file *file = ctx;
    uint8_t *to = buf;
    while (size > 0) {
        ssize_t n = pread(file->fd, to, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return trouble(file, EVENT_FILE_READ, n < 0 ? errno : 0);
        to += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return BASE_OK;
}

static enum base_err image_write(void *ctx, uint64_t offset, const void *buf, size_t size)
{
    struct file *file = ctx;
    return write_all(file, buf, size, (off_t)offset);
}

static enum base_err image_flush(void *ctx)
{
    struct file *file = ctx;
    return fsync(file->fd) == 0 ? BASE_OK : trouble(file, EVENT_FILE_FLUSHED, errno);
}

enum base_err sim_file_image(void *ctx, const char *path, bool read_only,
                             struct sim_storage *storage, char *why, size_t why_size)
{
    uint64_t size = 0;
    struct file *file =
        file_open(ctx, path, read_only ? O_RDONLY : O_RDWR, read_only ? LOCK_SH : LOCK_EX, &size);
    if (!file)
        return refuse(errno, "use the image", path, why, why_size);
    if (size < SIM_STORAGE_BLOCK) {
        file_destroy(file);
        (void)snprintf(why, why_size,
                       "cannot use the image %s: it is smaller than one block of %d bytes", path,
                       SIM_STORAGE_BLOCK);
        return BASE_ERR_INVALID;
    }
    *storage = (struct sim_storage){
        .read = image_read,
        .write = image_write,
        .flush = image_flush,
        .destroy = file_destroy,
        .ctx = file,
        .size_bytes = size / SIM_STORAGE_BLOCK * SIM_STORAGE_BLOCK,
        .read_only = read_only,
    };
    return BASE_OK;
}

// --- recordings ----------------------------------------------------------------------------------

static enum base_err recording_append(void *ctx, const void *bytes, size_t size)
{
    struct file *file = ctx;
    return write_all(file, bytes, size, -1);
}

enum base_err sim_file_recording(void *ctx, const char *path, struct sim_recording *recording,
                                 char *why, size_t why_size)
{
    uint64_t size;
    struct file *file = file_open(ctx, path, O_WRONLY | O_CREAT | O_APPEND, LOCK_EX, &size);
    if (!file)
        return refuse(errno, "record to", path, why, why_size);
    *recording = (struct sim_recording){recording_append, file_destroy, file};
    return BASE_OK;
}
