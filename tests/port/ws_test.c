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

// RFC 6455 5.2, 5.4, 5.5, 5.5.1, 7.4, 8.1.
TEST(ws_what_no_client_may_send)
{
    static const struct {
        const char *what;
        size_t size;
        const char *bytes;
        enum posix_ws_event event;
    } cases[] = {
        {"not masked", 3, "\x81\x01x", POSIX_WS_BROKEN},
        {"a reserved bit", 2, "\xc1\x80", POSIX_WS_BROKEN},
        {"an unknown opcode", 2, "\x83\x80", POSIX_WS_BROKEN},
        {"an unknown control opcode", 2, "\x8b\x80", POSIX_WS_BROKEN},
        {"a ping in parts", 2, "\x09\x80", POSIX_WS_BROKEN},
        {"a long ping", 2, "\x89\xfe", POSIX_WS_BROKEN},
        {"a continuation of nothing", 2, "\x80\x80", POSIX_WS_BROKEN},
        {"one behind the end", 14, "\x01\x80\0\0\0\0\x80\x80\0\0\0\0\x80\x80", POSIX_WS_BROKEN},
        {"a message in another", 8, "\x01\x80\0\0\0\0\x82\x80", POSIX_WS_BROKEN},
        {"125 in 16 bits", 8, "\x82\xfe\x00\x7d\0\0\0\0", POSIX_WS_BROKEN},
        {"65535 in 64 bits", 14, "\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", POSIX_WS_BROKEN},
        {"a negative length", 14, "\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0", POSIX_WS_BROKEN},
        {"half a code", 7, "\x88\x81\0\0\0\0\3", POSIX_WS_BROKEN},
        {"code 999", 8, "\x88\x82\0\0\0\0\x03\xe7", POSIX_WS_BROKEN},
        {"code 1004", 8, "\x88\x82\0\0\0\0\x03\xec", POSIX_WS_BROKEN},
        {"code 1005", 8, "\x88\x82\0\0\0\0\x03\xed", POSIX_WS_BROKEN},
        {"code 1006", 8, "\x88\x82\0\0\0\0\x03\xee", POSIX_WS_BROKEN},
        {"code 1015", 8, "\x88\x82\0\0\0\0\x03\xf7", POSIX_WS_BROKEN},
        {"code 2999", 8, "\x88\x82\0\0\0\0\x0b\xb7", POSIX_WS_BROKEN},
        {"code 5000", 8, "\x88\x82\0\0\0\0\x13\x88", POSIX_WS_BROKEN},
        {"a reason that is no text", 9, "\x88\x83\0\0\0\0\x03\xe8\xff", POSIX_WS_BAD_TEXT},
        {"half a character as one", 9, "\x88\x83\0\0\0\0\x03\xe8\xc3", POSIX_WS_BAD_TEXT},
        {"a text that is none", 7, "\x81\x81\0\0\0\0\x80", POSIX_WS_BAD_TEXT},
        {"a masked one", 7, "\x81\x81\1\0\0\0\xc1", POSIX_WS_BAD_TEXT}, // 0xc0
        {"half a character", 7, "\x81\x81\0\0\0\0\xc3", POSIX_WS_BAD_TEXT},
        {"half a character in parts", 13, "\x01\x81\0\0\0\0\xc3\x80\x80\0\0\0\0",
         POSIX_WS_BAD_TEXT},
    };
    uint8_t answer[POSIX_WS_CONTROL_MAX];
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct posix_ws w = {.have = 0};
        bool text = cases[i].event == POSIX_WS_BAD_TEXT;
        check_context(cases[i].what, i);
        CHECK_EQ(take_all(&w, (const uint8_t *)cases[i].bytes, cases[i].size, 1 + i % 3),
                 cases[i].event);
        CHECK_EQ(posix_ws_answer(&w, cases[i].event, answer), 4);
        CHECK_BYTES(answer, text ? "\x88\x02\x03\xef" : "\x88\x02\x03\xea", 4);
    }
}

// A character in two frames with a ping between them; bytes of any value; codes that are there.
TEST(ws_what_a_client_may_send)
{
    uint8_t bytes[70000], answer[POSIX_WS_CONTROL_MAX];
    static const char any[] = "\xff\xfe\x00\x80";
    static char large[200] = "x";
    static const uint16_t codes[] = {1000, 1003, 1007, 1011, 1014, 3000, 4999};
    for (size_t piece = 1; piece < 20; piece += 3) {
        struct posix_ws w = {.have = 0};
        size_t size = frame(bytes, 0x01, "a\xe2\x82", 3);
        size += frame(bytes + size, 0x8a, any, 4); // a pong
        size += frame(bytes + size, 0x00, "", 0);
        size += frame(bytes + size, 0x80, "\xac", 1);
        size += frame(bytes + size, 0x82, any, 4);
        size += frame(bytes + size, 0x82, large, sizeof large);
        CHECK_EQ(take_all(&w, bytes, size, piece), POSIX_WS_NOTHING);
        for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++) {
            char payload[] = {(char)(codes[i] >> 8), (char)codes[i], (char)0xc3, (char)0xa4};
            size = frame(bytes, 0x88, payload, sizeof payload);
            CHECK_EQ(take_all(&w, bytes, size, piece), POSIX_WS_CLOSE_CAME);
            CHECK_EQ(posix_ws_answer(&w, POSIX_WS_CLOSE_CAME, answer), 6);
            CHECK_BYTES(answer + 2, payload, 4);
        }
    }
    struct posix_ws w = {.have = 0};
    const uint8_t head[] = {0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}; // 65536 bytes
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, head, sizeof head);
    CHECK_EQ(take_all(&w, bytes, sizeof head + 65536, 1000), POSIX_WS_NOTHING);
    CHECK_EQ(w.have, 0); // the next frame may come
}

TEST(utf8_is_what_rfc_3629_says)
{
    static const struct {
        const char *bytes;
        bool good, whole;
    } cases[] = {
        {"", true, true},
        {"a\x7f", true, true},
        {"\xc2\x80\xdf\xbf", true, true},
        {"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", true, true},
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true, true},
        {"\xf0\x90\x80", true, false},
        {"\x80", false, false},
        {"\xc0\x80", false, false},
        {"\xc1\xbf", false, false},
        {"\xc2\x41", false, false},
        {"\xe0\x9f\xbf", false, false},
        {"\xed\xa0\x80", false, false}, // a surrogate
        {"\xf0\x8f\xbf\xbf", false, false},
        {"\xf4\x90\x80\x80", false, false},
        {"\xf5\x80\x80\x80", false, false},
        {"\xe2\x82\x41", false, false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct posix_utf8 u = {.left = 0};
        bool good = true;
        check_context("case", i);
        for (const char *c = cases[i].bytes; *c && good; c++)
            good = posix_utf8_take(&u, (const uint8_t *)c, 1);
        CHECK_EQ(good, cases[i].good);
        CHECK(!good || posix_utf8_whole(&u) == cases[i].whole);
    }
}
