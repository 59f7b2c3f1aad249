// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/wall_clock.h"

#include "ports/posix/posix_time.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { SECOND_US = 1000000 };

uint64_t wall_clock_unix_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * SECOND_US + (uint64_t)now.tv_nsec / 1000;
}

// Far in the future: what wakes the loop is that somebody sets the clock.
static bool wait_for_a_jump(int fd)
{
    const struct itimerspec never = {.it_value.tv_sec = (time_t)(INT64_C(1) << 33)};
    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0;
}

static void jumped(void *ctx, short revents)
{
    struct wall_clock *w = ctx;
    uint64_t times;
    (void)revents;
    (void)read(w->watch.fd, &times, sizeof times); // ECANCELED
    (void)wait_for_a_jump(w->watch.fd);
    eventlog_set_clock(w->log, wall_clock_unix_us(), posix_now_us());
}

bool wall_clock_begin(struct wall_clock *w, struct posix_loop *loop, struct eventlog *log)
{
    w->log = log;
    w->watch = (struct posix_watch){
        .fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC),
        .events = POLLIN,
        .ready = jumped,
        .ctx = w,
    };
    if (w->watch.fd >= 0 && wait_for_a_jump(w->watch.fd) && posix_loop_watch(loop, &w->watch))
        return true;
    wall_clock_end(w);
    return false;
}

void wall_clock_end(struct wall_clock *w)
{
    if (w->watch.fd >= 0)
        close(w->watch.fd);
    w->watch.fd = -1;
}
