// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_jobs.h"
#include "api/api_problem.h"
#include "ports/posix/posix_time.h"

#include <pthread.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/resource.h>
#endif

struct posix_jobs {
    struct posix_loop *loop;
    struct api_context api;
    pthread_t thread;
    pthread_mutex_t lock; // guards all below
    pthread_cond_t added; // or it is over
    struct base_list waiting;
    unsigned count;                     // of them
    unsigned of_nobody, most_of_nobody; // waiting or running
    bool over;
};

// --- one job -------------------------------------------------------------------------------------

struct step {
    const struct posix_jobs *jobs;
    struct api_job *job;
    bool runs;
    struct api_response answer;
};

static struct api_context context_of(const struct step *s)
{
    struct api_context ctx = s->jobs->api;
    ctx.now_us = posix_now_us();
    return ctx;
}

// Loop thread.
static void begin(void *arg)
{
    struct step *s = arg;
    const struct api_context ctx = context_of(s);
    s->runs = s->job->begin(s->job, &ctx);
}

// Loop thread.
static void finish(void *arg)
{
    struct step *s = arg;
    const struct api_context ctx = context_of(s);
    s->answer = s->job->finish(s->job, &ctx);
}

static struct api_response shutting_down(void)
{
    return api_problem(503, "Not available", "The server is shutting down.");
}

static struct api_response work(const struct posix_jobs *jobs, struct api_job *job)
{
    struct step s = {.jobs = jobs, .job = job, .runs = true};
    if (job->begin && !posix_loop_call(jobs->loop, begin, &s))
        return shutting_down();
    if (s.runs)
        job->run(job);
    return posix_loop_call(jobs->loop, finish, &s) ? s.answer : shutting_down();
}

// --- the thread ----------------------------------------------------------------------------------

// With the lock. NULL: it is over.
static struct posix_job *next(struct posix_jobs *jobs)
{
    while (!jobs->over && base_list_empty(&jobs->waiting))
        pthread_cond_wait(&jobs->added, &jobs->lock);
    struct base_list *first = base_list_pop(&jobs->waiting);
    jobs->count -= first != NULL;
    return first ? BASE_CONTAINER(first, struct posix_job, link) : NULL;
}

static void give_back(struct posix_jobs *jobs, bool of_nobody)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->of_nobody -= of_nobody;
    pthread_mutex_unlock(&jobs->lock);
}

// Whoever sends logins makes us hash without end: that takes what devices and pages leave over. The
// calling thread only, and for good: nobody but root may come back from it.
static void give_way(void)
{
#ifdef __linux__ // the chip's task has a priority of its own
    (void)setpriority(PRIO_PROCESS, 0, POSIX_JOBS_NICE);
#endif
}

static void *run(void *arg)
{
    struct posix_jobs *jobs = arg;
    give_way();
    struct posix_job *p;
    pthread_mutex_lock(&jobs->lock);
    while ((p = next(jobs))) {
        bool over = jobs->over;
        pthread_mutex_unlock(&jobs->lock);
        struct api_job *job = p->job;
        bool of_nobody = job->of_nobody;
        struct api_response answer = over ? shutting_down() : work(jobs, job);
        job->free(job);
        give_back(jobs, of_nobody); // before its client asks again
        p->done(p->ctx, &answer);   // from here on it may be gone
        pthread_mutex_lock(&jobs->lock);
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

static void release(struct posix_jobs *jobs)
{
    pthread_cond_destroy(&jobs->added);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}

struct posix_jobs *posix_jobs_create(struct posix_loop *loop, const struct api_context *api,
                                     unsigned of_nobody)
{
    struct posix_jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs)
        return NULL;
    jobs->loop = loop;
    jobs->api = *api;
    jobs->most_of_nobody = of_nobody;
    base_list_init(&jobs->waiting);
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->added, NULL);
    if (pthread_create(&jobs->thread, NULL, run, jobs) == 0)
        return jobs;
    release(jobs);
    return NULL;
}

void posix_jobs_end(struct posix_jobs *jobs)
{
    if (!jobs)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->over = true;
    pthread_cond_signal(&jobs->added);
    pthread_mutex_unlock(&jobs->lock);
    pthread_join(jobs->thread, NULL);
}

void posix_jobs_destroy(struct posix_jobs *jobs)
{
    if (jobs)
        release(jobs);
}

bool posix_jobs_add(struct posix_jobs *jobs, struct posix_job *waiting, struct api_job *job)
{
    pthread_mutex_lock(&jobs->lock);
    bool room = !job->of_nobody || jobs->of_nobody < jobs->most_of_nobody;
    bool taken = !jobs->over && jobs->count < POSIX_JOBS_MAX && room;
    if (taken) {
        waiting->job = job;
        base_list_append(&jobs->waiting, &waiting->link);
        jobs->count++;
        jobs->of_nobody += job->of_nobody;
        pthread_cond_signal(&jobs->added);
    }
    pthread_mutex_unlock(&jobs->lock);
    return taken;
}
