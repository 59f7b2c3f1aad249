// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/output.h"
#include "ports/linux/monotonic_cond.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct output {
    int fd;
    output_write_fn *write;
    output_lost_fn *lost;
    void *ctx;
    pthread_t thread;
    pthread_mutex_t lock; // guards all below, and never while something is written
    pthread_cond_t more;  // there is something to do for the thread
    pthread_cond_t done;  // the thread has nothing to do
    char *queue;          // one of `memory`; the thread writes the other one
    size_t size;          // of what is queued
    uint64_t dropped;     // lines behind the queue. As long as there are some, all others are, too
    bool writing, ending;
    char memory[2][OUTPUT_QUEUE_SIZE];
};

// --- the thread ----------------------------------------------------------------------------------

void output_write(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EAGAIN) { // whoever shares the terminal has made it non-blocking
            struct pollfd p = {.fd = fd, .events = POLLOUT};
            (void)poll(&p, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            return; // nobody will read this; serving goes on
        } else if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        }
    }
}

static bool is_empty(const struct output *o)
{
    return o->size == 0 && o->dropped == 0;
}

// Called with the lock, and returns with it.
static void write_queue(struct output *o)
{
    const char *bytes = o->queue;
    size_t size = o->size;
    uint64_t dropped = o->dropped;
    o->queue = o->memory[bytes == o->memory[0]];
    o->size = 0;
    o->dropped = 0;
    o->writing = true;
    pthread_mutex_unlock(&o->lock);
    o->write(o->fd, bytes, size);
    if (dropped)
        o->lost(o->ctx, dropped);
    pthread_mutex_lock(&o->lock);
    o->writing = false;
}

static void *write_queues(void *arg)
{
    struct output *o = arg;
    pthread_mutex_lock(&o->lock);
    while (!o->ending) {
        while (!is_empty(o))
            write_queue(o);
        pthread_cond_broadcast(&o->done);
        if (!o->ending)
            pthread_cond_wait(&o->more, &o->lock);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

// --- life ----------------------------------------------------------------------------------------

static void release(struct output *o)
{
    pthread_cond_destroy(&o->more);
    pthread_cond_destroy(&o->done);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

// Signals are for the main thread.
static bool start(struct output *o)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&o->thread, NULL, write_queues, o) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

struct output *output_create(int fd, output_write_fn *write, output_lost_fn *lost, void *ctx)
{
    struct output *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->fd = fd;
    o->write = write;
    o->lost = lost;
    o->ctx = ctx;
    o->queue = o->memory[0];
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->more, NULL);
    monotonic_cond_init(&o->done);
    pthread_mutex_lock(&o->lock); // the thread shall see its own name
    bool good = start(o);
    pthread_mutex_unlock(&o->lock);
    if (good)
        return o;
    release(o);
    return NULL;
}

bool output_flush(struct output *o, uint64_t limit_us)
{
    bool in_time = true;
    pthread_mutex_lock(&o->lock);
    while ((!is_empty(o) || o->writing) && in_time)
        in_time = monotonic_cond_wait(&o->done, &o->lock, limit_us);
    bool flushed = is_empty(o) && !o->writing;
    pthread_mutex_unlock(&o->lock);
    return flushed;
}

void output_end(struct output *o, uint64_t limit_us)
{
    if (!output_flush(o, limit_us)) {
        pthread_detach(o->thread);
        return;
    }
    pthread_mutex_lock(&o->lock);
    o->ending = true;
    pthread_cond_signal(&o->more);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    release(o);
}

// --- lines ---------------------------------------------------------------------------------------

void output_put(struct output *o, const char *line, size_t size)
{
    if (pthread_equal(pthread_self(), o->thread)) { // from lost()
        o->write(o->fd, line, size);
        return;
    }
    pthread_mutex_lock(&o->lock);
    if (o->dropped || size > OUTPUT_QUEUE_SIZE - o->size) {
        o->dropped++;
    } else {
        memcpy(o->queue + o->size, line, size);
        o->size += size;
    }
    pthread_cond_signal(&o->more);
    pthread_mutex_unlock(&o->lock);
}

void output_line(struct output *o, const char *format, ...)
{
    char line[OUTPUT_LINE_SIZE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n < 0)
        return;
    size_t size = (size_t)n;
    if (size >= sizeof line) {
        size = sizeof line - 1;
        line[size - 1] = '\n';
    }
    output_put(o, line, size);
}
