// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/http_job.h"

#include <sys/eventfd.h>

void http_jobs_begin(struct http_jobs *all)
{
    pthread_mutex_init(&all->lock, NULL);
    base_list_init(&all->answered);
}

void http_jobs_end(struct http_jobs *all)
{
    pthread_mutex_destroy(&all->lock);
}

// The jobs' thread.
static void on_done(void *ctx, const struct api_response *answer)
{
    struct http_job *j = ctx;
    struct http_jobs *all = j->all;
    pthread_mutex_lock(&all->lock);
    j->answer = *answer;
    base_list_append(&all->answered, &j->link);
    (void)eventfd_write(all->wake_fd, 1);
    pthread_mutex_unlock(&all->lock);
}

void http_job_begin(struct http_job *j, struct http_jobs *all, struct MHD_Connection *conn)
{
    j->all = all;
    j->conn = conn;
    j->waiting.done = on_done;
    j->waiting.ctx = j;
}

void http_jobs_turn(struct http_jobs *all)
{
    struct base_list *node;
    pthread_mutex_lock(&all->lock);
    while ((node = base_list_pop(&all->answered))) {
        struct http_job *j = BASE_CONTAINER(node, struct http_job, link);
        j->has_answer = true;
        MHD_resume_connection(j->conn);
    }
    pthread_mutex_unlock(&all->lock);
}
