// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_poller.h"
#include "ports/posix/posix_time.h"

#include <stdlib.h>

struct posix_poller {
    unsigned count, max;
    struct pollfd *fds;           // [max]
    struct posix_watch **watches; // [max], as fds
};

struct posix_poller *posix_poller_create(unsigned max)
{
    struct posix_poller *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->max = max;
    p->fds = calloc(max, sizeof *p->fds);
    p->watches = calloc(max, sizeof(struct posix_watch *));
    if (p->fds && p->watches)
        return p;
    posix_poller_destroy(p);
    return NULL;
}

void posix_poller_destroy(struct posix_poller *p)
{
    free(p->fds);
    free(p->watches);
    free(p);
}

bool posix_poller_add(struct posix_poller *p, struct posix_watch *watch)
{
    if (p->count == p->max)
        return false;
    watch->slot = p->count++;
    p->fds[watch->slot] = (struct pollfd){.fd = watch->fd, .events = watch->events};
    p->watches[watch->slot] = watch;
    return true;
}

void posix_poller_change(struct posix_poller *p, struct posix_watch *watch, short events)
{
    watch->events = events;
    p->fds[watch->slot].events = events;
}

void posix_poller_remove(struct posix_poller *p, struct posix_watch *watch)
{
    unsigned last = --p->count;
    p->fds[watch->slot] = p->fds[last]; // with what has been found for it
    p->watches[watch->slot] = p->watches[last];
    p->watches[watch->slot]->slot = watch->slot;
}

void posix_poller_wait(struct posix_poller *p, uint64_t deadline_us)
{
    if (posix_poll_until(p->fds, p->count, deadline_us) <= 0)
        for (unsigned i = 0; i < p->count; i++)
            p->fds[i].revents = 0;
}

// From the last to the first: what a removal moves has been told already, and what is added has
// found nothing yet.
void posix_poller_tell(struct posix_poller *p)
{
    for (unsigned i = p->count; i-- > 0;) {
        if (i >= p->count || !p->fds[i].revents)
            continue;
        short revents = p->fds[i].revents;
        p->fds[i].revents = 0;
        p->watches[i]->ready(p->watches[i]->ctx, revents);
    }
}
