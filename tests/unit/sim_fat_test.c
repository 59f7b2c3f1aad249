// SPDX-License-Identifier: Apache-2.0
// Reads the file system back with the rules of Microsoft's specification, on its own.
#include "base/base_bytes.h"
#include "sim/device/disk/sim_disk_fat.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR ((size_t)512)

enum { WINDOW = 600 * 1024, MIB_SECTORS = 2048, MEDIUM_SECTORS = 64 * MIB_SECTORS };

// A medium of any size. Only its beginning, where everything is written, is kept.
struct medium {
    uint8_t *window;
    unsigned writes, failing_write; // 0: none fails
};

struct volume {
    const uint8_t *boot;
    uint32_t sectors, cluster_sectors, fat_sectors, root_sectors, clusters;
    unsigned bits;
    const uint8_t *fat[2], *root, *data;
};

static enum base_err medium_write(void *ctx, uint64_t offset, const void *buf, size_t size)
{
    struct medium *m = ctx;
    if (++m->writes == m->failing_write)
        return BASE_ERR_IO;
    CHECK(offset % SECTOR == 0 && size % SECTOR == 0 && offset + size <= WINDOW);
    memcpy(m->window + offset, buf, size);
    return BASE_OK;
}

static enum base_err format(struct medium *m, uint64_t sectors)
{
    struct sim_storage s = {.write = medium_write, .ctx = m, .size_bytes = sectors * SECTOR};
    return sim_disk_fat_format(&s, 0x1234abcd);
}

static void medium_begin(struct medium *m)
{
    *m = (struct medium){.window = malloc(WINDOW)};
    CHECK(m->window);
    memset(m->window, 0xa5, WINDOW); // formatting must not rely on an empty medium
}

static uint32_t next_cluster(const struct volume *v, unsigned fat, uint32_t n)
{
    if (v->bits == 16)
        return base_get_le16(v->fat[fat] + (size_t)2 * n);
    uint32_t pair = base_get_le16(v->fat[fat] + n * 3 / 2);
    return n % 2 ? pair >> 4 : pair & 0xfff;
}

static void check_parameters(const uint8_t *boot)
{
    CHECK(boot[0] == 0xeb && boot[2] == 0x90);
    CHECK_EQ(base_get_le16(boot + 510), 0xaa55);
    CHECK_EQ(base_get_le16(boot + 11), SECTOR);
    CHECK(boot[13] != 0 && (boot[13] & (boot[13] - 1)) == 0); // a power of two
    CHECK(base_get_le16(boot + 14) > 0);
    CHECK_EQ(boot[16], 2);
    CHECK_EQ(boot[21], 0xf8);
    CHECK_EQ(base_get_le32(boot + 28), 0); // no partition table: nothing is hidden
    CHECK_EQ(boot[38], 0x29);
    CHECK_EQ(base_get_le32(boot + 39), 0x1234abcd);
    CHECK_BYTES(boot + 43, "USBIP DISK ", 11);
}

static void mount(struct volume *v, const struct medium *m, uint64_t medium_sectors)
{
    const uint8_t *boot = m->window;
    check_parameters(boot);
    uint32_t small = base_get_le16(boot + 19), big = base_get_le32(boot + 32);
    CHECK((small == 0) != (big == 0));
    *v = (struct volume){
        .boot = boot,
        .sectors = small + big,
        .cluster_sectors = boot[13],
        .fat_sectors = base_get_le16(boot + 22),
        .root_sectors = base_get_le16(boot + 17) * 32u / 512,
    };
    uint32_t root = base_get_le16(boot + 14) + 2 * v->fat_sectors;
    CHECK(v->sectors <= medium_sectors);
    v->clusters = (v->sectors - root - v->root_sectors) / v->cluster_sectors;
    v->bits = v->clusters < 4085 ? 12 : 16;
    v->fat[0] = boot + base_get_le16(boot + 14) * SECTOR;
    v->fat[1] = v->fat[0] + v->fat_sectors * SECTOR;
    v->root = boot + root * SECTOR;
    v->data = v->root + v->root_sectors * SECTOR;
    CHECK(v->clusters < 65525);
    CHECK_BYTES(boot + 54, v->bits == 12 ? "FAT12   " : "FAT16   ", 8);
    CHECK(v->fat_sectors * SECTOR * 8 / v->bits >= v->clusters + 2); // an entry for each
}

static void check_tables(const struct volume *v)
{
    CHECK_BYTES(v->fat[1], v->fat[0], v->fat_sectors * SECTOR);
    CHECK_EQ(next_cluster(v, 0, 0), v->bits == 12 ? 0xff8 : 0xfff8);
    CHECK(next_cluster(v, 0, 1) >= (v->bits == 12 ? 0xff8u : 0xfff8u));
    for (uint32_t n = 3; n < v->clusters + 2; n++)
        CHECK_EQ(next_cluster(v, 0, n), 0);
}

// Label and README only; its text, NUL-terminated. Free it.
static char *read_readme(const struct volume *v)
{
    const uint8_t *label = v->root, *file = v->root + 32;
    CHECK_BYTES(label, "USBIP DISK \x08", 12);
    CHECK_BYTES(file, "README  TXT\x20", 12);
    CHECK(base_get_le16(file + 24) != 0); // a date
    CHECK_EQ(base_get_le16(file + 26), 2);
    for (uint32_t i = 64; i < v->root_sectors * SECTOR; i++)
        CHECK_EQ(v->root[i], 0);
    uint32_t size = base_get_le32(file + 28);
    CHECK(size > 0 && size <= v->cluster_sectors * SECTOR); // one cluster, as its chain says:
    CHECK(next_cluster(v, 0, 2) >= (v->bits == 12 ? 0xff8u : 0xfff8u));
    char *text = malloc(size + 1);
    CHECK(text);
    memcpy(text, v->data, size);
    text[size] = '\0';
    CHECK_EQ(strlen(text), size);
    return text;
}

static struct volume check_size(uint64_t sectors)
{
    struct medium m;
    struct volume v;
    medium_begin(&m);
    CHECK_EQ(format(&m, sectors), BASE_OK);
    mount(&v, &m, sectors);
    check_tables(&v);
    free(read_readme(&v));
    free(m.window);
    return v;
}

TEST(sim_fat_of_64_mib)
{
    struct volume v = check_size(MEDIUM_SECTORS);
    CHECK_EQ(v.bits, 16);
    CHECK_EQ(v.sectors, MEDIUM_SECTORS);
    CHECK_EQ(v.cluster_sectors, 4);
}

TEST(sim_fat_of_1_mib)
{
    struct volume v = check_size(MIB_SECTORS);
    CHECK_EQ(v.bits, 12);
    CHECK_EQ(v.sectors, MIB_SECTORS);
}

// Around the number of clusters where FAT12 ends and FAT16 begins.
TEST(sim_fat_between_12_and_16_bits)
{
    unsigned sizes[17] = {0};
    for (uint32_t sectors = 16200; sectors < 16600; sectors += 3) {
        struct volume v = check_size(sectors);
        CHECK_EQ(v.sectors, sectors);
        CHECK(v.clusters < 4085 - 15 || v.clusters > 4085 + 15);
        sizes[v.bits]++;
    }
    CHECK(sizes[12] > 10 && sizes[16] > 10);
}

TEST(sim_fat_of_every_power_of_two)
{
    for (uint64_t sectors = 128; sectors <= 4096ull * MIB_SECTORS; sectors *= 2) {
        struct volume v = check_size(sectors);
        CHECK(v.sectors > sectors - sectors / 100); // hardly anything is wasted
        (void)check_size(sectors - 1 < 128 ? 128 : sectors - 1);
        (void)check_size(sectors + 1);
    }
}

TEST(sim_fat_larger_than_fat16_can_be)
{
    struct volume v = check_size(1ull << 40);
    CHECK_EQ(v.bits, 16);
    CHECK_EQ(v.cluster_sectors, 128);
}

TEST(sim_fat_too_small)
{
    struct medium m;
    medium_begin(&m);
    CHECK_EQ(format(&m, 127), BASE_ERR_INVALID);
    CHECK_EQ(format(&m, 0), BASE_ERR_INVALID);
    CHECK_EQ(m.writes, 0);
    free(m.window);
}

TEST(sim_fat_readme_tells_about_the_devices)
{
    static const char *const words[] = {"1-1 ",   "disk",   "1-2.1 ",      "keyboard",
                                        "1-2.2 ", "serial", "1-3 ",        "zero",
                                        "1-4 ",   "audio",  "usbip attach"};
    struct medium m;
    struct volume v;
    medium_begin(&m);
    CHECK_EQ(format(&m, MIB_SECTORS), BASE_OK);
    mount(&v, &m, MIB_SECTORS);
    char *text = read_readme(&v);
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strstr(text, words[i]))
            check_fail(__FILE__, __LINE__, "README.TXT does not say %s", words[i]);
    size_t column = 0;
    for (const char *c = text; *c; c++) {
        column = *c == '\n' ? 0 : column + 1;
        CHECK(column <= 81); // with the \r
        CHECK((*c >= ' ' && *c < 127) || (*c == '\r' && c[1] == '\n') ||
              (*c == '\n' && c > text && c[-1] == '\r'));
    }
    free(text);
    free(m.window);
}

TEST(sim_fat_write_errors_come_back)
{
    struct medium m;
    medium_begin(&m);
    CHECK_EQ(format(&m, MIB_SECTORS), BASE_OK);
    unsigned writes = m.writes;
    for (unsigned n = 1; n <= writes; n++) {
        m.writes = 0;
        m.failing_write = n;
        CHECK_EQ(format(&m, MIB_SECTORS), BASE_ERR_IO);
        CHECK_EQ(m.writes, n); // and nothing is written after it
    }
    free(m.window);
}
