// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/service.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

void service_init(struct service *s)
{
    uint64_t limit_us;
    // Half of the limit, as sd_watchdog_enabled(3) wants it.
    *s = (struct service){
        .alive_us = sd_watchdog_enabled(0, &limit_us) > 0 ? limit_us / 2 : 0,
    };
}

void service_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void service_reloading(uint64_t now_us)
{
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_us);
}

void service_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void service_alive(struct service *s, uint64_t now_us)
{
    if (!s->alive_us || now_us < s->next_us)
        return;
    s->next_us = now_us + s->alive_us;
    sd_notify(0, "WATCHDOG=1");
}

// --- sockets -------------------------------------------------------------------------------------

static bool adopt_copy(struct posix_listener *l, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, SD_LISTEN_FDS_START);
    if (copy >= 0 && posix_listener_adopt(l, copy))
        return true;
    int saved = errno;
    if (copy >= 0)
        close(copy);
    errno = saved;
    return false;
}

static bool take(struct service_sockets *s, int fd, const char *name, char *why, size_t why_size)
{
    struct posix_listener *l = strcmp(name, "usbip") == 0  ? &s->usbip
                               : strcmp(name, "http") == 0 ? &s->http
                                                           : NULL;
    if (!l)
        snprintf(why, why_size,
                 "the service manager passes a descriptor named \"%s\": it has to be "
                 "FileDescriptorName=usbip or http",
                 name);
    else if (sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) <= 0)
        snprintf(why, why_size,
                 "what the service manager passes as \"%s\" is no listening TCP socket", name);
    else if (!adopt_copy(l, fd))
        snprintf(why, why_size, "what the service manager passes as \"%s\" cannot be used: %s",
                 name, errno == ENOSPC ? "there are more than two" : strerror(errno));
    else
        return true;
    return false;
}

bool service_take_sockets(struct service_sockets *s, char *why, size_t why_size)
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(0, &names); // the environment is for the next run as well
    bool good = count >= 0;
    *s = (struct service_sockets){.usbip = {.count = 0}};
    if (!good)
        snprintf(why, why_size, "the sockets of the service manager: %s", strerror(-count));
    for (int i = 0; i < count; i++) {
        good = good && take(s, SD_LISTEN_FDS_START + i, names[i], why, why_size);
        free(names[i]);
    }
    free((void *)names);
    return good;
}

unsigned service_hand_on_sockets(void)
{
    int count = sd_listen_fds(0);
    int end = SD_LISTEN_FDS_START + (count > 0 ? count : 0);
    for (int fd = SD_LISTEN_FDS_START; fd < end; fd++)
        (void)fcntl(fd, F_SETFD, 0);
    return (unsigned)end;
}
