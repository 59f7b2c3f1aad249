// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_silence.h"

#ifdef __linux__
#include <linux/tcp.h> // <netinet/tcp.h> has an older tcp_info
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

bool posix_silence_heard(int fd, uint64_t now_us, struct session_heard *h)
{
    struct tcp_info i;
    socklen_t size = sizeof i;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &i, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_notsent_bytes) + sizeof i.tcpi_notsent_bytes)
        return false;
    uint64_t silent_ms =
        i.tcpi_last_ack_recv < i.tcpi_last_data_recv ? i.tcpi_last_ack_recv : i.tcpi_last_data_recv;
    uint64_t silent_us = silent_ms * 1000;
    *h = (struct session_heard){
        .last_us = silent_us < now_us ? now_us - silent_us : 0,
        .unanswered = (unsigned)i.tcpi_retransmits + i.tcpi_probes,
        .full = i.tcpi_unacked == 0 && i.tcpi_notsent_bytes > 0,
        .taken = i.tcpi_bytes_acked,
        .round_trip_us = i.tcpi_rtt,
    };
    return true;
}
#else
bool posix_silence_heard(int fd, uint64_t now_us, struct session_heard *h)
{
    (void)fd;
    (void)now_us;
    (void)h;
    return false;
}
#endif
