// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/file_thread.h"
#include "ports/linux/monotonic_cond.h"
#include "ports/posix/posix_time.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct file_threads {
    int poll_fd; // readable when one of the others is
    int wake_fd, timer_fd;
    uint64_t open_us, answer_us;
    uint64_t timer_us; // when it goes off, or 0
    struct base_list threads;
    pthread_mutex_t lock;  // guards all below, and what is the threads'; never held during I/O
    pthread_cond_t change; // a file is open, or a thread has ended
    unsigned running;
    struct base_list done; // jobs to give back
};

struct file_thread {
    struct file_threads *all;
    struct file_thread_config config; // `path` is our own
    struct base_list link;
    unsigned under_way; // jobs, as the loop knows
    uint64_t since_us;  // when the file last had something to do, or did it
    bool silent;
    // The thread's.
    bool open; // or failed to be, for this errno
    int error;
    uint64_t size;
    int fd;
    pthread_cond_t more; // a job, or the end
    struct base_list jobs;
    bool ending;
};

// --- the thread's side ---------------------------------------------------------------------------

_Static_assert(sizeof(off_t) == 8, "images may be larger than 2 GiB");

static int claim(int fd, int lock, uint64_t *size)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return errno;
    *size = (uint64_t)st.st_size;
    if (!S_ISREG(st.st_mode))
        return ENXIO; // which opening a FIFO may also give
    return flock(fd, lock | LOCK_NB) == 0 ? 0 : errno;
}

static void open_file(struct file_thread *t)
{
    const struct file_thread_config *c = &t->config;
    uint64_t size = 0;
    // Without O_NONBLOCK, opening a FIFO would wait for its other end.
    int fd = openat(AT_FDCWD, c->path, c->flags | O_CLOEXEC | O_NONBLOCK, 0666);
    int error = fd < 0 ? errno : claim(fd, c->lock, &size);
    pthread_mutex_lock(&t->all->lock);
    t->open = true;
    t->fd = fd;
    t->size = size;
    t->error = error;
    pthread_cond_broadcast(&t->all->change);
    pthread_mutex_unlock(&t->all->lock);
}

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

static void do_jobs(struct file_thread *t)
{
    pthread_mutex_lock(&t->all->lock);
    for (;;) {
        struct base_list *first = base_list_pop(&t->jobs);
        if (first)
            do_job(t, job_of(first));
        else if (t->ending)
            break;
        else
            pthread_cond_wait(&t->more, &t->all->lock);
    }
    pthread_mutex_unlock(&t->all->lock);
}

static void release(struct file_thread *t)
{
    pthread_cond_destroy(&t->more);
    free((char *)(uintptr_t)t->config.path);
    free(t);
}

static void *live(void *arg)
{
    struct file_thread *t = arg;
    struct file_threads *all = t->all;
    open_file(t);
    do_jobs(t);
    if (t->fd >= 0)
        close(t->fd); // takes the lock of the file along; it may have to write, too
    release(t);
    pthread_mutex_lock(&all->lock);
    all->running--;
    pthread_cond_broadcast(&all->change);
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
    bool started = pthread_create(&thread, NULL, live, t) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started && pthread_detach(thread) == 0;
}

// NULL: no memory or no thread left.
static struct file_thread *start_one(struct file_threads *all, const struct file_thread_config *c)
{
    struct file_thread *t = calloc(1, sizeof *t);
    char *path = strdup(c->path);
    if (!t || !path) {
        free(t);
        free(path);
        return NULL;
    }
    t->all = all;
    t->config = *c;
    t->config.path = path;
    base_list_init(&t->link);
    base_list_init(&t->jobs);
    pthread_cond_init(&t->more, NULL);
    if (start(t))
        return t;
    release(t);
    return NULL;
}

// What the thread says of the file, as an errno.
static int await_open(struct file_thread *t, uint64_t *size)
{
    uint64_t limit_us = posix_now_us() + t->all->open_us;
    bool in_time = true;
    while (!t->open && in_time)
        in_time = monotonic_cond_wait(&t->all->change, &t->all->lock, limit_us);
    *size = t->size;
    return t->open ? t->error : ETIMEDOUT;
}

struct file_thread *file_thread_create(struct file_threads *all, const struct file_thread_config *c,
                                       uint64_t *size, int *error)
{
    pthread_mutex_lock(&all->lock);
    struct file_thread *t = start_one(all, c);
    all->running += t != NULL;
    *error = t ? await_open(t, size) : ENOMEM;
    pthread_mutex_unlock(&all->lock);
    if (!t)
        return NULL;
    base_list_append(&all->threads, &t->link);
    if (*error == 0)
        return t;
    file_thread_destroy(t);
    return NULL;
}

// One timer for all: it goes off when the first of them may be silent, or earlier.
static void watch(struct file_threads *all, uint64_t at_us)
{
    const struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(at_us / 1000000),
                     .tv_nsec = (long)(at_us % 1000000) * 1000},
    };
    if (all->timer_us != 0)
        return;
    all->timer_us = at_us;
    (void)timerfd_settime(all->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

void file_thread_begin(struct file_thread *t, struct file_job *job)
{
    job->thread = t;
    if (t->under_way++ == 0) {
        t->since_us = posix_now_us();
        watch(t->all, t->since_us + t->all->answer_us);
    }
    pthread_mutex_lock(&t->all->lock);
    base_list_append(&t->jobs, &job->link);
    pthread_cond_signal(&t->more);
    pthread_mutex_unlock(&t->all->lock);
}

void file_thread_destroy(struct file_thread *t)
{
    struct file_threads *all = t->all;
    base_list_remove(&t->link);
    pthread_mutex_lock(&all->lock);
    BASE_LIST_FOR_EACH (struct file_job, j, &all->done, link)
        if (j->thread == t)
            j->thread = NULL; // comes back to nobody
    t->ending = true;
    pthread_cond_signal(&t->more);
    pthread_mutex_unlock(&all->lock);
}

static bool open_descriptors(struct file_threads *all)
{
    struct epoll_event e = {.events = EPOLLIN};
    all->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    all->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    all->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return epoll_ctl(all->poll_fd, EPOLL_CTL_ADD, all->wake_fd, &e) == 0 &&
           epoll_ctl(all->poll_fd, EPOLL_CTL_ADD, all->timer_fd, &e) == 0;
}

static void close_descriptors(struct file_threads *all)
{
    int fds[] = {all->poll_fd, all->wake_fd, all->timer_fd};
    for (unsigned i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

struct file_threads *file_threads_create(uint64_t open_us, uint64_t answer_us)
{
    struct file_threads *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    if (!open_descriptors(all)) {
        close_descriptors(all);
        free(all);
        return NULL;
    }
    all->open_us = open_us;
    all->answer_us = answer_us;
    base_list_init(&all->threads);
    base_list_init(&all->done);
    pthread_mutex_init(&all->lock, NULL);
    monotonic_cond_init(&all->change);
    return all;
}

int file_threads_fd(const struct file_threads *all)
{
    return all->poll_fd;
}

static struct file_job *next_done(struct file_threads *all)
{
    pthread_mutex_lock(&all->lock);
    struct base_list *first = base_list_pop(&all->done);
    pthread_mutex_unlock(&all->lock);
    return first ? job_of(first) : NULL;
}

static void give_back(struct file_thread *t, struct file_job *j)
{
    uint64_t now_us = posix_now_us(), waited_us = now_us - t->since_us;
    bool was_silent = t->silent;
    t->silent = false;
    t->since_us = now_us;
    if (--t->under_way > 0)
        watch(t->all, now_us + t->all->answer_us);
    if (was_silent)
        t->config.waited(t->config.ctx, waited_us);
    t->config.done(t->config.ctx, j);
}

static void look_for_silent(struct file_threads *all)
{
    uint64_t expired, now_us = posix_now_us(), next_us = UINT64_MAX;
    if (all->timer_us == 0 || now_us < all->timer_us)
        return;
    (void)!read(all->timer_fd, &expired, sizeof expired);
    all->timer_us = 0;
    BASE_LIST_FOR_EACH (struct file_thread, t, &all->threads, link) {
        uint64_t due_us = t->since_us + all->answer_us;
        if (t->under_way == 0 || t->silent)
            continue;
        t->silent = due_us <= now_us;
        if (t->silent)
            t->config.waited(t->config.ctx, 0);
        else if (due_us < next_us)
            next_us = due_us;
    }
    if (next_us != UINT64_MAX)
        watch(all, next_us);
}

void file_threads_tell(struct file_threads *all)
{
    eventfd_t n;
    struct file_job *j;
    (void)eventfd_read(all->wake_fd, &n);
    while ((j = next_done(all)) != NULL) {
        if (j->thread)
            give_back(j->thread, j);
        else
            free(j);
    }
    look_for_silent(all);
}

bool file_threads_end(struct file_threads *all, uint64_t limit_us)
{
    bool in_time = true;
    pthread_mutex_lock(&all->lock);
    while (all->running > 0 && in_time)
        in_time = monotonic_cond_wait(&all->change, &all->lock, limit_us);
    bool through = all->running == 0;
    pthread_mutex_unlock(&all->lock);
    if (!through)
        return false;
    file_threads_tell(all); // to nobody
    close_descriptors(all);
    pthread_cond_destroy(&all->change);
    pthread_mutex_destroy(&all->lock);
    free(all);
    return true;
}
