// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sim_audio_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct audio_file {
    int fd;
};

static enum base_err file_append(void *ctx, const void *samples, size_t size)
{
    const struct audio_file *file = ctx;
    const uint8_t *from = samples;
    while (size > 0) {
        ssize_t n = write(file->fd, from, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return BASE_ERR_IO;
        from += n;
        size -= (size_t)n;
    }
    return BASE_OK;
}

static void file_destroy(void *ctx)
{
    struct audio_file *file = ctx;
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
    case EISDIR:
    case ENXIO: // a FIFO
        return BASE_ERR_INVALID;
    default:
        return BASE_ERR_IO;
    }
}

static enum base_err claim(int fd, const char **reason)
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
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        *reason = errno == EWOULDBLOCK ? "another headset uses it" : strerror(errno);
        return refusal(errno);
    }
    return BASE_OK;
}

static enum base_err use(int fd, struct sim_audio_recorder *recorder, const char **reason)
{
    enum base_err err = claim(fd, reason);
    if (err != BASE_OK)
        return err;
    struct audio_file *file = malloc(sizeof *file);
    if (!file) {
        *reason = "there is not enough memory";
        return BASE_ERR_NOMEM;
    }
    file->fd = fd;
    *recorder = (struct sim_audio_recorder){file_append, file_destroy, file};
    return BASE_OK;
}

enum base_err sim_audio_file(void *ctx, const char *path, struct sim_audio_recorder *recorder,
                             char *why, size_t why_size)
{
    (void)ctx;
    const char *reason = NULL;
    // Without O_NONBLOCK, opening a FIFO would wait for its other end.
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    enum base_err err;
    if (fd < 0) {
        reason = strerror(errno);
        err = refusal(errno);
    } else {
        err = use(fd, recorder, &reason);
        if (err != BASE_OK)
            close(fd);
    }
    if (err != BASE_OK)
        (void)snprintf(why, why_size, "cannot record to %s: %s", path, reason);
    return err;
}
