// SPDX-License-Identifier: Apache-2.0
// Connections that stay and are told what is new (core/api): as WebSocket frames, or one message
// behind the other. A stream is pulled: while a socket takes nothing, nothing is asked for, and
// what comes then is the latest state. So nobody waits for a slow reader, and there is no queue.
// Loop thread, or while the loop does not run.
#pragma once

#include "api/api.h"
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_ws.h"

// All of an adapter's.
struct posix_streams {
    struct posix_loop *loop;
    struct api_context api; // but its time
    struct posix_timer timer;
    struct base_list open;
    unsigned websockets; // of them
    uint64_t every_us;   // how often it is asked what is new
    bool over;           // no new ones
    uint64_t stall_us;   // who takes nothing of a message for so long is given up
};

struct posix_stream {
    // Filled in by its owner. `ended` is called once: nothing uses the socket any more.
    int fd;
    bool websocket;
    struct api_stream cursor;
    void (*ended)(void *ctx);
    void *ctx;

    // The rest is its own.
    struct posix_streams *all;
    struct base_list link;
    struct posix_watch watch;
    struct posix_ws ws;
    struct api_message *message; // being sent; NULL: none
    uint8_t head[POSIX_WS_HEAD_MAX];
    unsigned head_size;
    size_t sent;                           // of head and message
    uint8_t control[POSIX_WS_CONTROL_MAX]; // goes between two messages
    unsigned control_size, control_sent;
    uint64_t stalled_us; // since when something waits to be sent
    bool closing;        // nothing comes behind `control`
};

// `api` is copied. Four times a second, 5 s.
void posix_streams_init(struct posix_streams *all, struct posix_loop *loop,
                        const struct api_context *api);
void posix_streams_end(struct posix_streams *all);

// The response has been sent, on a connected socket that is the caller's until `ended`: which may
// be called before the return. `s` is borrowed until then.
void posix_stream_begin(struct posix_streams *all, struct posix_stream *s);
