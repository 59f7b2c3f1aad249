// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sim_file.h"
#include "ports/linux/sim_file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

// --- images --------------------------------------------------------------------------------------

struct image {
    struct sim_file file; // first; its job goes back and forth
    void (*done)(void *owner);
    void *owner;
    bool busy;       // the thread has the job
    bool ended;      // the job is a read or a flush that somebody still asks for
    bool abandoned;  // nobody asks for the one under way
    bool write_lost; // one that settle() has not told yet
};

static void image_job_done(void *ctx, struct file_job *job)
{
    struct image *im = ctx;
    bool is_write = job->task == FILE_WRITE;
    im->busy = false;
    if (job->error)
        (void)sim_file_trouble(&im->file, job->task, job->error);
    if (!im->abandoned) {
        im->ended = !is_write;
        im->write_lost |= is_write && job->error;
    }
    if (im->done)
        im->done(im->owner);
}

// Of a job with room for `size` bytes; NULL: there is no memory.
static struct file_job *image_job(struct image *im, enum file_task task, uint64_t offset,
                                  size_t size)
{
    struct file_job *job = file_job_with_room(im->file.job, size);
    im->file.job = job;
    im->ended = false;
    if (!job) {
        (void)sim_file_trouble(&im->file, task, ENOMEM);
        return NULL;
    }
    job->task = task;
    job->offset = offset;
    job->size = size;
    return job;
}

static void image_begin(struct image *im)
{
    im->busy = true;
    im->abandoned = false;
    file_thread_begin(im->file.thread, im->file.job);
}

// Whether the job that has ended is this one; then it is told, and over.
static bool image_take(struct image *im, enum file_task task, uint64_t offset, size_t size,
                       enum base_err *err)
{
    const struct file_job *job = im->file.job;
    if (!im->ended || job->task != task || job->offset != offset || job->size < size)
        return false;
    im->ended = false;
    *err = job->error ? BASE_ERR_IO : BASE_OK;
    return true;
}

static enum base_err image_read(void *ctx, uint64_t offset, void *buf, size_t size)
{
    struct image *im = ctx;
    enum base_err err;
    if (im->busy)
        return BASE_ERR_AGAIN;
    if (image_take(im, FILE_READ, offset, size, &err)) {
        if (err == BASE_OK)
            memcpy(buf, im->file.job->bytes, size);
        return err;
    }
    if (!image_job(im, FILE_READ, offset, size))
        return BASE_ERR_IO;
    image_begin(im);
    return BASE_ERR_AGAIN;
}

static enum base_err image_settle(void *ctx)
{
    struct image *im = ctx;
    if (im->busy)
        return BASE_ERR_AGAIN;
    bool lost = im->write_lost;
    im->write_lost = false;
    return lost ? BASE_ERR_IO : BASE_OK;
}

static enum base_err image_write(void *ctx, uint64_t offset, const void *buf, size_t size)
{
    struct image *im = ctx;
    enum base_err err = image_settle(im);
    if (err != BASE_OK)
        return err;
    struct file_job *job = image_job(im, FILE_WRITE, offset, size);
    if (!job)
        return BASE_ERR_IO;
    memcpy(job->bytes, buf, size);
    image_begin(im);
    return BASE_OK;
}

static enum base_err image_flush(void *ctx)
{
    struct image *im = ctx;
    enum base_err err;
    if (im->busy)
        return BASE_ERR_AGAIN;
    if (image_take(im, FILE_FLUSH, 0, 0, &err))
        return err;
    if (!image_job(im, FILE_FLUSH, 0, 0))
        return BASE_ERR_IO;
    image_begin(im);
    return BASE_ERR_AGAIN;
}

static void image_listen(void *ctx, void (*done)(void *owner), void *owner)
{
    struct image *im = ctx;
    im->done = done;
    im->owner = owner;
}

static void image_abandon(void *ctx)
{
    struct image *im = ctx;
    im->abandoned = true;
    im->ended = im->write_lost = false;
}

static void image_destroy(void *ctx)
{
    struct image *im = ctx;
    if (!im->busy)
        free(im->file.job);
    file_thread_destroy(im->file.thread);
    free(im);
}

static const struct sim_storage_slow image_slow = {
    .listen = image_listen,
    .settle = image_settle,
    .abandon = image_abandon,
};

enum base_err sim_file_image(void *ctx, const char *path, bool read_only,
                             struct sim_storage *storage, char *why, size_t why_size)
{
    const struct sim_file_opening opening = {
        .path = path,
        .flags = read_only ? O_RDONLY : O_RDWR,
        .lock = read_only ? LOCK_SH : LOCK_EX,
        .done = image_job_done,
    };
    uint64_t size;
    int error;
    struct image *im = sim_file_create(sizeof *im, ctx, &opening, &size, &error);
    if (!im)
        return sim_file_refuse(error, "use the image", path, why, why_size);
    if (size < SIM_STORAGE_BLOCK) {
        image_destroy(im);
        (void)snprintf(why, why_size,
                       "cannot use the image %s: it is smaller than one block of %d bytes", path,
                       SIM_STORAGE_BLOCK);
        return BASE_ERR_INVALID;
    }
    *storage = (struct sim_storage){
        .read = image_read,
        .write = image_write,
        .flush = image_flush,
        .destroy = image_destroy,
        .slow = &image_slow,
        .ctx = im,
        .size_bytes = size / SIM_STORAGE_BLOCK * SIM_STORAGE_BLOCK,
        .read_only = read_only,
    };
    return BASE_OK;
}

// --- recordings ----------------------------------------------------------------------------------

enum {
    CHUNK_SIZE = 64 * 1024, // 0.3 s of sound
    CHUNKS = 16,            // on their way to the file
};

struct recording {
    struct sim_file file; // first; its job is what is just being filled
    unsigned under_way;
    bool lost; // something that append() has not told yet
};

static void recording_begin(struct recording *r)
{
    r->under_way++;
    file_thread_begin(r->file.thread, r->file.job);
    r->file.job = NULL;
}

static void recording_job_done(void *ctx, struct file_job *job)
{
    struct recording *r = ctx;
    r->under_way--;
    r->lost |= job->error != 0;
    if (job->error)
        (void)sim_file_trouble(&r->file, FILE_APPEND, job->error);
    job->size = 0;
    if (!r->file.job)
        r->file.job = job;
    else
        free(job);
    if (r->file.job->size > 0 && r->under_way == 0)
        recording_begin(r);
}

// Room for `size` bytes more in the job that is filled. False: there is none.
static bool recording_room(struct recording *r, size_t size)
{
    struct file_job *job = r->file.job;
    if (job && job->size > 0 && job->room - job->size < size) {
        if (r->under_way == CHUNKS)
            return false;
        recording_begin(r);
    }
    if (r->file.job && r->file.job->room - r->file.job->size >= size)
        return true;
    job = file_job_with_room(r->file.job, size > CHUNK_SIZE ? size : CHUNK_SIZE);
    r->file.job = job;
    if (!job)
        return false;
    job->task = FILE_APPEND;
    job->offset = job->size = 0;
    return true;
}

static enum base_err recording_append(void *ctx, const void *bytes, size_t size)
{
    struct recording *r = ctx;
    bool lost = r->lost;
    r->lost = false;
    if (!recording_room(r, size))
        return sim_file_trouble(&r->file, FILE_APPEND, SIM_FILE_TOO_SLOW);
    struct file_job *job = r->file.job;
    memcpy(job->bytes + job->size, bytes, size);
    job->size += size;
    if (r->under_way == 0 && job->size > 0)
        recording_begin(r);
    return lost ? BASE_ERR_IO : BASE_OK;
}

static void recording_destroy(void *ctx)
{
    struct recording *r = ctx;
    if (r->file.job && r->file.job->size > 0)
        recording_begin(r);
    free(r->file.job);
    file_thread_destroy(r->file.thread);
    free(r);
}

enum base_err sim_file_recording(void *ctx, const char *path, struct sim_recording *recording,
                                 char *why, size_t why_size)
{
    const struct sim_file_opening opening = {
        .path = path,
        .flags = O_WRONLY | O_CREAT | O_APPEND,
        .lock = LOCK_EX,
        .done = recording_job_done,
    };
    uint64_t size;
    int error;
    struct recording *r = sim_file_create(sizeof *r, ctx, &opening, &size, &error);
    if (!r)
        return sim_file_refuse(error, "record to", path, why, why_size);
    *recording = (struct sim_recording){recording_append, recording_destroy, r};
    return BASE_OK;
}
