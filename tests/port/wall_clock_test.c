// SPDX-License-Identifier: Apache-2.0
// Somebody sets the time of day. The kernel's part is played: its descriptor is one of the test's,
// and the clock is as far off as the test says.
#include "ports/linux/wall_clock.h"
#include "tests/port/port_rig.h"
#include "tests/support/check.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { HOUR_S = 3600 };

static atomic_int off_s, played_fd = -1, flags_set;

int __real_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __real_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *now, struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *now, struct itimerspec *old);

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
    int result = __real_clock_gettime(clock, t);
    if (clock == CLOCK_REALTIME)
        t->tv_sec += atomic_load(&off_s);
    return result;
}

int __wrap_timerfd_create(int clock, int flags)
{
    int fd = atomic_load(&played_fd);
    return fd >= 0 ? fd : __real_timerfd_create(clock, flags);
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *now, struct itimerspec *old)
{
    if (fd != atomic_load(&played_fd))
        return __real_timerfd_settime(fd, flags, now, old);
    atomic_store(&flags_set, flags);
    return 0;
}

struct site {
    struct port_rig rig;
    struct wall_clock clock;
};

static void begin(struct site *s)
{
    port_rig_init(&s->rig);
    s->rig.server_config.unix_us = wall_clock_unix_us();
    atomic_store(&played_fd, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    port_rig_prepare(&s->rig);
    CHECK(wall_clock_begin(&s->clock, s->rig.loop, server_eventlog(s->rig.server)));
    port_rig_run(&s->rig);
}

static void end(struct site *s)
{
    port_rig_end(&s->rig);
    wall_clock_end(&s->clock);
    atomic_store(&played_fd, -1);
    atomic_store(&off_s, 0);
}

static void check_set_by(struct site *s, int seconds)
{
    struct eventlog_event e;
    unsigned before = port_rig_count_events(&s->rig, EVENT_CLOCK_SET);
    atomic_store(&flags_set, 0);
    atomic_store(&off_s, seconds);
    uint64_t at_us = wall_clock_unix_us();
    CHECK_EQ(eventfd_write(s->clock.watch.fd, 1), 0);
    while (port_rig_count_events(&s->rig, EVENT_CLOCK_SET) == before)
        CHECK(usleep(1000) == 0);
    CHECK(port_rig_await_event(&s->rig, EVENT_CLOCK_SET, &e));
    CHECK(e.unix_us >= at_us && e.unix_us <= wall_clock_unix_us());
    CHECK(atomic_load(&flags_set) & TFD_TIMER_CANCEL_ON_SET); // and for the next time
}

TEST_WITH(wall_clock_is_set_while_the_server_runs, struct site, s, begin(s), end(s))
{
    check_set_by(s, HOUR_S);
    check_set_by(s, -HOUR_S);
}
