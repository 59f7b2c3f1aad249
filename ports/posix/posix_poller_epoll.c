// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_poller.h"
#include "ports/posix/posix_time.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

// epoll's bits are poll()'s, which the conversions below rely on.
_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR &&
                   EPOLLHUP == POLLHUP,
               "epoll's bits are poll()'s");

enum { BATCH = 64 }; // found per wait; the others come next time

struct posix_poller {
    int fd;
    unsigned count, max;
    struct epoll_event found[BATCH]; // of the last wait; those from `next` on are still to be told
    int next, end;
};

struct posix_poller *posix_poller_create(unsigned max)
{
    struct posix_poller *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->max = max;
    p->fd = epoll_create1(EPOLL_CLOEXEC);
    if (p->fd >= 0)
        return p;
    free(p);
    return NULL;
}

void posix_poller_destroy(struct posix_poller *p)
{
    close(p->fd);
    free(p);
}

static bool control(const struct posix_poller *p, int how, struct posix_watch *watch)
{
    struct epoll_event e = {.events = (uint32_t)watch->events, .data.ptr = watch};
    return epoll_ctl(p->fd, how, watch->fd, &e) == 0;
}

bool posix_poller_add(struct posix_poller *p, struct posix_watch *watch)
{
    if (p->count == p->max || !control(p, EPOLL_CTL_ADD, watch))
        return false;
    p->count++;
    return true;
}

void posix_poller_change(struct posix_poller *p, struct posix_watch *watch, short events)
{
    if (watch->events == events)
        return;
    watch->events = events;
    (void)control(p, EPOLL_CTL_MOD, watch); // needs no memory
}

void posix_poller_remove(struct posix_poller *p, struct posix_watch *watch)
{
    (void)control(p, EPOLL_CTL_DEL, watch);
    p->count--;
    for (int i = p->next; i < p->end; i++)
        if (p->found[i].data.ptr == watch)
            p->found[i].data.ptr = NULL;
}

// With microseconds, because simulated devices have intervals of 125; a kernel before 5.11 has
// milliseconds only.
static int wait_until(struct posix_poller *p, uint64_t deadline_us)
{
    uint64_t left = posix_time_left(deadline_us);
    struct timespec t = {.tv_sec = (time_t)(left / 1000000),
                         .tv_nsec = (long)(left % 1000000) * 1000};
    bool for_ever = deadline_us == UINT64_MAX;
    int n = epoll_pwait2(p->fd, p->found, BATCH, for_ever ? NULL : &t, NULL);
    if (n < 0 && errno == ENOSYS)
        n = epoll_wait(p->fd, p->found, BATCH, for_ever ? -1 : (int)((left + 999) / 1000));
    return n;
}

void posix_poller_wait(struct posix_poller *p, uint64_t deadline_us)
{
    p->next = 0;
    p->end = wait_until(p, deadline_us);
}

void posix_poller_tell(struct posix_poller *p)
{
    while (p->next < p->end) {
        const struct epoll_event *e = &p->found[p->next++];
        struct posix_watch *watch = e->data.ptr;
        if (watch)
            watch->ready(watch->ctx, (short)e->events);
    }
}
