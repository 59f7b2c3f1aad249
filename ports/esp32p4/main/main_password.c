// SPDX-License-Identifier: Apache-2.0
#include "main_password.h"

#include "base/base_text.h"
#include "esp_heap_caps.h"
#include "ports/posix/posix_jobs.h"

#include <string.h>

// A job as those of HTTP, so that none of them changes the users meanwhile. In PSRAM.
struct setting {
    struct api_job job;
    struct posix_job waiting;
    struct firmware *firmware;
    bool added, is_over, is_set;

    struct users_config config;
    struct users_user admin;
    struct users_document was, changed, there;
    char password[USERS_PASSWORD_MAX + 1];
    char *why;
};

static struct setting *setting_of(struct api_job *job)
{
    return BASE_CONTAINER(job, struct setting, job);
}

// --- the job -------------------------------------------------------------------------------------

// Loop task.
static bool begin(struct api_job *job, const struct api_context *ctx)
{
    struct setting *s = setting_of(job);
    s->config = ctx->users->config;
    s->was = s->changed = ctx->users->document;
    return true;
}

static bool fails(struct setting *s, const char *why)
{
    (void)base_text_copy(s->why, SETTINGS_WHY_SIZE, why);
    return false;
}

static bool change(struct setting *s)
{
    if (!users_password_make(&s->admin.password, s->config.crypto, s->password))
        return fails(s, "no memory for the cryptographic library");
    if (users_put(&s->changed, &s->admin) != BASE_OK)
        return fails(s, "there are too many users; remove one first");
    return users_write(&s->config, &s->was, &s->changed, &s->there) == BASE_OK ||
           fails(s, s->config.store->why);
}

// Jobs' task.
static void run(struct api_job *job)
{
    struct setting *s = setting_of(job);
    s->is_set = change(s);
}

// Loop task.
static struct api_response finish(struct api_job *job, const struct api_context *ctx)
{
    struct setting *s = setting_of(job);
    struct eventlog_event e = {.time_us = ctx->now_us, .peer = "console", .user = "admin"};
    if (!s->is_set)
        return (struct api_response){.status = 503};
    e.what = users_claimed(ctx->users) ? EVENTLOG_WITH(user_changed, .action = EVENT_USER_PASSWORD)
                                       : EVENTLOG(claimed);
    users_take(ctx->users, &s->changed, 0);
    eventlog_record(server_eventlog(ctx->server), &e);
    return (struct api_response){.status = 204};
}

static void keep_for_us(struct api_job *job)
{
    (void)job;
}

// --- the console's task --------------------------------------------------------------------------

// Jobs' task.
static void done(void *ctx, const struct api_response *answer)
{
    struct setting *s = ctx;
    struct main_users *u = &s->firmware->users;
    (void)answer;
    pthread_mutex_lock(&u->lock);
    s->is_over = true;
    pthread_cond_broadcast(&u->job_done);
    pthread_mutex_unlock(&u->lock);
}

// Loop task.
static void add(void *arg)
{
    struct setting *s = arg;
    s->added = posix_jobs_add(http_esp_jobs(s->firmware->http), &s->waiting, &s->job);
}

static bool ask(struct setting *s)
{
    struct firmware *f = s->firmware;
    if (!f->http)
        return fails(s, "there is no HTTP server that would want it");
    if (!posix_loop_call(f->loop, add, s))
        return fails(s, "the server has ended");
    if (!s->added)
        return fails(s, "too much is waiting to be done; try again");
    pthread_mutex_lock(&f->users.lock);
    while (!s->is_over)
        pthread_cond_wait(&f->users.job_done, &f->users.lock);
    pthread_mutex_unlock(&f->users.lock);
    return s->is_set;
}

static bool set_with(struct firmware *f, struct setting *s, const char *password, char *why)
{
    s->job = (struct api_job){begin, run, finish, keep_for_us, false};
    s->waiting = (struct posix_job){.done = done, .ctx = s};
    s->firmware = f;
    s->why = why;
    s->admin = (struct users_user){.name = "admin", .role = USERS_ADMIN};
    (void)base_text_copy(s->password, sizeof s->password, password);
    bool set = ask(s);
    users_crypto_wipe(s, sizeof *s);
    return set;
}

bool main_password_set(struct firmware *f, const char *password, char *why)
{
    struct setting *s = heap_caps_calloc(1, sizeof *s, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    bool good = users_password_is_good(password);
    (void)base_text_copy(why, SETTINGS_WHY_SIZE,
                         !s      ? "no memory for it"
                         : !good ? "it has to have 8 to 128 bytes"
                                 : "the server has ended");
    bool set = s && good && set_with(f, s, password, why);
    heap_caps_free(s);
    return set;
}
