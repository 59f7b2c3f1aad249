// SPDX-License-Identifier: Apache-2.0
// WebSocket frames (RFC 6455) of a server that talks in text and only listens for control frames;
// what a client may not send ends it all the same. Pure functions.
#pragma once

#include "ports/posix/posix_utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POSIX_WS_HEAD_MAX = 10,    // of a frame that we send
    POSIX_WS_CONTROL_MAX = 127 // a whole control frame that we send
};

enum posix_ws_opcode {
    POSIX_WS_CONTINUATION = 0x0,
    POSIX_WS_TEXT = 0x1,
    POSIX_WS_BINARY = 0x2,
    POSIX_WS_CLOSE = 0x8,
    POSIX_WS_PING = 0x9,
    POSIX_WS_PONG = 0xa,
};

// Codes in a frame that closes.
enum { POSIX_WS_PROTOCOL_ERROR = 1002, POSIX_WS_NOT_TEXT = 1007 };

// Whether the value of Sec-WebSocket-Key is one: 16 bytes in base64. NULL is not.
bool posix_ws_key(const char *key);

// The header of an unfragmented frame with `size` bytes behind it. Returns its own size.
unsigned posix_ws_head(enum posix_ws_opcode opcode, uint64_t size, uint8_t head[POSIX_WS_HEAD_MAX]);

// What has come of the frame that is coming; zeros at the beginning.
struct posix_ws {
    uint8_t head[14];
    unsigned have;        // of its header
    uint64_t left;        // of what is behind the header
    unsigned place;       // of the next byte in the mask
    uint8_t payload[125]; // of a control frame
    unsigned size;
    bool in_message, in_text; // a message has begun, and more frames of it are to come
    struct posix_utf8 utf8;   // of a text
};

enum posix_ws_event {
    POSIX_WS_NOTHING,    // that ends for us: more bytes are needed, or data that nobody wants
    POSIX_WS_PING_CAME,  // the answer is a pong with its payload
    POSIX_WS_CLOSE_CAME, // the answer is the same, and nothing more
    POSIX_WS_BROKEN,     // not what RFC 6455 allows a client to send; nothing more is understood
    POSIX_WS_BAD_TEXT,   // neither is a text that is not UTF-8
};

// Takes bytes of a client, up to the end of a frame at most. Returns how many.
size_t posix_ws_take(struct posix_ws *w, const uint8_t *bytes, size_t size,
                     enum posix_ws_event *event);

// The frame that answers what has just been taken; its size.
unsigned posix_ws_answer(const struct posix_ws *w, enum posix_ws_event event,
                         uint8_t frame[POSIX_WS_CONTROL_MAX]);
