// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sim_storage_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8, "images may be larger than 2 GiB");

struct storage_file {
    int fd;
};

static enum base_err file_read(void *ctx, uint64_t offset, void *buf, size_t size)
{
    const struct storage_file *file = ctx;
    uint8_t *to = buf;
    while (size > 0) {
        ssize_t n = pread(file->fd, to, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) // 0: somebody has cut the file
            return BASE_ERR_IO;
        to += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return BASE_OK;
}

static enum base_err file_write(void *ctx, uint64_t offset, const void *buf, size_t size)
{
    const struct storage_file *file = ctx;
    const uint8_t *from = buf;
    while (size > 0) {
        ssize_t n = pwrite(file->fd, from, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return BASE_ERR_IO;
        from += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return BASE_OK;
}

static enum base_err file_flush(void *ctx)
{
    const struct storage_file *file = ctx;
    return fsync(file->fd) == 0 ? BASE_OK : BASE_ERR_IO;
}

static void file_destroy(void *ctx)
{
    struct storage_file *file = ctx;
    close(file->fd); // takes the lock along
    free(file);
}

static enum base_err refusal(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return BASE_ERR_NOT_FOUND;
    case EWOULDBLOCK:
        return BASE_ERR_BUSY;
    default:
        return BASE_ERR_IO;
    }
}

// Locks the file and finds its size.
static enum base_err claim(int fd, bool read_only, uint64_t *size, const char **reason)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        *reason = strerror(errno);
        return BASE_ERR_IO;
    }
    if (!S_ISREG(st.st_mode)) {
        *reason = "it is not a regular file";
        return BASE_ERR_INVALID;
    }
    if (flock(fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
        *reason = errno == EWOULDBLOCK ? "another disk uses it" : strerror(errno);
        return refusal(errno);
    }
    *size = (uint64_t)st.st_size / SIM_STORAGE_BLOCK * SIM_STORAGE_BLOCK;
    *reason = "it is smaller than one block of 512 bytes";
    return *size > 0 ? BASE_OK : BASE_ERR_INVALID;
}

static enum base_err use(int fd, bool read_only, struct sim_storage *storage, const char **reason)
{
    uint64_t size = 0;
    enum base_err err = claim(fd, read_only, &size, reason);
    if (err != BASE_OK)
        return err;
    struct storage_file *file = malloc(sizeof *file);
    if (!file) {
        *reason = "there is not enough memory";
        return BASE_ERR_NOMEM;
    }
    file->fd = fd;
    *storage = (struct sim_storage){
        .read = file_read,
        .write = file_write,
        .flush = file_flush,
        .destroy = file_destroy,
        .ctx = file,
        .size_bytes = size,
        .read_only = read_only,
    };
    return BASE_OK;
}

enum base_err sim_storage_file(void *ctx, const char *path, bool read_only,
                               struct sim_storage *storage, char *why, size_t why_size)
{
    (void)ctx;
    const char *reason = NULL;
    // Without O_NONBLOCK, opening a FIFO would wait for its other end.
    int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
    enum base_err err;
    if (fd < 0) {
        reason = strerror(errno);
        err = refusal(errno);
    } else {
        err = use(fd, read_only, storage, &reason);
        if (err != BASE_OK)
            close(fd);
    }
    if (err != BASE_OK)
        (void)snprintf(why, why_size, "cannot use the image %s: %s", path, reason);
    return err;
}
