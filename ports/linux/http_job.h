// SPDX-License-Identifier: Apache-2.0
// Requests whose answer is a job (posix_jobs.h): libmicrohttpd leaves their connections alone until
// there is an answer, and asks for it again then. HTTP's thread.
#pragma once

#include "ports/posix/posix_jobs.h"

#include <microhttpd.h>
#include <pthread.h>

struct http_jobs {
    int wake_fd;          // HTTP's thread waits for it; its owner fills it in
    pthread_mutex_t lock; // guards all below
    struct base_list answered;
};

// Of one request, zeroed at its beginning.
struct http_job {
    struct posix_job waiting;
    struct http_jobs *all;
    struct MHD_Connection *conn;
    struct base_list link;
    struct api_response answer; // from http_jobs_turn() on
    bool has_answer;
};

void http_jobs_begin(struct http_jobs *all);
void http_jobs_end(struct http_jobs *all); // nobody waits any more

// Fills in `waiting`; the job may be added then.
void http_job_begin(struct http_job *j, struct http_jobs *all, struct MHD_Connection *conn);

// Goes on with what has an answer now.
void http_jobs_turn(struct http_jobs *all);
