// SPDX-License-Identifier: Apache-2.0
// Requests whose answer is a job (posix_jobs.h): their connections stay until there is an answer.
// On the task of esp_http_server.
#pragma once

#include "http_esp_conn.h"
#include "ports/posix/posix_jobs.h"

struct http_esp_jobs;

struct http_esp_job {
    struct http_esp_jobs *all;
    struct posix_job waiting;
    struct api_response answer;
    struct http_esp_conn *conn; // NULL: it is lost
    bool used;
};

struct http_esp_jobs {
    httpd_handle_t httpd; // its owner fills it in
    // Sends the answer to a request, and closes its connection. Takes it.
    void (*respond)(void *ctx, httpd_req_t *request, struct api_response *answer);
    void *ctx;
    struct http_esp_job job[HTTP_ESP_JOBS];
};

// A place for a job, to be given to posix_jobs_add(); NULL: there is none.
struct http_esp_job *http_esp_job_begin(struct http_esp_jobs *all);

// It was not needed.
void http_esp_job_end(struct http_esp_job *j);

// The job has been added for `r`, which waits. False: there is no memory, it is to be closed.
bool http_esp_job_wait(struct http_esp_job *j, httpd_req_t *r);
