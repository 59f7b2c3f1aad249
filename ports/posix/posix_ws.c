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

// The first two bytes of its header tell.
static bool is_allowed(const struct posix_ws *w)
{
    unsigned opcode = w->head[0] & OPCODE;
    bool known = opcode <= POSIX_WS_BINARY || (opcode >= POSIX_WS_CLOSE && opcode <= POSIX_WS_PONG);
    bool control = (opcode & CONTROL) != 0;
    bool short_and_whole = (w->head[0] & FIN) && (w->head[1] & LENGTH) < LENGTH_16;
    return known && !(w->head[0] & RESERVED) && (w->head[1] & MASKED) &&
           (!control || short_and_whole);
}

// False: it is not allowed.
static bool take_head(struct posix_ws *w, const uint8_t *bytes, size_t size, size_t *taken)
{
    while (*taken < size && w->have < head_size(w)) {
        w->head[w->have++] = bytes[(*taken)++];
        if (w->have == 2 && !is_allowed(w))
            return false;
    }
    if (w->have == head_size(w)) {
        w->left = payload_size(w);
        w->size = 0;
    }
    return true;
}

static void take_payload(struct posix_ws *w, const uint8_t *bytes, size_t size)
{
    const uint8_t *mask = w->head + w->have - MASK_SIZE;
    for (size_t i = 0; i < size && (w->head[0] & CONTROL); i++) {
        w->payload[w->size] = bytes[i] ^ mask[w->size % MASK_SIZE];
        w->size++;
    }
    w->left -= size;
}

static enum posix_ws_event frame_event(const struct posix_ws *w)
{
    unsigned opcode = w->head[0] & OPCODE;
    if (opcode == POSIX_WS_PING)
        return POSIX_WS_PING_CAME;
    if (opcode == POSIX_WS_CLOSE)
        return w->size == 1 ? POSIX_WS_BROKEN : POSIX_WS_CLOSE_CAME; // half a code
    return POSIX_WS_NOTHING;
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
    take_payload(w, bytes + taken, payload);
    if (w->left == 0) {
        *event = frame_event(w);
        w->have = 0;
    }
    return taken + payload;
}

unsigned posix_ws_answer(const struct posix_ws *w, enum posix_ws_event event,
                         uint8_t frame[POSIX_WS_CONTROL_MAX])
{
    if (event == POSIX_WS_BROKEN) {
        unsigned at = posix_ws_head(POSIX_WS_CLOSE, 2, frame);
        base_put_be16(frame + at, POSIX_WS_PROTOCOL_ERROR);
        return at + 2;
    }
    enum posix_ws_opcode opcode = event == POSIX_WS_PING_CAME ? POSIX_WS_PONG : POSIX_WS_CLOSE;
    unsigned at = posix_ws_head(opcode, w->size, frame);
    memcpy(frame + at, w->payload, w->size);
    return at + w->size;
}
