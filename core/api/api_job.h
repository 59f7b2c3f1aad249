// SPDX-License-Identifier: Apache-2.0
// What takes long: flash, fsync, hashing. Jobs have a thread of their own, on which they follow
// each other in the order in which they came: what one begins with is what the one before has left.
#pragma once

#include "api/api.h"

// Its owner's memory, until free().
struct api_job {
    // Loop thread, when its turn has come. False: there is nothing to run. NULL: it runs.
    bool (*begin)(struct api_job *job, const struct api_context *ctx);
    // The jobs' thread; knows nothing of the core.
    void (*run)(struct api_job *job);
    // Loop thread: the answer, which is no job. Not called if the server ends meanwhile.
    struct api_response (*finish)(struct api_job *job, const struct api_context *ctx);
    // Any thread, once, as the last; also if its turn never came.
    void (*free)(struct api_job *job);
    // Of somebody who is not logged in: such jobs leave room for the others.
    bool of_nobody;
};

// What a handler answers: there will be an answer.
static inline struct api_response api_job_response(struct api_job *job)
{
    return (struct api_response){.kind = API_JOB, .job = job};
}
