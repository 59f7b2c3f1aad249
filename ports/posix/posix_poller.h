// SPDX-License-Identifier: Apache-2.0
// Waiting for many descriptors at once: epoll on Linux (posix_poller_epoll.c), where those that are
// silent cost nothing, and poll() elsewhere (posix_poller_poll.c), as on the chip. Loop thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/poll.h>

// One descriptor that is waited for. Its owner's memory, at one place from add to remove.
struct posix_watch {
    int fd;
    short events; // POLLIN, POLLOUT; POLLERR and POLLHUP are told also without being asked for
    // What to do when something is there: `revents` as poll() says it. It may add, change and
    // remove watches, this one too.
    void (*ready)(void *ctx, short revents);
    void *ctx;
    unsigned slot; // the poller's own
};

struct posix_poller;

// For `max` watches at most. NULL: no memory or descriptors.
struct posix_poller *posix_poller_create(unsigned max);
void posix_poller_destroy(struct posix_poller *p);

// `watch` is borrowed until posix_poller_remove(). False: there are `max` already, the system has
// no memory for one more, or it cannot wait for that descriptor.
bool posix_poller_add(struct posix_poller *p, struct posix_watch *watch);

// From now on for `events`. Cheap if they are the same.
void posix_poller_change(struct posix_poller *p, struct posix_watch *watch, short events);

// Before the descriptor is closed. Nothing more is told, also not what has been found already.
void posix_poller_remove(struct posix_poller *p, struct posix_watch *watch);

// Waits until something is there, or `deadline_us` (UINT64_MAX: for ever; never shorter). A signal
// ends it, too.
void posix_poller_wait(struct posix_poller *p, uint64_t deadline_us);

// Calls ready() of the watches that the last wait found.
void posix_poller_tell(struct posix_poller *p);
