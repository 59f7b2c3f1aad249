// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_conn.h"
#include "ports/posix/posix_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    RX_VECTORS = 4,       // per system call
    TX_VECTORS = 64,      // the same
    READS = 8,            // per wake-up and connection, so that one client cannot starve the others
    READ_BYTES = 1 << 16, // before the core works on it, while it is in the cache
    SENDS = 8,
    GATHER_SIZE = 4096, // small vectors are copied together there ...
    GATHER_MAX = 256,   // ... up to this size: another vector costs more than the copy
    LONG_PAYLOAD = 4096,
    LOW_WATER_MAX = 1 << 16, // as READ_BYTES: more would only wait
};

#ifdef __linux__
enum { SEND_FLAGS = MSG_NOSIGNAL };
#else // lwIP has no SIGPIPE, and its sendmsg() refuses the flag although it has the name
enum { SEND_FLAGS = 0 };
#endif

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

// What goes to one sendmsg.
struct posix_gather {
    struct base_iovec from[TX_VECTORS]; // as the session hands it out
    struct iovec iov[TX_VECTORS];
    unsigned count;
    size_t used, sum; // bytes of `small`, of all vectors
    uint8_t small[GATHER_SIZE];
};

struct posix_gather *posix_gather_create(void)
{
    return malloc(sizeof(struct posix_gather));
}

static void gather_small(struct posix_gather *g, const struct base_iovec *v)
{
    uint8_t *at = g->small + g->used;
    struct iovec *last = g->count ? &g->iov[g->count - 1] : NULL;
    memcpy(at, v->data, v->size);
    g->used += v->size;
    if (last && (uint8_t *)last->iov_base + last->iov_len == at)
        last->iov_len += v->size;
    else
        g->iov[g->count++] = (struct iovec){.iov_base = at, .iov_len = v->size};
}

static void gather(struct posix_gather *g, unsigned count)
{
    g->count = 0;
    g->used = g->sum = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct base_iovec *v = &g->from[i];
        g->sum += v->size;
        if (v->size <= GATHER_MAX && v->size <= GATHER_SIZE - g->used)
            gather_small(g, v);
        else
            g->iov[g->count++] = (struct iovec){.iov_base = v->data, .iov_len = v->size};
    }
}

static bool would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

// With several vectors, lwIP's recvmsg() takes the FIN along with the data in front of it, and from
// then on says so. A connected socket of Linux never does.
static bool fin_was_taken(int error)
{
    return error == ENOTCONN;
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
        session_rx_commit(c->session, (size_t)got, now_us);
        return (size_t)got == offered ? offered : 0;
    }
    if (got == 0 || fin_was_taken(errno)) {
        c->rx_ended = true;
        session_rx_end(c->session, false, now_us);
    } else if (!would_block(errno)) {
        session_rx_end(c->session, true, now_us);
    }
    return 0;
}

static bool read_some(struct posix_conn *c, uint64_t now_us)
{
    size_t sum = 0;
    for (unsigned i = 0; i < READS && sum < READ_BYTES; i++) {
        size_t got = read_once(c, now_us);
        if (got == 0)
            return false;
        sum += got;
    }
    return true;
}

// While a long payload is arriving, the socket is not readable until a good part of it is there, so
// that not each segment wakes the loop. Never more than is missing: behind it nothing may come.
// lwIP has no such option.
static void set_low_water(struct posix_conn *c)
{
#ifdef __linux__
    uint64_t missing = session_rx_missing(c->session);
    int wanted = missing > LOW_WATER_MAX ? LOW_WATER_MAX : (int)missing;
    if (missing <= LONG_PAYLOAD)
        wanted = c->low_water ? 1 : 0;
    if ((unsigned)wanted == c->low_water)
        return;
    (void)setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted);
    c->low_water = wanted == 1 ? 0 : (unsigned)wanted;
#else
    (void)c;
#endif
}

// After our FIN: what comes is not looked at, but must be taken, or the close would reset the
// connection and the peer could lose our last reply.
static void drop_some(struct posix_conn *c, uint64_t now_us)
{
    for (unsigned i = 0; i < READS; i++) {
        ssize_t got = recv(c->fd, c->gather->small, GATHER_SIZE, 0);
        if (got == 0 || (got < 0 && fin_was_taken(errno)))
            c->rx_ended = true;
        else if (got < 0 && !would_block(errno))
            session_rx_end(c->session, true, now_us);
        if (got < GATHER_SIZE)
            return;
    }
}

bool posix_conn_ready(struct posix_conn *c, short revents, uint64_t now_us)
{
    struct base_iovec first;
    bool more = false;
    if (c->finishing) {
        drop_some(c, now_us);
        return false;
    }
    if (revents & POLLOUT)
        c->tx_blocked = false;
    if (revents & (POLLIN | POLLERR | POLLHUP) && !c->rx_ended)
        more = read_some(c, now_us);
    set_low_water(c);
    // An error that no read reports, because the session takes nothing now, must not be polled
    // again and again.
    if (revents & (POLLERR | POLLHUP | POLLNVAL) &&
        (c->rx_ended || session_rx_vectors(c->session, &first, 1) == 0))
        session_rx_end(c->session, true, now_us);
    return more;
}

void posix_conn_write(struct posix_conn *c, uint64_t now_us)
{
    struct posix_gather *g = c->gather;
    for (unsigned i = 0; i < SENDS && !c->tx_blocked; i++) {
        unsigned count = session_tx_vectors(c->session, g->from, TX_VECTORS);
        if (count == 0)
            return;
        gather(g, count);
        struct msghdr message = {.msg_iov = g->iov, .msg_iovlen = g->count};
        ssize_t sent = sendmsg(c->fd, &message, SEND_FLAGS);
        if (sent < 0 && !would_block(errno))
            session_rx_end(c->session, true, now_us);
        if (sent > 0)
            session_tx_consume(c->session, (size_t)sent);
        c->tx_blocked = sent < (ssize_t)g->sum;
    }
}

static void probe(struct posix_conn *c)
{
    bool wanted = session_peer(c->session) == SESSION_PEER_PROBED;
    if (wanted != c->probed)
        posix_socket_keepalive(c->fd, wanted ? POSIX_PROBE_S : POSIX_KEEPALIVE_S);
    c->probed = wanted;
}

bool posix_conn_settle(struct posix_conn *c)
{
    enum session_port_state state = session_port_state(c->session);
    if (state == SESSION_PORT_RESET)
        posix_socket_reset(c->fd);
    if (state >= SESSION_PORT_CLOSE)
        return false;
    probe(c);
    if (state == SESSION_PORT_FINISH && !c->finishing) {
        c->finishing = true;
        shutdown(c->fd, SHUT_WR);
        set_low_water(c); // what still comes is dropped at once
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
