// SPDX-License-Identifier: Apache-2.0
#include "http_esp_job.h"

static void answer(void *arg)
{
    struct http_esp_job *j = arg;
    struct http_esp_conn *c = j->conn;
    if (c) {
        j->all->respond(j->all->ctx, c->request, &j->answer);
        http_esp_conn_leave(c);
    } else {
        api_response_free(&j->answer);
    }
    j->used = false;
}

// The jobs' thread. While it waits for a place among the messages, no other job is done.
static void on_done(void *ctx, const struct api_response *response)
{
    struct http_esp_job *j = ctx;
    j->answer = *response;
    (void)httpd_queue_work(j->all->httpd, answer, j);
}

struct http_esp_job *http_esp_job_begin(struct http_esp_jobs *all)
{
    for (unsigned i = 0; i < HTTP_ESP_JOBS; i++) {
        struct http_esp_job *j = &all->job[i];
        if (j->used)
            continue;
        *j =
            (struct http_esp_job){.all = all, .waiting = {.done = on_done, .ctx = j}, .used = true};
        return j;
    }
    return NULL;
}

void http_esp_job_end(struct http_esp_job *j)
{
    if (j)
        j->used = false;
}

bool http_esp_job_wait(struct http_esp_job *j, httpd_req_t *r)
{
    struct http_esp_conn *c = http_esp_conn_of(r);
    if (!http_esp_conn_stay(c, HTTP_ESP_JOB, r))
        return false;
    j->conn = c;
    return true;
}
