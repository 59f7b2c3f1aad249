// SPDX-License-Identifier: Apache-2.0
// What the webcam sees, and the uncompressed picture of it.
#include "sim_camera_device.h"

#include <assert.h>
#include <string.h>

enum { NO_COLOUR = 128, BAR_WIDTH = 16, SAMPLE_SIZE = 2, ROW_SIZE = CAMERA_YUY2_WIDTH * 2 };

void sim_camera_number_row(uint8_t *luma, unsigned columns, uint32_t number, uint8_t ground)
{
    assert(columns >= CAMERA_NUMBER_BITS);
    memset(luma, ground, columns);
    for (unsigned i = 0; i < CAMERA_NUMBER_BITS; i++)
        luma[i] = number << i & 0x80000000u ? CAMERA_WHITE : CAMERA_BLACK;
}

void sim_camera_bar_row(uint8_t *luma, unsigned columns, unsigned bar, uint32_t number,
                        uint8_t ground)
{
    assert(columns % bar == 0);
    memset(luma, ground, columns);
    memset(luma + number % (columns / bar) * bar, CAMERA_WHITE, bar);
}

static void put_row(uint8_t *row, const uint8_t *luma)
{
    for (unsigned i = 0; i < CAMERA_YUY2_WIDTH; i++) {
        row[SAMPLE_SIZE * i] = luma[i];
        row[SAMPLE_SIZE * i + 1] = NO_COLOUR; // U and V in turns
    }
}

uint32_t sim_camera_draw_yuy2(uint8_t *frame, uint32_t number, uint8_t ground)
{
    uint8_t luma[CAMERA_YUY2_WIDTH];
    uint8_t *last = frame + CAMERA_YUY2_SIZE - ROW_SIZE;
    sim_camera_number_row(luma, CAMERA_YUY2_WIDTH, number, ground);
    put_row(frame, luma);
    memcpy(last, frame, ROW_SIZE);
    sim_camera_bar_row(luma, CAMERA_YUY2_WIDTH, BAR_WIDTH, number, ground);
    put_row(frame + ROW_SIZE, luma);
    for (uint8_t *row = frame + 2 * ROW_SIZE; row < last; row += ROW_SIZE)
        memcpy(row, frame + ROW_SIZE, ROW_SIZE);
    return CAMERA_YUY2_SIZE;
}
