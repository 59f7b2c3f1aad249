// SPDX-License-Identifier: Apache-2.0
// Decodes the webcam's Motion JPEG frames with the tables that they bring along (ITU-T T.81), as
// far as flat blocks need it: a block is one difference and the end of the block.
#include "tests/unit/video_rig.h"

enum { COLUMNS = 40, ROWS = 60, BLOCKS_OF_MCU = 4 };

struct jpeg {
    const uint8_t *at, *end;
    uint32_t bits; // of a byte that was begun
    unsigned count;
    const uint8_t *tables[2][2]; // DC, AC; 0 luma, 1 chroma: 16 counts, then the values
    uint8_t quantizer;           // of DC
    bool has_frame;
    uint8_t luma[ROWS][2 * COLUMNS]; // of the blocks
};

static struct video video;
static struct jpeg jpeg;

// --- entropy-coded data --------------------------------------------------------------------------

static unsigned next_bit(struct jpeg *j)
{
    if (j->count == 0) {
        CHECK(j->at < j->end);
        j->bits = *j->at++;
        j->count = 8;
        if (j->bits == 0xff)
            CHECK_EQ(*j->at++, 0);
    }
    return j->bits >> --j->count & 1;
}

static uint8_t next_symbol(struct jpeg *j, const uint8_t *table)
{
    const uint8_t *values = table + 16;
    unsigned code = 0, first = 0;
    for (unsigned length = 0; length < 16; length++) {
        code = code << 1 | next_bit(j);
        if (code - first < table[length])
            return values[code - first];
        values += table[length];
        first = (first + table[length]) << 1;
    }
    check_fail(__FILE__, __LINE__, "no such code");
}

static int next_difference(struct jpeg *j, const uint8_t *table)
{
    unsigned size = next_symbol(j, table);
    int value = 0;
    CHECK(size <= 11);
    for (unsigned i = 0; i < size; i++)
        value = value << 1 | (int)next_bit(j);
    return size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

static void decode_scan(struct jpeg *j)
{
    int dc[3] = {0};
    for (unsigned mcu = 0; mcu < COLUMNS * ROWS; mcu++) {
        for (unsigned block = 0; block < BLOCKS_OF_MCU; block++) {
            unsigned component = block < 2 ? 0 : block - 1;
            dc[component] += next_difference(j, j->tables[0][component > 0]);
            CHECK_EQ(next_symbol(j, j->tables[1][component > 0]), 0); // end of block
            int level = 128 + dc[component] * j->quantizer / 8;
            CHECK(level >= 0 && level <= 255);
            if (component == 0)
                j->luma[mcu / COLUMNS][mcu % COLUMNS * 2 + block] = (uint8_t)level;
            else
                CHECK_EQ(level, 128);
        }
    }
    while (j->count > 0)
        CHECK_EQ(next_bit(j), 1);
}

// --- segments ------------------------------------------------------------------------------------

static uint32_t adler32(const uint8_t *p, unsigned size)
{
    uint32_t a = 1, b = 0;
    for (unsigned i = 0; i < size; i++) {
        a = (a + p[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void read_tables(struct jpeg *j, const uint8_t *p, const uint8_t *end)
{
    // Of the typical tables, K.3 to K.6, as another encoder writes them.
    static const uint32_t sums[2][2] = {{0x025e004f, 0x0251004f}, {0x20645003, 0x65ec5003}};
    while (p < end) {
        unsigned values = 0;
        CHECK((p[0] & 0xee) == 0);
        j->tables[p[0] >> 4][p[0] & 1] = p + 1;
        for (unsigned i = 1; i <= 16; i++)
            values += p[i];
        CHECK_EQ(adler32(p + 1, 16 + values), sums[p[0] >> 4][p[0] & 1]);
        p += 17 + values;
    }
    CHECK(p == end);
}

static void read_frame_header(struct jpeg *j, const uint8_t *p, const uint8_t *end)
{
    static const uint8_t want[] = {8, 480 >> 8, 480 & 0xff, 640 >> 8, 640 & 0xff, 3,    1, 0x21,
                                   0, 2,        0x11,       0,        3,          0x11, 0};
    CHECK_EQ(end - p, sizeof want);
    CHECK_BYTES(p, want, sizeof want);
    j->has_frame = true;
}

static void read_scan_header(const struct jpeg *j, const uint8_t *p, const uint8_t *end)
{
    static const uint8_t want[] = {3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0};
    CHECK_EQ(end - p, sizeof want);
    CHECK_BYTES(p, want, sizeof want);
    CHECK(j->has_frame && j->quantizer);
    for (unsigned i = 0; i < 4; i++)
        CHECK(j->tables[i / 2][i % 2]);
}

static void decode(struct jpeg *j, const uint8_t *data, uint32_t size)
{
    *j = (struct jpeg){.at = data + 2, .end = data + size};
    CHECK_EQ(base_get_be16(data), 0xffd8);
    for (unsigned marker = 0; marker != 0xffda;) {
        marker = base_get_be16(j->at);
        const uint8_t *p = j->at + 4, *end = j->at + 2 + base_get_be16(j->at + 2);
        CHECK(end < j->end);
        if (marker == 0xffc4)
            read_tables(j, p, end);
        else if (marker == 0xffc0)
            read_frame_header(j, p, end);
        else if (marker == 0xffdb)
            j->quantizer = p[1];
        else if (marker == 0xffda)
            read_scan_header(j, p, end);
        else
            CHECK_EQ(marker, 0xfffe);
        j->at = end;
    }
    decode_scan(j);
    CHECK_EQ(base_get_be16(j->at), 0xffd9);
    CHECK(j->at + 2 == j->end);
}

// --- tests ---------------------------------------------------------------------------------------

static void check_picture(const struct jpeg *j, uint32_t number, uint8_t ground)
{
    unsigned bar = number % 20;
    for (unsigned y = 0; y < ROWS; y++) {
        bool has_number = y < 2 || y >= ROWS - 2; // blocks are 8 rows high, so these are squares
        for (unsigned x = 0; x < 2 * COLUMNS; x++) {
            unsigned bit = x / 2;
            uint8_t want = ground;
            if (has_number && bit < 32)
                want = number << bit & 0x80000000u ? 235 : 16;
            else if (!has_number && x / 4 == bar)
                want = 235;
            CHECK_EQ(j->luma[y][x], want);
        }
    }
}

static void start(struct video *v, int brightness)
{
    uint8_t value[2];
    struct sim_camera_options options = {.bulk = true};
    base_put_le16(value, (uint16_t)brightness);
    video_begin(v, &options);
    CHECK_EQ(rig_request(v->rig.dev, VIDEO_SET_CUR, 0x0200, 0x0200, value, 2), 2);
    video_commit(v, VIDEO_MJPEG, VIDEO_30_FPS);
}

static void check_next_frame(struct video *v, uint32_t number, uint8_t ground)
{
    static uint8_t payload[16384];
    int n = rig_read(v->rig.dev, VIDEO_IN, payload, sizeof payload);
    CHECK(n > 12 && n < (int)sizeof payload);
    video_packet(v, payload, (uint32_t)n);
    CHECK(v->frames[v->count - 1].whole);
    CHECK_EQ(v->frames[v->count - 1].number, number);
    decode(&jpeg, v->last, v->size);
    check_picture(&jpeg, number, ground);
}

TEST(sim_camera_jpeg_shows_its_number)
{
    struct video *v = &video;
    start(v, 0);
    for (uint32_t i = 0; i < 45; i++) { // the bar passes twice
        check_next_frame(v, i, 128);
        rig_advance(&v->rig, 33334);
    }
    rig_end(&v->rig);
}

TEST(sim_camera_jpeg_of_every_brightness)
{
    struct video *v = &video;
    for (int brightness = -64; brightness <= 64; brightness++) {
        start(v, brightness);
        check_next_frame(v, 0, (uint8_t)(128 + brightness));
        rig_end(&v->rig);
    }
}

// Numbers with other bits come when a host has been away: their frames' time is over.
TEST(sim_camera_jpeg_of_large_numbers)
{
    static const uint32_t numbers[] = {0x5555,     0xffff,     0x12345,    0xaaaaaa,  0x01000000,
                                       0x7fffffff, 0x80000000, 0xaaaaaaaa, 0xffffffff};
    struct video *v = &video;
    start(v, 0);
    check_next_frame(v, 0, 128);
    uint64_t start_us = v->rig.now_us;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        v->rig.now_us = start_us + (uint64_t)numbers[i] * VIDEO_30_FPS / 10;
        rig_settle(&v->rig);
        check_next_frame(v, numbers[i], 128);
    }
    CHECK_EQ(sim_camera_traffic(v->rig.sim).dropped, 0xffffffffu - 9);
    rig_end(&v->rig);
}
