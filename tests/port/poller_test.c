// SPDX-License-Identifier: Apache-2.0
// Foreign descriptors in the loop's wait: the poller by itself, and behind posix_loop_watch().
#include "ports/posix/posix_poller.h"
#include "ports/posix/posix_time.h"
#include "tests/port/port_rig.h"
#include "tests/support/check.h"

#include <pthread.h>
#include <unistd.h>

enum { PIPES = 3 };

// Pipes, and how often each was said to be readable.
struct pipes {
    struct posix_poller *poller;
    struct watched_pipe {
        struct pipes *all;
        int fd[2];
        struct posix_watch watch;
        unsigned told;
    } pipe[PIPES];
    bool first_removes_others;
};

static void remove_others(struct pipes *t, const struct watched_pipe *me)
{
    for (unsigned i = 0; i < PIPES; i++)
        if (&t->pipe[i] != me)
            posix_poller_remove(t->poller, &t->pipe[i].watch);
}

static void on_pipe(void *ctx, short revents)
{
    struct watched_pipe *p = ctx;
    CHECK(revents & POLLIN);
    p->told++;
    if (p->all->first_removes_others)
        remove_others(p->all, p);
    p->all->first_removes_others = false;
}

static void open_pipes(struct pipes *t)
{
    *t = (struct pipes){.poller = posix_poller_create(PIPES)};
    CHECK(t->poller != NULL);
    for (unsigned i = 0; i < PIPES; i++) {
        struct watched_pipe *p = &t->pipe[i];
        p->all = t;
        CHECK_EQ(pipe(p->fd), 0);
        p->watch = (struct posix_watch){p->fd[0], POLLIN, on_pipe, p, 0};
        CHECK(posix_poller_add(t->poller, &p->watch));
    }
}

static void fill(struct pipes *t, unsigned i)
{
    CHECK_EQ(write(t->pipe[i].fd[1], "x", 1), 1);
}

static unsigned turn(struct pipes *t)
{
    unsigned sum = 0;
    posix_poller_wait(t->poller, 0);
    posix_poller_tell(t->poller);
    for (unsigned i = 0; i < PIPES; i++)
        sum += t->pipe[i].told;
    return sum;
}

static void close_pipes(struct pipes *t)
{
    posix_poller_destroy(t->poller);
    for (unsigned i = 0; i < PIPES; i++) {
        close(t->pipe[i].fd[0]);
        close(t->pipe[i].fd[1]);
    }
}

TEST(poller_tells_only_those_that_have_something)
{
    struct pipes t;
    open_pipes(&t);
    CHECK_EQ(turn(&t), 0);
    fill(&t, 1);
    CHECK_EQ(turn(&t), 1);
    CHECK_EQ(t.pipe[1].told, 1);
    CHECK_EQ(turn(&t), 2); // it is still there: nobody has read it
    fill(&t, 0);
    fill(&t, 2);
    CHECK_EQ(turn(&t), 5);
    close_pipes(&t);
}

TEST(poller_does_not_tell_what_is_not_wanted)
{
    struct pipes t;
    open_pipes(&t);
    fill(&t, 0);
    posix_poller_change(t.poller, &t.pipe[0].watch, 0);
    CHECK_EQ(turn(&t), 0);
    posix_poller_change(t.poller, &t.pipe[0].watch, POLLIN);
    CHECK_EQ(turn(&t), 1);
    close_pipes(&t);
}

// Its owner may have closed the descriptor and freed the watch by then.
TEST(poller_tells_nothing_to_a_watch_that_another_one_has_removed)
{
    struct pipes t;
    open_pipes(&t);
    for (unsigned i = 0; i < PIPES; i++)
        fill(&t, i);
    t.first_removes_others = true;
    CHECK_EQ(turn(&t), 1);
    CHECK_EQ(turn(&t), 2); // the one that is left
    close_pipes(&t);
}

TEST(poller_is_full_and_has_room_again)
{
    struct pipes t;
    open_pipes(&t);
    struct posix_watch more = {t.pipe[0].fd[1], POLLOUT, on_pipe, &t.pipe[0], 0};
    CHECK(!posix_poller_add(t.poller, &more));
    posix_poller_remove(t.poller, &t.pipe[2].watch);
    CHECK(posix_poller_add(t.poller, &more));
    close_pipes(&t);
}

// Coming back before the deadline would make the loop turn for nothing until it has come.
TEST(poller_wait_is_never_short)
{
    struct posix_poller *p = posix_poller_create(1);
    for (uint64_t wait_us = 1; wait_us < 5000; wait_us = wait_us * 3 + 1) {
        uint64_t deadline_us = posix_now_us() + wait_us;
        posix_poller_wait(p, deadline_us);
        CHECK(posix_now_us() >= deadline_us);
    }
    posix_poller_destroy(p);
}

// --- in the loop ---------------------------------------------------------------------------------

struct foreign {
    struct port_rig rig;
    int fd[2];
    struct posix_watch watch;
    char got;
};

static void on_foreign(void *ctx, short revents)
{
    struct foreign *f = ctx;
    CHECK(revents & POLLIN);
    CHECK(pthread_equal(pthread_self(), f->rig.thread)); // the core may be touched here
    CHECK_EQ(read(f->fd[0], &f->got, 1), 1);
    posix_loop_unwatch(f->rig.loop, &f->watch);
    CHECK_EQ(sem_post(&f->rig.told), 0);
}

static void begin_watch(void *arg)
{
    struct foreign *f = arg;
    CHECK(posix_loop_watch(f->rig.loop, &f->watch));
}

TEST(loop_watches_foreign_descriptors)
{
    struct foreign f = {.got = 0};
    port_rig_begin(&f.rig);
    CHECK_EQ(pipe(f.fd), 0);
    f.watch = (struct posix_watch){f.fd[0], POLLIN, on_foreign, &f, 0};
    CHECK(posix_loop_call(f.rig.loop, begin_watch, &f));
    CHECK_EQ(write(f.fd[1], "ab", 2), 2); // the second one is not told any more
    CHECK_EQ(sem_wait(&f.rig.told), 0);
    CHECK_EQ(f.got, 'a');
    close(f.fd[0]);
    close(f.fd[1]);
    port_rig_end(&f.rig);
}
