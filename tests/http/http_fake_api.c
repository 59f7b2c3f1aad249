// SPDX-License-Identifier: Apache-2.0
#include "tests/http/http_fake_api.h"
#include "api/api_job.h"
#include "api/api_problem.h"
#include "tests/support/check.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char http_fake_asset[HTTP_FAKE_ASSET_SIZE] = "\x1f\x8b\0\0 zipped\0";

static struct api_response tell(const struct api_request *req)
{
    size_t size = 200 + req->body_size;
    char *text = calloc(1, size);
    CHECK(text && (req->body != NULL) == (req->body_size > 0));
    int n =
        snprintf(text, 200, "%s %s %s %zu:", req->method, req->path, req->query, req->body_size);
    if (req->body)
        memcpy(text + n, req->body, req->body_size);
    return (struct api_response){
        .status = 200,
        .content_type = "text/plain",
        .body = text,
        .size = (size_t)n + req->body_size,
        .memory = text,
    };
}

static struct api_response who(const struct api_request *req)
{
    char *text = calloc(1, 200);
    struct base_text t;
    base_text_init(&t, text, 200);
    if (req->peer)
        base_address_text(req->peer, &t);
    base_text_str(&t, " ");
    base_text_str(&t, api_header(req, "x-test") ? api_header(req, "x-test") : "none");
    return (struct api_response){.status = 200,
                                 .content_type = "text/plain",
                                 .body = text,
                                 .size = strlen(text),
                                 .memory = text};
}

static struct api_response log_in(const struct api_request *req)
{
    struct api_response r = tell(req);
    const char *cookie = api_header(req, "Cookie");
    r.status = 401;
    r.authenticate = "Basic realm=\"a\", Bearer realm=\"a\"";
    strcpy(r.retry_after, "60");
    r.cookie = "a=b; Path=/; HttpOnly";
    r.size = (size_t)snprintf(r.memory, 200, "%s", cookie ? cookie : "none");
    return r;
}

static struct api_response stream(enum api_kind kind)
{
    return (struct api_response){
        .status = kind == API_WEBSOCKET ? 101 : 200,
        .kind = kind,
        .content_type = kind == API_WEBSOCKET ? NULL : "application/x-ndjson",
        .stream = {.kind = kind == API_WEBSOCKET ? API_STREAM_LIVE : API_STREAM_EVENTS},
    };
}

// --- jobs ----------------------------------------------------------------------------------------

struct fake_job {
    struct api_job job;
    char name[32];
    unsigned number;
};

static sem_t let_run, runs;
static atomic_uint jobs, jobs_begun;

static bool begin_job(struct api_job *job, const struct api_context *ctx)
{
    struct fake_job *j = (struct fake_job *)job;
    CHECK(ctx->server && ctx->now_us > 0);
    j->number = ++jobs_begun;
    return strcmp(j->name, "none") != 0;
}

static void run_job(struct api_job *job)
{
    (void)job;
    sem_post(&runs);
    while (sem_wait(&let_run) != 0)
        ;
}

static struct api_response finish_job(struct api_job *job, const struct api_context *ctx)
{
    const struct fake_job *j = (const struct fake_job *)job;
    char *text = calloc(1, 100);
    CHECK(ctx->server && ctx->now_us > 0 && text);
    snprintf(text, 100, "%s %u", j->name, j->number);
    return (struct api_response){.status = 200,
                                 .content_type = "text/plain",
                                 .body = text,
                                 .size = strlen(text),
                                 .memory = text};
}

static void free_job(struct api_job *job)
{
    free(job);
    jobs--;
}

static struct api_response start_job(const char *name)
{
    struct fake_job *j = calloc(1, sizeof *j);
    CHECK(j);
    j->job =
        (struct api_job){begin_job, run_job, finish_job, free_job, strcmp(name, "nobody") == 0};
    snprintf(j->name, sizeof j->name, "%s", name);
    jobs++;
    return api_job_response(&j->job);
}

void http_fake_let_run(unsigned count)
{
    while (count--)
        sem_post(&let_run);
}

void http_fake_await_run(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    CHECK_EQ(sem_timedwait(&runs, &until), 0);
}

unsigned http_fake_jobs(void)
{
    return jobs;
}

// --- routes --------------------------------------------------------------------------------------

struct api_response api_handle(const struct api_context *ctx, const struct api_request *req)
{
    CHECK(ctx->server && ctx->now_us > 0);
    CHECK_STR(ctx->version, "1.2.3");
    if (strcmp(req->path, "/who") == 0)
        return who(req);
    if (strcmp(req->path, "/login") == 0)
        return log_in(req);
    if (strcmp(req->path, "/lines") == 0)
        return stream(API_STREAM);
    if (strcmp(req->path, "/live") == 0)
        return stream(API_WEBSOCKET);
    if (strncmp(req->path, "/job/", 5) == 0)
        return start_job(req->path + 5);
    if (strcmp(req->path, "/asset") != 0)
        return tell(req);
    return (struct api_response){
        .status = 200,
        .content_type = "text/css",
        .encoding = "gzip",
        .cache = "max-age=3600",
        .body = http_fake_asset,
        .size = HTTP_FAKE_ASSET_SIZE,
    };
}

void api_response_free(struct api_response *r)
{
    free(r->memory);
    r->memory = NULL;
}

// --- streams -------------------------------------------------------------------------------------

static atomic_bool forbidden;
static atomic_uint said, messages;
static atomic_size_t said_size;

void http_fake_begin(void)
{
    sem_init(&let_run, 0, 0);
    sem_init(&runs, 0, 0);
    jobs = jobs_begun = 0;
    said = messages = 0;
    forbidden = false;
}

void http_fake_forbid(void)
{
    forbidden = true;
}

bool api_stream_may_go_on(const struct api_context *ctx, const struct api_stream *stream)
{
    (void)stream;
    CHECK(ctx->server && ctx->now_us > 0);
    return !forbidden;
}

void http_fake_say(size_t size)
{
    said_size = size;
    said++;
}

unsigned http_fake_messages(void)
{
    return messages;
}

char *http_fake_text(unsigned number, size_t size)
{
    char *text = malloc(size + 1);
    CHECK(text && size >= 8);
    memset(text, '.', size);
    text[snprintf(text, size, "{%u", number)] = '.';
    text[size - 1] = '}';
    text[size] = '\0';
    return text;
}

struct api_message *api_stream_next(const struct api_context *ctx, struct api_stream *stream)
{
    unsigned latest = said;
    CHECK(ctx->server && ctx->now_us > 0);
    if (stream->version == latest)
        return NULL;
    struct api_message *m = calloc(1, sizeof *m);
    size_t size = said_size;
    m->memory = http_fake_text(latest, size);
    m->data = m->memory;
    m->size = size;
    m->users = 1;
    stream->version = latest;
    messages++;
    return m;
}

void api_message_release(struct api_message *m)
{
    if (!m || --m->users > 0)
        return;
    free(m->memory);
    free(m);
    messages--;
}
