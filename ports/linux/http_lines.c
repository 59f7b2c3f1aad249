// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/http_lines.h"
#include "api/api_problem.h"
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_time.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    BLOCK_SIZE = 16384,
    EVERY_US = 250000,
    STALL_US = 30000000,
};

struct lines {
    struct http_lines *all;
    struct base_list link;
    struct MHD_Connection *conn;
    int fd;
    struct api_stream cursor;
    struct api_message *message; // being sent; NULL: none
    size_t sent;
    bool waits; // for something new; the library has been told not to ask
    bool over;
    uint64_t asked_us;
};

void http_lines_begin(struct http_lines *all, const struct posix_http *http)
{
    *all = (struct http_lines){.http = http, .stall_us = STALL_US};
    base_list_init(&all->open);
}

uint64_t http_lines_deadline(const struct http_lines *all)
{
    return all->count ? all->due_us : UINT64_MAX;
}

// --- messages, on the loop thread ----------------------------------------------------------------

static void exchange(void *arg)
{
    struct lines *s = arg;
    struct api_context ctx = s->all->http->api;
    ctx.now_us = posix_now_us();
    api_message_release(s->message);
    s->over = s->over || !api_stream_may_go_on(&ctx, &s->cursor);
    s->message = s->over ? NULL : api_stream_next(&ctx, &s->cursor);
    s->sent = 0;
}

// Gives the message back and takes the next one, if there is one and the stream is not over.
static void next_message(struct lines *s)
{
    if (posix_loop_call(s->all->http->loop, exchange, s))
        return;
    s->over = true;
    exchange(s); // nobody else uses the core any more
}

// --- the library's callbacks ---------------------------------------------------------------------

static bool client_has_gone(const struct lines *s)
{
    char byte;
    return recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static ssize_t read_lines(void *cls, uint64_t at, char *buf, size_t size)
{
    struct lines *s = cls;
    (void)at;
    s->asked_us = posix_now_us();
    if (!s->message)
        next_message(s);
    if (s->over || client_has_gone(s))
        return MHD_CONTENT_READER_END_WITH_ERROR; // which closes the connection
    if (!s->message) {
        s->waits = true;
        MHD_suspend_connection(s->conn);
        return 0;
    }
    size_t n = s->message->size - s->sent < size ? s->message->size - s->sent : size;
    memcpy(buf, s->message->data + s->sent, n);
    s->sent += n;
    if (s->sent == s->message->size)
        next_message(s);
    return (ssize_t)n;
}

static void free_lines(void *cls)
{
    struct lines *s = cls;
    s->over = true;
    if (s->message)
        next_message(s);
    base_list_remove(&s->link);
    s->all->count--;
    free(s);
}

static void wake(struct lines *s)
{
    if (s->waits)
        MHD_resume_connection(s->conn);
    s->waits = false;
}

void http_lines_turn(struct http_lines *all, uint64_t now_us)
{
    if (all->count == 0 || now_us < all->due_us)
        return;
    all->due_us = now_us + EVERY_US;
    BASE_LIST_FOR_EACH (struct lines, s, &all->open, link) {
        if (!s->waits && now_us >= s->asked_us + all->stall_us)
            shutdown(s->fd, SHUT_RDWR);
        wake(s);
    }
}

void http_lines_end(struct http_lines *all)
{
    BASE_LIST_FOR_EACH (struct lines, s, &all->open, link) {
        s->over = true;
        wake(s);
    }
}

struct MHD_Response *http_lines_open(struct http_lines *all, struct MHD_Connection *conn,
                                     const struct http_client *client,
                                     const struct api_stream *stream, struct api_response *why)
{
    bool room = all->count < HTTP_LINES;
    struct lines *s = room && client ? calloc(1, sizeof *s) : NULL;
    struct MHD_Response *m = NULL;
    if (s)
        m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_lines, s,
                                              free_lines);
    if (!m) {
        free(s);
        *why = api_problem(503, "No stream",
                           room ? "The server has no memory for it at the moment. Try again."
                                : "As many streams are open as there may be: close one.");
        return NULL;
    }
    *s = (struct lines){.all = all, .conn = conn, .fd = client->fd, .cursor = *stream};
    s->asked_us = posix_now_us();
    if (all->count++ == 0)
        all->due_us = s->asked_us + EVERY_US;
    base_list_append(&all->open, &s->link);
    return m;
}
