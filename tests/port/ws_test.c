// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_ws.h"
#include "tests/support/check.h"

#include <string.h>

// Masked with 0, 1, 2, 3.
static size_t frame(uint8_t *at, uint8_t first, const char *payload, size_t size)
{
    size_t n = 0;
    at[n++] = first;
    at[n++] = (uint8_t)(0x80 | (size < 126 ? size : 126));
    if (size >= 126) {
        at[n++] = (uint8_t)(size >> 8);
        at[n++] = (uint8_t)size;
    }
    for (uint8_t i = 0; i < 4; i++)
        at[n++] = i;
    for (size_t i = 0; i < size; i++)
        at[n++] = (uint8_t)payload[i] ^ (uint8_t)(i % 4);
    return n;
}

TEST(ws_head_has_the_shortest_length)
{
    uint8_t head[POSIX_WS_HEAD_MAX];
    CHECK_EQ(posix_ws_head(POSIX_WS_TEXT, 125, head), 2);
    CHECK_BYTES(head, "\x81\x7d", 2);
    CHECK_EQ(posix_ws_head(POSIX_WS_TEXT, 126, head), 4);
    CHECK_BYTES(head, "\x81\x7e\x00\x7e", 4);
    CHECK_EQ(posix_ws_head(POSIX_WS_TEXT, 65535, head), 4);
    CHECK_EQ(posix_ws_head(POSIX_WS_TEXT, 65536, head), 10);
    CHECK_BYTES(head, "\x81\x7f\0\0\0\0\0\1\0\0", 10);
}

// What comes of `size` bytes in pieces of `piece`: the first event that is none.
static enum posix_ws_event take_all(struct posix_ws *w, const uint8_t *bytes, size_t size,
                                    size_t piece)
{
    enum posix_ws_event event = POSIX_WS_NOTHING;
    for (size_t at = 0; at < size && event == POSIX_WS_NOTHING;)
        at += posix_ws_take(w, bytes + at, size - at < piece ? size - at : piece, &event);
    return event;
}

TEST(ws_ping_is_answered_with_its_payload)
{
    uint8_t bytes[400], answer[POSIX_WS_CONTROL_MAX];
    char text[300];
    memset(text, 'x', sizeof text);
    for (size_t piece = 1; piece < sizeof bytes; piece += 7) {
        struct posix_ws w = {.have = 0};
        size_t size = frame(bytes, 0x01, text, sizeof text); // data that nobody wants, in two parts
        size += frame(bytes + size, 0x80, "", 0);
        size += frame(bytes + size, 0x89, "hello", 5);
        CHECK_EQ(take_all(&w, bytes, size, piece), POSIX_WS_PING_CAME);
        CHECK_EQ(posix_ws_answer(&w, POSIX_WS_PING_CAME, answer), 7);
        CHECK_BYTES(answer, "\x8a\x05hello", 7);
    }
}

TEST(ws_close_is_answered_with_its_code)
{
    struct posix_ws w = {.have = 0};
    uint8_t bytes[200], answer[POSIX_WS_CONTROL_MAX];
    char longest[125] = "\x03\xe9";
    size_t size = frame(bytes, 0x88, longest, sizeof longest);
    CHECK_EQ(take_all(&w, bytes, size, 9), POSIX_WS_CLOSE_CAME);
    CHECK_EQ(posix_ws_answer(&w, POSIX_WS_CLOSE_CAME, answer), POSIX_WS_CONTROL_MAX);
    CHECK_BYTES(answer, "\x88\x7d\x03\xe9", 4);
    size = frame(bytes, 0x88, "", 0);
    CHECK_EQ(take_all(&w, bytes, size, 9), POSIX_WS_CLOSE_CAME);
    CHECK_EQ(posix_ws_answer(&w, POSIX_WS_CLOSE_CAME, answer), 2);
}

// RFC 6455 5.2, 5.5, 5.5.1.
TEST(ws_what_no_client_may_send)
{
    static const struct {
        const char *what;
        uint8_t bytes[10];
    } cases[] = {
        {"not masked", {0x81, 0x01, 'x'}},
        {"a reserved bit", {0xc1, 0x80}},
        {"an unknown opcode", {0x83, 0x80}},
        {"an unknown control opcode", {0x8b, 0x80}},
        {"a ping in parts", {0x09, 0x80}},
        {"a long ping", {0x89, 0xfe}},
        {"half a code", {0x88, 0x81, 0, 0, 0, 0, 3}},
    };
    uint8_t answer[POSIX_WS_CONTROL_MAX];
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct posix_ws w = {.have = 0};
        check_context(cases[i].what, i);
        CHECK_EQ(take_all(&w, cases[i].bytes, sizeof cases[i].bytes, 1), POSIX_WS_BROKEN);
        CHECK_EQ(posix_ws_answer(&w, POSIX_WS_BROKEN, answer), 4);
        CHECK_BYTES(answer, "\x88\x02\x03\xea", 4);
    }
}
