// SPDX-License-Identifier: Apache-2.0
// A thread for each file behind a simulated device, which does what may hang: a file system that
// does not answer (NFS, FUSE, a dying disk) stops that device and nobody else. The thread opens the
// file; jobs go to it, are done in order, and come back to the loop thread. All calls: loop thread.
#pragma once

#include "base/base_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum file_task { FILE_READ, FILE_WRITE, FILE_APPEND, FILE_FLUSH };

enum { FILE_ENDS = -1 }; // in place of an errno: there is no such place in it any more

struct file_thread;

struct file_job {
    struct base_list link; // the thread's, as is `thread`
    struct file_thread *thread;
    enum file_task task;
    uint64_t offset;
    size_t size, room; // of `bytes`
    int error;         // when it is done: 0, an errno or FILE_ENDS
    uint8_t bytes[];
};

// A job with room for `size` bytes: `old` (NULL: none) if that has it, else in its place. NULL: no
// memory; `old` is gone.
struct file_job *file_job_with_room(struct file_job *old, size_t size);

// --- all of them ---------------------------------------------------------------------------------

struct file_threads;

// Opening may take `open_us`; a file that has had a job for `answer_us` is silent. NULL: no memory
// or descriptor left.
struct file_threads *file_threads_create(uint64_t open_us, uint64_t answer_us);
int file_threads_fd(const struct file_threads *all); // readable: file_threads_tell() has to do

// Gives jobs that are done back, and tells of files that are silent.
void file_threads_tell(struct file_threads *all);

// When all files are closed: waits until their threads are through, until `limit_us` of
// posix_now_us(), and frees `all`. False: some are not. They are left behind, and `all` with them.
bool file_threads_end(struct file_threads *all, uint64_t limit_us);

// --- one -----------------------------------------------------------------------------------------

struct file_thread_config {
    const char *path; // of a regular file
    int flags, lock;  // as open() and flock() have them
    // Gets each job back, and has it then.
    void (*done)(void *ctx, struct file_job *job);
    // The file is silent (0), or answers again after so long.
    void (*waited)(void *ctx, uint64_t us);
    void *ctx;
};

// Waits until the file is open, and says how large it is. NULL: *error is an errno. ENXIO: it is no
// regular file; EWOULDBLOCK: somebody has locked it; ETIMEDOUT: it does not answer.
struct file_thread *file_thread_create(struct file_threads *all, const struct file_thread_config *c,
                                       uint64_t *size, int *error);

// Takes the job.
void file_thread_begin(struct file_thread *t, struct file_job *job);

// Never waits: jobs that are not done will be, but come back no more. Then the file is closed.
void file_thread_destroy(struct file_thread *t);
