// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_net.h"

#include "bench/bench_child.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool isolated;

static void change_loopback(unsigned long what, struct ifreq request)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    strcpy(request.ifr_name, "lo");
    if (fd < 0 || ioctl(fd, what, &request) != 0)
        bench_die("cannot set up loopback in the new network namespace");
    close(fd);
}

// The one congestion control that every kernel has and every namespace may use. It never loses a
// packet on loopback, so it does not slow anything down.
static void choose_reno(void)
{
    FILE *f = fopen("/proc/sys/net/ipv4/tcp_congestion_control", "w");
    if (!f || fputs("reno", f) < 0 || fclose(f) != 0)
        fputs("bench: TCP's congestion control stays as the machine has it\n", stderr);
}

bool bench_net_isolate(void)
{
    // With a user namespace of its own, an ordinary user may do it too, where the system allows it.
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    change_loopback(SIOCSIFFLAGS, (struct ifreq){.ifr_flags = IFF_UP | IFF_RUNNING});
    choose_reno();
    return isolated = true;
}

void bench_net_set_mtu(int mtu)
{
    if (isolated)
        change_loopback(SIOCSIFMTU, (struct ifreq){.ifr_mtu = mtu});
}
