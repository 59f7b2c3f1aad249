// SPDX-License-Identifier: Apache-2.0
// Where jobs run (api_job.h): one thread, one job after the other, in the order in which they came.
// Few wait; who comes then is refused, and nothing waits for a job but its own client.
#pragma once

#include "api/api_job.h"
#include "ports/posix/posix_loop.h"

struct posix_jobs;

enum { POSIX_JOBS_MAX = 8 }; // that wait for the one that runs

enum { POSIX_JOBS_NICE = 15 }; // on Linux: a thirtieth of a CPU that others want as well

// Somebody who waits for a job. His memory, until done().
struct posix_job {
    void (*done)(void *ctx, const struct api_response *answer); // jobs' thread, once; takes it
    void *ctx;

    // The rest is its own.
    struct api_job *job;
    struct base_list link;
};

// `api`: all but its time; copied. `of_nobody`: how many jobs of those who are not logged in there
// may be, the one that runs included. NULL: no memory, or no thread.
struct posix_jobs *posix_jobs_create(struct posix_loop *loop, const struct api_context *api,
                                     unsigned of_nobody);

// Waits for the job that runs; those that wait are answered with 503, and so are those that come
// now. Not on the loop thread. NULL is nothing.
void posix_jobs_end(struct posix_jobs *jobs);
void posix_jobs_destroy(struct posix_jobs *jobs); // when nobody adds any more

// Loop thread. Takes `job`. False: it cannot be taken, as many wait as may, or the end is near.
bool posix_jobs_add(struct posix_jobs *jobs, struct posix_job *waiting, struct api_job *job);
