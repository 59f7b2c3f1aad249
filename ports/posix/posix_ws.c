// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_ws.h"
#include "base/base_bytes.h"

#include <string.h>

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    CONTROL = 0x08, // bit of an opcode
    MASKED = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    MASK_SIZE = 4,
};

unsigned posix_ws_head(enum posix_ws_opcode opcode, uint64_t size, uint8_t head[POSIX_WS_HEAD_MAX])
{
    head[0] = (uint8_t)(FIN | opcode);
    if (size < LENGTH_16) {
        head[1] = (uint8_t)size;
        return 2;
    }
    if (size <= UINT16_MAX) {
        head[1] = LENGTH_16;
        base_put_be16(head + 2, (uint16_t)size);
        return 4;
    }
    head[1] = LENGTH_64;
    base_put_be64(head + 2, size);
    return 10;
}

// --- what a client sends -------------------------------------------------------------------------

static unsigned head_size(const struct posix_ws *w)
{
    unsigned length = w->have < 2 ? 0 : w->head[1] & LENGTH;
    return 2 + (length == LENGTH_16 ? 2u : length == LENGTH_64 ? 8u : 0u) + MASK_SIZE;
}

static uint64_t payload_size(const struct posix_ws *w)
{
    unsigned length = w->head[1] & LENGTH;
    if (length == LENGTH_16)
        return base_get_be16(w->head + 2);
    if (length == LENGTH_64)
        return base_get_be64(w->head + 2);
    return length;
}

static unsigned opcode_of(const struct posix_ws *w)
{
    return w->head[0] & OPCODE;
}

// The first two bytes of its header tell: known, nothing reserved, masked, in its place.
static bool is_allowed(const struct posix_ws *w)
{
    unsigned opcode = opcode_of(w);
    if ((w->head[0] & RESERVED) || !(w->head[1] & MASKED))
        return false;
    if (opcode & CONTROL)
        return opcode <= POSIX_WS_PONG && (w->head[0] & FIN) && (w->head[1] & LENGTH) < LENGTH_16;
    return opcode <= POSIX_WS_BINARY && (opcode == POSIX_WS_CONTINUATION) == w->in_message;
}

// As short as it can be, and not negative (RFC 6455 5.2).
static bool length_is_allowed(const struct posix_ws *w)
{
    unsigned length = w->head[1] & LENGTH;
    return length == LENGTH_16   ? w->left >= LENGTH_16
           : length == LENGTH_64 ? w->left > UINT16_MAX && w->left <= INT64_MAX
                                 : true;
}

static void begin_frame(struct posix_ws *w)
{
    unsigned opcode = opcode_of(w);
    w->left = payload_size(w);
    w->place = 0;
    if (opcode & CONTROL) {
        w->size = 0;
        return;
    }
    if (opcode != POSIX_WS_CONTINUATION) {
        w->in_text = opcode == POSIX_WS_TEXT;
        w->utf8 = (struct posix_utf8){.left = 0};
    }
    w->in_message = !(w->head[0] & FIN);
}

// False: it is not allowed.
static bool take_head(struct posix_ws *w, const uint8_t *bytes, size_t size, size_t *taken)
{
    while (*taken < size && w->have < head_size(w)) {
        w->head[w->have++] = bytes[(*taken)++];
        if (w->have == 2 && !is_allowed(w))
            return false;
    }
    if (w->have < head_size(w))
        return true;
    begin_frame(w);
    return length_is_allowed(w);
}

// False: it is no text, but should be.
static bool take_payload(struct posix_ws *w, const uint8_t *bytes, size_t size)
{
    const uint8_t *mask = w->head + w->have - MASK_SIZE;
    bool control = opcode_of(w) & CONTROL, good = true;
    for (size_t i = 0; i < size && good; i++) {
        uint8_t c = bytes[i] ^ mask[w->place++ % MASK_SIZE];
        if (control)
            w->payload[w->size++] = c;
        else if (w->in_text)
            good = posix_utf8_take(&w->utf8, &c, 1);
    }
    w->left -= size;
    return good;
}

// RFC 6455 7.4, and what IANA has added; others are for nobody, or for nobody to send.
static bool code_is_allowed(unsigned code)
{
    return (code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006)) ||
           (code >= 3000 && code <= 4999);
}

static enum posix_ws_event close_event(const struct posix_ws *w)
{
    struct posix_utf8 reason = {.left = 0};
    if (w->size == 0)
        return POSIX_WS_CLOSE_CAME;
    if (w->size == 1 || !code_is_allowed(base_get_be16(w->payload)))
        return POSIX_WS_BROKEN;
    bool text = posix_utf8_take(&reason, w->payload + 2, w->size - 2) && posix_utf8_whole(&reason);
    return text ? POSIX_WS_CLOSE_CAME : POSIX_WS_BAD_TEXT;
}

// At its end.
static enum posix_ws_event frame_event(const struct posix_ws *w)
{
    unsigned opcode = opcode_of(w);
    if (opcode == POSIX_WS_PING)
        return POSIX_WS_PING_CAME;
    if (opcode == POSIX_WS_CLOSE)
        return close_event(w);
    bool cut = !(opcode & CONTROL) && !w->in_message && w->in_text && !posix_utf8_whole(&w->utf8);
    return cut ? POSIX_WS_BAD_TEXT : POSIX_WS_NOTHING;
}

size_t posix_ws_take(struct posix_ws *w, const uint8_t *bytes, size_t size,
                     enum posix_ws_event *event)
{
    size_t taken = 0;
    *event = POSIX_WS_NOTHING;
    if (w->have < head_size(w) && !take_head(w, bytes, size, &taken)) {
        *event = POSIX_WS_BROKEN;
        return taken;
    }
    if (w->have < head_size(w))
        return taken;
    size_t payload = w->left < size - taken ? (size_t)w->left : size - taken;
    if (!take_payload(w, bytes + taken, payload)) {
        *event = POSIX_WS_BAD_TEXT;
    } else if (w->left == 0) {
        *event = frame_event(w);
        w->have = 0;
    }
    return taken + payload;
}

// --- the handshake -------------------------------------------------------------------------------

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

bool posix_ws_key(const char *key)
{
    enum { DIGITS = 22, SIZE = 24 };
    if (!key || strlen(key) != SIZE || strcmp(key + DIGITS, "==") != 0)
        return false;
    for (unsigned i = 0; i < DIGITS; i++)
        if (!is_base64(key[i]))
            return false;
    return strchr("AQgw", key[DIGITS - 1]) != NULL; // two bits of its six
}

// --- answers -------------------------------------------------------------------------------------

unsigned posix_ws_answer(const struct posix_ws *w, enum posix_ws_event event,
                         uint8_t frame[POSIX_WS_CONTROL_MAX])
{
    if (event == POSIX_WS_BROKEN || event == POSIX_WS_BAD_TEXT) {
        unsigned at = posix_ws_head(POSIX_WS_CLOSE, 2, frame);
        base_put_be16(frame + at,
                      event == POSIX_WS_BROKEN ? POSIX_WS_PROTOCOL_ERROR : POSIX_WS_NOT_TEXT);
        return at + 2;
    }
    enum posix_ws_opcode opcode = event == POSIX_WS_PING_CAME ? POSIX_WS_PONG : POSIX_WS_CLOSE;
    unsigned at = posix_ws_head(opcode, w->size, frame);
    memcpy(frame + at, w->payload, w->size);
    return at + w->size;
}
