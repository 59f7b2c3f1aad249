// SPDX-License-Identifier: Apache-2.0
// The webcam's picture as a baseline JPEG (ITU-T T.81) in the form that the payload specification
// for Motion JPEG wants: YCbCr 4:2:2, interleaved, the typical Huffman tables. It consists of flat
// blocks without colour, so all that is coded are steps of luma from one block to the next.
#include "base/base_bytes.h"
#include "sim_camera_device.h"

#include <assert.h>
#include <string.h>

enum {
    MCU_WIDTH = 16, // 4:2:2: two blocks of luma, one of each chroma
    MCU_HEIGHT = 8,
    MCU_COLUMNS = CAMERA_MJPEG_WIDTH / MCU_WIDTH,
    MCU_ROWS = CAMERA_MJPEG_HEIGHT / MCU_HEIGHT,
    NUMBER_ROWS = 2, // to make the blocks of the number square
    BAR_COLUMNS = 2,
    DIGITS = 10,

    DQT_SIZE = 2 + 1 + 64,
    SOF_SIZE = 2 + 6 + 3 * 3,
    DHT_SIZE = 2 + 2 * (1 + 16 + 12) + 2 * (1 + 16 + 162),
    SOS_SIZE = 2 + 1 + 3 * 2 + 3,
    DIGITS_AT = 2 + 2 + 2, // behind SOI and the head of COM
};

// clang-format off
#define MARKER(code) 0xff, code
#define BE16(v) (v) >> 8, (v) & 0xff
#define EIGHT(v) v, v, v, v, v, v, v, v

// Quantization by 8 makes a flat block's coefficient what its luma is above 128 (T.81 A.3.3).
static const uint8_t head[] = {
    MARKER(0xd8),                                                          // SOI
    MARKER(0xfe), BE16(2 + DIGITS), EIGHT('0'), '0', '0',                  // COM
    MARKER(0xdb), BE16(DQT_SIZE), 0, EIGHT(8), EIGHT(8), EIGHT(8), EIGHT(8),
        EIGHT(8), EIGHT(8), EIGHT(8), EIGHT(8),
    MARKER(0xc0), BE16(SOF_SIZE), 8, BE16(CAMERA_MJPEG_HEIGHT), BE16(CAMERA_MJPEG_WIDTH),
        3, 1, 0x21, 0, 2, 0x11, 0, 3, 0x11, 0,
    MARKER(0xc4), BE16(DHT_SIZE),                                          // tables K.3 to K.6
    0x00, 0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    0x01, 0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    0x10, 0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125,
        0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61,
        0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52,
        0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25,
        0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45,
        0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64,
        0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
        0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
        0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6,
        0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3,
        0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8,
        0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
    0x11, 0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119,
        0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61,
        0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33,
        0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18,
        0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44,
        0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63,
        0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a,
        0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97,
        0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4,
        0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca,
        0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7,
        0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
    MARKER(0xda), BE16(SOS_SIZE), 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0,
};
// clang-format on

_Static_assert(sizeof head ==
                   2 + 2 + 2 + DIGITS + 2 + DQT_SIZE + 2 + SOF_SIZE + 2 + DHT_SIZE + 2 + SOS_SIZE,
               "the segments are as long as they say");

// --- entropy coding ------------------------------------------------------------------------------

struct code {
    uint8_t bits, length;
};

// The codes of table K.3: how many bits a step of luma has.
static const struct code step_size[] = {
    {0x00, 2}, {0x02, 3}, {0x03, 3}, {0x04, 3}, {0x05, 3},
    {0x06, 3}, {0x0e, 4}, {0x1e, 5}, {0x3e, 6},
};

enum {
    // A block of luma without a step (00) and without detail (1010), chroma likewise (00 and 00).
    FLAT_LUMA = 0x0a,
    FLAT_LUMA_LENGTH = 6,
    LUMA_END = 0x0a,
    LUMA_END_LENGTH = 4,
    SECOND_HALF = FLAT_LUMA << 8, // of an MCU: the other luma block, both chroma blocks
    SECOND_HALF_LENGTH = FLAT_LUMA_LENGTH + 8,
};

struct scan {
    uint8_t *at;
    uint32_t bits; // the last `count` of them are not written yet, less than 8 between two calls
    unsigned count;
    int luma; // of the last block
};

static void put_bits(struct scan *s, uint32_t bits, unsigned length)
{
    s->bits = s->bits << length | bits;
    s->count += length;
    while (s->count >= 8) {
        s->count -= 8;
        *s->at = (uint8_t)(s->bits >> s->count);
        if (*s->at++ == 0xff)
            *s->at++ = 0; // not to be taken for a marker
    }
}

static void put_step(struct scan *s, int step)
{
    unsigned size = 0;
    for (int rest = step < 0 ? -step : step; rest > 0; rest >>= 1)
        size++;
    assert(size < sizeof step_size / sizeof step_size[0]);
    uint32_t value = (uint32_t)(step < 0 ? step - 1 : step) & ((1u << size) - 1);
    put_bits(s, step_size[size].bits, step_size[size].length);
    put_bits(s, value << LUMA_END_LENGTH | LUMA_END, size + LUMA_END_LENGTH);
}

static void put_row(struct scan *s, const uint8_t luma[MCU_COLUMNS])
{
    for (unsigned i = 0; i < MCU_COLUMNS; i++) {
        if (luma[i] == s->luma) {
            put_bits(s, (uint32_t)FLAT_LUMA << SECOND_HALF_LENGTH | SECOND_HALF,
                     FLAT_LUMA_LENGTH + SECOND_HALF_LENGTH);
            continue;
        }
        put_step(s, luma[i] - s->luma);
        put_bits(s, SECOND_HALF, SECOND_HALF_LENGTH);
        s->luma = luma[i];
    }
}

static void put_digits(uint8_t *to, uint32_t number)
{
    for (unsigned i = DIGITS; i-- > 0; number /= 10)
        to[i] = (uint8_t)('0' + number % 10);
}

uint32_t sim_camera_draw_mjpeg(uint8_t *frame, uint32_t number, uint8_t ground)
{
    uint8_t number_row[MCU_COLUMNS], bar_row[MCU_COLUMNS];
    struct scan s = {.at = frame + sizeof head, .luma = 128};
    sim_camera_number_row(number_row, MCU_COLUMNS, number, ground);
    sim_camera_bar_row(bar_row, MCU_COLUMNS, BAR_COLUMNS, number, ground);
    memcpy(frame, head, sizeof head);
    put_digits(frame + DIGITS_AT, number);
    for (unsigned row = 0; row < MCU_ROWS; row++) {
        bool has_number = row < NUMBER_ROWS || row >= MCU_ROWS - NUMBER_ROWS;
        put_row(&s, has_number ? number_row : bar_row);
    }
    put_bits(&s, 0x7f, 7);       // fills the last byte (T.81 F.1.2.3)
    base_put_be16(s.at, 0xffd9); // EOI
    uint32_t size = (uint32_t)(s.at + 2 - frame);
    assert(size <= CAMERA_MJPEG_SIZE_MAX);
    return size;
}
