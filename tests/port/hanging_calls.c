// SPDX-License-Identifier: Apache-2.0
#include "tests/port/hanging_calls.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The call is known by its third argument: the flags of openat, the size of pread64.
enum { THIRD = offsetof(struct seccomp_data, args[2]) };

static const struct call {
    uint32_t number, third;
} calls[] = {
    [HANGING_OPEN] = {__NR_openat, O_RDWR | O_CLOEXEC | O_NONBLOCK},
    [HANGING_READ] = {__NR_pread64, 512},
};

bool hanging_calls_begin(enum hanging_calls which)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[which].number, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, THIRD),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[which].third, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    long listener =
        syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    return listener >= 0 && fcntl((int)listener, F_SETFD, 0) == 0; // who is not closed, and asleep
}

bool hanging_calls_possible(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(!hanging_calls_begin(HANGING_READ));
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}
