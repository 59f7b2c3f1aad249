// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_calls.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#if __has_include(<sys/eventfd.h>)
#include <sys/eventfd.h>
enum { WAKE_FLAGS = EFD_CLOEXEC | EFD_NONBLOCK };
#else // ESP-IDF's eventfd: it knows neither flag and never blocks
#include <esp_vfs_eventfd.h>
enum { WAKE_FLAGS = 0 };
#endif

struct posix_call {
    void (*fn)(void *arg);
    void *arg;
    bool finished;
    struct posix_call *next;
};

bool posix_calls_init(struct posix_calls *c)
{
    *c = (struct posix_calls){.wake_fd = eventfd(0, WAKE_FLAGS)};
    c->last = &c->first;
    if (c->wake_fd < 0)
        return false;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->done, NULL);
    return true;
}

void posix_calls_destroy(struct posix_calls *c)
{
    pthread_cond_destroy(&c->done);
    pthread_mutex_destroy(&c->lock);
    close(c->wake_fd);
}

void posix_calls_wake(struct posix_calls *c)
{
    int saved = errno; // a signal handler must leave it as it was
    uint64_t one = 1;
    // Fails only when the counter is full: then it is readable anyway.
    ssize_t written = write(c->wake_fd, &one, sizeof one);
    (void)written;
    errno = saved;
}

bool posix_calls_run(struct posix_calls *c, void (*fn)(void *arg), void *arg)
{
    struct posix_call call = {.fn = fn, .arg = arg};
    pthread_mutex_lock(&c->lock);
    if (!c->ended) {
        *c->last = &call;
        c->last = &call.next;
        posix_calls_wake(c);
    }
    while (!call.finished && !c->ended)
        pthread_cond_wait(&c->done, &c->lock);
    pthread_mutex_unlock(&c->lock);
    return call.finished;
}

void posix_calls_serve(struct posix_calls *c)
{
    uint64_t count;
    ssize_t got = read(c->wake_fd, &count, sizeof count);
    (void)got; // EAGAIN: somebody queued a call between poll() and here; it is served below
    pthread_mutex_lock(&c->lock);
    while (c->first) {
        struct posix_call *call = c->first;
        c->first = call->next;
        if (!c->first)
            c->last = &c->first;
        pthread_mutex_unlock(&c->lock);
        call->fn(call->arg);
        pthread_mutex_lock(&c->lock);
        call->finished = true; // from here on `call` may be gone as soon as the lock is free
        pthread_cond_broadcast(&c->done);
    }
    pthread_mutex_unlock(&c->lock);
}

void posix_calls_end(struct posix_calls *c)
{
    pthread_mutex_lock(&c->lock);
    c->ended = true;
    pthread_cond_broadcast(&c->done);
    pthread_mutex_unlock(&c->lock);
}
