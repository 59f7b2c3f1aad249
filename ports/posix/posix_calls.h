// SPDX-License-Identifier: Apache-2.0
// How other threads reach the loop thread: a wake-up (eventfd) and a queue of calls that the loop
// thread runs while their callers wait. The mutex in here is the only lock around the core.
#pragma once

#include <pthread.h>
#include <stdbool.h>

struct posix_call; // one waiting caller; lives on the caller's stack

struct posix_calls {
    int wake_fd;
    pthread_mutex_t lock; // guards all below
    pthread_cond_t done;  // some call has been run, or the loop has ended
    struct posix_call *first, **last;
    bool ended;
};

// False: no descriptor or no memory left (errno).
bool posix_calls_init(struct posix_calls *c);
void posix_calls_destroy(struct posix_calls *c);

// Makes wake_fd readable. Any thread, also a signal handler.
void posix_calls_wake(struct posix_calls *c);

// Runs fn(arg) on the loop thread and returns when it is done; not from the loop thread itself.
// False: the loop has ended, fn was not run.
bool posix_calls_run(struct posix_calls *c, void (*fn)(void *arg), void *arg);

// Loop thread: makes wake_fd unreadable again and runs what is queued.
void posix_calls_serve(struct posix_calls *c);

// Loop thread: no call is run any more; those that wait return false.
void posix_calls_end(struct posix_calls *c);
