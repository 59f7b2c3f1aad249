// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/file_thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct file_threads {
    int wake_fd;
    pthread_mutex_t lock; // guards all below, and what is the threads'; never held during I/O
    pthread_cond_t gone;  // a thread has ended
    unsigned running;
    struct base_list done; // jobs to give back
};

struct file_thread {
    struct file_threads *all;
    void (*done)(void *ctx, struct file_job *job);
    void *ctx;
    int fd;
    pthread_cond_t more; // a job, or the end
    struct base_list jobs;
    bool ending;
};

// --- the thread's side ---------------------------------------------------------------------------

static ssize_t move_once(int fd, struct file_job *j, size_t moved)
{
    uint8_t *at = j->bytes + moved;
    size_t left = j->size - moved;
    off_t offset = (off_t)(j->offset + moved);
    switch (j->task) {
    case FILE_READ:
        return pread(fd, at, left, offset);
    case FILE_WRITE:
        return pwrite(fd, at, left, offset);
    default:
        return write(fd, at, left);
    }
}

static int execute(int fd, struct file_job *j)
{
    if (j->task == FILE_FLUSH)
        return fsync(fd) == 0 ? 0 : errno;
    for (size_t moved = 0; moved < j->size;) {
        ssize_t n = move_once(fd, j, moved);
        if (n > 0)
            moved += (size_t)n;
        else if (n == 0)
            return j->task == FILE_READ ? FILE_ENDS : EIO;
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

static struct file_job *job_of(struct base_list *link)
{
    return BASE_CONTAINER(link, struct file_job, link);
}

// Called with the lock, and returns with it.
static void do_job(struct file_thread *t, struct file_job *j)
{
    pthread_mutex_unlock(&t->all->lock);
    j->error = execute(t->fd, j);
    pthread_mutex_lock(&t->all->lock);
    if (t->ending)
        j->thread = NULL; // comes back to nobody
    base_list_append(&t->all->done, &j->link);
    eventfd_write(t->all->wake_fd, 1);
}

static void *do_jobs(void *arg)
{
    struct file_thread *t = arg;
    struct file_threads *all = t->all;
    pthread_mutex_lock(&all->lock);
    for (;;) {
        struct base_list *first = base_list_pop(&t->jobs);
        if (first)
            do_job(t, job_of(first));
        else if (t->ending)
            break;
        else
            pthread_cond_wait(&t->more, &all->lock);
    }
    pthread_mutex_unlock(&all->lock);
    close(t->fd); // takes the lock along; it may have to write, too
    pthread_cond_destroy(&t->more);
    free(t);
    pthread_mutex_lock(&all->lock);
    all->running--;
    pthread_cond_signal(&all->gone);
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

// --- the loop's side -----------------------------------------------------------------------------

struct file_job *file_job_with_room(struct file_job *old, size_t size)
{
    if (old && old->room >= size)
        return old;
    free(old);
    struct file_job *j = malloc(sizeof *j + size);
    if (j) {
        base_list_init(&j->link);
        j->room = size;
    }
    return j;
}

// Signals are for the loop's thread, and SIGXFSZ for nobody: the write fails.
static bool start(struct file_thread *t)
{
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&thread, NULL, do_jobs, t) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started && pthread_detach(thread) == 0;
}

struct file_thread *file_thread_create(struct file_threads *all, int fd,
                                       void (*done)(void *ctx, struct file_job *job), void *ctx)
{
    struct file_thread *t = malloc(sizeof *t);
    if (!t)
        return NULL;
    *t = (struct file_thread){.all = all, .done = done, .ctx = ctx, .fd = fd};
    base_list_init(&t->jobs);
    pthread_cond_init(&t->more, NULL);
    pthread_mutex_lock(&all->lock);
    bool started = start(t);
    all->running += started;
    pthread_mutex_unlock(&all->lock);
    if (started)
        return t;
    pthread_cond_destroy(&t->more);
    free(t);
    return NULL;
}

void file_thread_begin(struct file_thread *t, struct file_job *job)
{
    job->thread = t;
    pthread_mutex_lock(&t->all->lock);
    base_list_append(&t->jobs, &job->link);
    pthread_cond_signal(&t->more);
    pthread_mutex_unlock(&t->all->lock);
}

void file_thread_destroy(struct file_thread *t)
{
    struct file_threads *all = t->all;
    pthread_mutex_lock(&all->lock);
    BASE_LIST_FOR_EACH (struct file_job, j, &all->done, link)
        if (j->thread == t)
            j->thread = NULL; // comes back to nobody
    t->ending = true;
    pthread_cond_signal(&t->more);
    pthread_mutex_unlock(&all->lock);
}

struct file_threads *file_threads_create(void)
{
    pthread_condattr_t monotonic;
    struct file_threads *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    all->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (all->wake_fd < 0) {
        free(all);
        return NULL;
    }
    base_list_init(&all->done);
    pthread_mutex_init(&all->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&all->gone, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return all;
}

int file_threads_fd(const struct file_threads *all)
{
    return all->wake_fd;
}

static struct file_job *next_done(struct file_threads *all)
{
    pthread_mutex_lock(&all->lock);
    struct base_list *first = base_list_pop(&all->done);
    pthread_mutex_unlock(&all->lock);
    return first ? job_of(first) : NULL;
}

void file_threads_tell(struct file_threads *all)
{
    eventfd_t n;
    struct file_job *j;
    (void)eventfd_read(all->wake_fd, &n);
    while ((j = next_done(all)) != NULL) {
        if (j->thread)
            j->thread->done(j->thread->ctx, j);
        else
            free(j);
    }
}

bool file_threads_end(struct file_threads *all, uint64_t limit_us)
{
    const struct timespec limit = {
        .tv_sec = (time_t)(limit_us / 1000000),
        .tv_nsec = (long)(limit_us % 1000000) * 1000,
    };
    int error = 0;
    pthread_mutex_lock(&all->lock);
    while (all->running > 0 && error == 0)
        error = pthread_cond_timedwait(&all->gone, &all->lock, &limit);
    bool through = all->running == 0;
    pthread_mutex_unlock(&all->lock);
    if (!through)
        return false;
    file_threads_tell(all); // to nobody
    close(all->wake_fd);
    pthread_cond_destroy(&all->gone);
    pthread_mutex_destroy(&all->lock);
    free(all);
    return true;
}
