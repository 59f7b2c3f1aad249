// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_stream.h"
#include "ports/posix/posix_socket.h"
#include "ports/posix/posix_time.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    READ_SIZE = 256, // clients of streams have little to say
    EVERY_US = 250000,
    STALL_US = 5000000,
    SILENT_S = 20, // no answer from its TCP: the client is gone
};

#ifdef __linux__
enum { SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL };
#else // lwIP's sendmsg() refuses the other
enum { SEND_FLAGS = MSG_DONTWAIT };
#endif

static void end(struct posix_stream *s)
{
    struct posix_streams *all = s->all;
    posix_loop_unwatch(all->loop, &s->watch);
    api_message_release(s->message);
    s->message = NULL;
    base_list_remove(&s->link);
    all->websockets -= s->websocket;
    if (base_list_empty(&all->open))
        posix_loop_forget(all->loop, &all->timer);
    s->ended(s->ctx);
}

// --- sending -------------------------------------------------------------------------------------

static bool has_more(const struct posix_stream *s)
{
    return s->message || s->control_size > 0;
}

// What is to be sent first: a message that has begun, a control frame, a message. Both never lie
// between the same two calls, so that one vector list is enough.
static int gather(const struct posix_stream *s, struct iovec iov[2])
{
    if (s->control_size > 0 && (!s->message || s->sent == 0)) {
        iov[0] = (struct iovec){(void *)(uintptr_t)(s->control + s->control_sent),
                                s->control_size - s->control_sent};
        return 1;
    }
    int n = 0;
    if (s->sent < s->head_size)
        iov[n++] = (struct iovec){(void *)(uintptr_t)(s->head + s->sent), s->head_size - s->sent};
    size_t at = s->sent > s->head_size ? s->sent - s->head_size : 0;
    iov[n++] = (struct iovec){(void *)(uintptr_t)(s->message->data + at), s->message->size - at};
    return n;
}

static void consume(struct posix_stream *s, size_t size, uint64_t now_us)
{
    s->stalled_us = now_us;
    if (s->control_size > 0 && (!s->message || s->sent == 0)) {
        s->control_sent += (unsigned)size;
        if (s->control_sent == s->control_size)
            s->control_size = s->control_sent = 0;
        return;
    }
    s->sent += size;
    if (s->sent < s->head_size + s->message->size)
        return;
    api_message_release(s->message);
    s->message = NULL;
    s->sent = 0;
}

// False: the connection is lost.
static bool send_some(struct posix_stream *s, uint64_t now_us)
{
    while (has_more(s)) {
        struct iovec iov[2];
        struct msghdr m = {.msg_iov = iov, .msg_iovlen = (unsigned)gather(s, iov)};
        ssize_t n = sendmsg(s->fd, &m, SEND_FLAGS);
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        consume(s, (size_t)n, now_us);
    }
    return true;
}

// True if there is something new.
static bool pull(struct posix_stream *s, uint64_t now_us)
{
    struct api_context ctx = s->all->api;
    ctx.now_us = now_us;
    if (s->closing || has_more(s) || !api_stream_may_go_on(&ctx, &s->cursor))
        return false;
    s->message = api_stream_next(&ctx, &s->cursor);
    if (!s->message)
        return false;
    s->head_size = s->websocket ? posix_ws_head(POSIX_WS_TEXT, s->message->size, s->head) : 0;
    s->sent = 0;
    s->stalled_us = now_us;
    return true;
}

// Sends what there is, and what is new behind it.
static void advance(struct posix_stream *s, uint64_t now_us)
{
    bool alive;
    do
        alive = send_some(s, now_us);
    while (alive && pull(s, now_us));
    bool given_up = has_more(s) && now_us >= s->stalled_us + s->all->stall_us;
    if (!alive || given_up || (s->closing && !has_more(s)))
        end(s);
    else
        posix_loop_watch_change(s->all->loop, &s->watch, has_more(s) ? POLLIN | POLLOUT : POLLIN);
}

// --- receiving -----------------------------------------------------------------------------------

static void answer(struct posix_stream *s, enum posix_ws_event event, uint64_t now_us)
{
    if (event == POSIX_WS_NOTHING || s->closing)
        return;
    s->closing = event != POSIX_WS_PING_CAME;
    if (s->closing && s->message && s->sent == 0) {
        api_message_release(s->message);
        s->message = NULL;
    }
    if (!has_more(s))
        s->stalled_us = now_us;
    if (s->control_sent == 0) // else pings come faster than their answers go
        s->control_size = posix_ws_answer(&s->ws, event, s->control);
}

static void take(struct posix_stream *s, const uint8_t *bytes, size_t size, uint64_t now_us)
{
    while (s->websocket && size > 0 && !s->closing) {
        enum posix_ws_event event;
        size_t n = posix_ws_take(&s->ws, bytes, size, &event);
        answer(s, event, now_us);
        bytes += n;
        size -= n;
    }
}

static void on_ready(void *ctx, short revents)
{
    struct posix_stream *s = ctx;
    uint8_t bytes[READ_SIZE];
    uint64_t now_us = posix_now_us();
    (void)revents;
    ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
        end(s);
        return;
    }
    if (n > 0)
        take(s, bytes, (size_t)n, now_us);
    advance(s, now_us);
}

// --- all -----------------------------------------------------------------------------------------

static void on_time(void *ctx, uint64_t now_us)
{
    struct posix_streams *all = ctx;
    all->timer.due_us = now_us + all->every_us;
    struct api_context api = all->api;
    api.now_us = now_us;
    BASE_LIST_FOR_EACH (struct posix_stream, s, &all->open, link) {
        if (api_stream_may_go_on(&api, &s->cursor))
            advance(s, now_us);
        else
            end(s);
    }
}

void posix_streams_init(struct posix_streams *all, struct posix_loop *loop,
                        const struct api_context *api)
{
    *all = (struct posix_streams){
        .loop = loop, .api = *api, .every_us = EVERY_US, .stall_us = STALL_US};
    all->timer.due = on_time;
    all->timer.ctx = all;
    base_list_init(&all->timer.link);
    base_list_init(&all->open);
}

void posix_streams_end(struct posix_streams *all)
{
    BASE_LIST_FOR_EACH (struct posix_stream, s, &all->open, link)
        end(s);
    all->over = true;
}

void posix_stream_begin(struct posix_streams *all, struct posix_stream *s)
{
    uint64_t now_us = posix_now_us();
    s->all = all;
    posix_socket_prepare(s->fd, SILENT_S);
    s->watch = (struct posix_watch){s->fd, POLLIN, on_ready, s, 0};
    if (all->over || !posix_loop_watch(all->loop, &s->watch)) {
        s->ended(s->ctx);
        return;
    }
    if (base_list_empty(&all->open)) {
        all->timer.due_us = now_us + all->every_us;
        posix_loop_remind(all->loop, &all->timer);
    }
    base_list_append(&all->open, &s->link);
    all->websockets += s->websocket;
    advance(s, now_us);
}
