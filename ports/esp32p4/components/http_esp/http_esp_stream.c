// SPDX-License-Identifier: Apache-2.0
#include "http_esp_stream.h"

// --- loop thread, or when the loop has ended -----------------------------------------------------

struct beginning {
    struct posix_streams *streams;
    struct http_esp_conn *conn;
};

static void begin(void *arg)
{
    struct beginning *b = arg;
    posix_stream_begin(b->streams, &b->conn->stream);
}

static void end_all(void *arg)
{
    posix_streams_end(arg);
}

static void on_end(void *ctx)
{
    http_esp_conn_leave(ctx);
}

// --- other threads -------------------------------------------------------------------------------

void http_esp_stream_begin(struct posix_streams *streams, struct http_esp_conn *c)
{
    struct beginning b = {streams, c};
    c->stream.ended = on_end;
    c->stream.ctx = c;
    if (!posix_loop_call(streams->loop, begin, &b))
        on_end(c);
}

void http_esp_stream_end_all(struct posix_streams *streams)
{
    if (!posix_loop_call(streams->loop, end_all, streams))
        end_all(streams);
}
