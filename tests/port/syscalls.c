// SPDX-License-Identifier: Apache-2.0
#include "tests/port/syscalls.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static atomic_uint polls, receives, sends, accepts, failures;
static atomic_int failure;
static atomic_bool end_as_lwip;

int __real_epoll_pwait2(int fd, struct epoll_event *e, int n, const struct timespec *t,
                        const sigset_t *s);
int __wrap_epoll_pwait2(int fd, struct epoll_event *e, int n, const struct timespec *t,
                        const sigset_t *s);
ssize_t __real_recvmsg(int fd, struct msghdr *m, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags);
int __real_accept4(int fd, struct sockaddr *a, socklen_t *size, int flags);
int __wrap_accept4(int fd, struct sockaddr *a, socklen_t *size, int flags);

int __wrap_epoll_pwait2(int fd, struct epoll_event *e, int n, const struct timespec *t,
                        const sigset_t *s)
{
    atomic_fetch_add(&polls, 1);
    return __real_epoll_pwait2(fd, e, n, t, s);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *m, int flags)
{
    atomic_fetch_add(&receives, 1);
    ssize_t got = __real_recvmsg(fd, m, flags);
    if (got == 0 && atomic_load(&end_as_lwip)) {
        errno = ENOTCONN;
        got = -1;
    }
    return got;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *m, int flags)
{
    atomic_fetch_add(&sends, 1);
    return __real_sendmsg(fd, m, flags);
}

int __wrap_accept4(int fd, struct sockaddr *a, socklen_t *size, int flags)
{
    atomic_fetch_add(&accepts, 1);
    if (atomic_load(&failures) == 0)
        return __real_accept4(fd, a, size, flags);
    atomic_fetch_sub(&failures, 1);
    errno = atomic_load(&failure);
    return -1;
}

struct syscalls syscalls_count(void)
{
    return (struct syscalls){
        .polls = atomic_load(&polls),
        .receives = atomic_load(&receives),
        .sends = atomic_load(&sends),
        .accepts = atomic_load(&accepts),
    };
}

void syscalls_end_as_lwip(bool on)
{
    atomic_store(&end_as_lwip, on);
}

void syscalls_fail_accept(unsigned times, int error)
{
    atomic_store(&failure, error);
    atomic_store(&failures, times);
}
