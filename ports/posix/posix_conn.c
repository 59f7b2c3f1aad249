// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_conn.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    RX_VECTORS = 4,       // per system call
    TX_VECTORS = 64,      // the same
    READS = 8,            // per wake-up and connection, so that one client cannot starve the others
    READ_BYTES = 1 << 18, // the same in bytes
    SENDS = 8,
    DROP_SIZE = 1024,
};

// The core's vectors as the system's; returns the sum of their sizes.
static size_t convert(struct iovec *to, const struct base_iovec *from, unsigned count)
{
    size_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        to[i] = (struct iovec){.iov_base = from[i].data, .iov_len = from[i].size};
        sum += from[i].size;
    }
    return sum;
}

static bool would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static void lose(struct posix_conn *c, uint64_t now_us)
{
    if (!c->lost)
        session_rx_end(c->session, true, now_us);
    c->lost = true;
}

// Returns the bytes read if there may be more, else 0.
static size_t read_once(struct posix_conn *c, uint64_t now_us)
{
    struct base_iovec where[RX_VECTORS];
    struct iovec iov[RX_VECTORS];
    unsigned count = session_rx_vectors(c->session, where, RX_VECTORS);
    if (count == 0)
        return 0;
    size_t offered = convert(iov, where, count);
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = count};
    ssize_t got = recvmsg(c->fd, &message, 0);
    if (got > 0) {
        enum base_err err = session_rx_commit(c->session, (size_t)got, now_us);
        return err == BASE_OK && (size_t)got == offered ? offered : 0;
    }
    if (got == 0) {
        c->rx_ended = true;
        session_rx_end(c->session, false, now_us);
    } else if (!would_block(errno)) {
        lose(c, now_us);
    }
    return 0;
}

static void read_some(struct posix_conn *c, uint64_t now_us)
{
    size_t sum = 0;
    for (unsigned i = 0; i < READS && sum < READ_BYTES; i++) {
        size_t got = read_once(c, now_us);
        if (got == 0)
            return;
        sum += got;
    }
}

// After our FIN: what comes is not looked at, but must be taken, or the close would reset the
// connection and the peer could lose our last reply.
static void drop_some(struct posix_conn *c)
{
    uint8_t dropped[DROP_SIZE];
    for (unsigned i = 0; i < READS; i++) {
        ssize_t got = recv(c->fd, dropped, sizeof dropped, 0);
        if (got == 0)
            c->rx_ended = true;
        else if (got < 0 && !would_block(errno))
            c->lost = true;
        if (got < (ssize_t)sizeof dropped)
            return;
    }
}

void posix_conn_ready(struct posix_conn *c, short revents, uint64_t now_us)
{
    struct base_iovec first;
    if (c->finishing) {
        drop_some(c);
        return;
    }
    if (revents & POLLOUT)
        c->tx_blocked = false;
    if (revents & (POLLIN | POLLERR | POLLHUP) && !c->rx_ended)
        read_some(c, now_us);
    // An error that no read reports, because the session takes nothing now, must not be polled
    // again and again.
    if (revents & (POLLERR | POLLHUP | POLLNVAL) &&
        (c->rx_ended || session_rx_vectors(c->session, &first, 1) == 0))
        lose(c, now_us);
}

void posix_conn_write(struct posix_conn *c, uint64_t now_us)
{
    for (unsigned i = 0; i < SENDS && !c->tx_blocked && !c->lost; i++) {
        struct base_iovec what[TX_VECTORS];
        struct iovec iov[TX_VECTORS];
        unsigned count = session_tx_vectors(c->session, what, TX_VECTORS);
        if (count == 0)
            return;
        size_t offered = convert(iov, what, count);
        struct msghdr message = {.msg_iov = iov, .msg_iovlen = count};
        ssize_t sent = sendmsg(c->fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && !would_block(errno))
            lose(c, now_us);
        if (sent > 0)
            session_tx_consume(c->session, (size_t)sent);
        c->tx_blocked = sent < (ssize_t)offered;
    }
}

bool posix_conn_settle(struct posix_conn *c)
{
    enum session_port_state state = session_port_state(c->session);
    if (c->lost || state == SESSION_PORT_CLOSE)
        return false;
    if (state == SESSION_PORT_FINISH && !c->finishing) {
        c->finishing = true;
        shutdown(c->fd, SHUT_WR);
    }
    return !(c->finishing && c->rx_ended);
}

short posix_conn_events(struct posix_conn *c)
{
    struct base_iovec first;
    if (c->finishing)
        return POLLIN;
    bool reads = !c->rx_ended && session_rx_vectors(c->session, &first, 1) > 0;
    bool writes = session_tx_pending(c->session);
    return (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
}
