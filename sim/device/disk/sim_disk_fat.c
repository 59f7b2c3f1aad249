// SPDX-License-Identifier: Apache-2.0
// Numbers and names are those of Microsoft's "FAT: General Overview of On-Disk Format" 1.03.
#include "sim_disk_fat.h"

#include "base/base_bytes.h"

#include <string.h>

enum {
    SECTOR = SIM_STORAGE_BLOCK,
    RESERVED_SECTORS = 1, // the boot sector
    FATS = 2,
    ROOT_ENTRIES = 512,
    ENTRY_SIZE = 32,
    ROOT_SECTORS = ROOT_ENTRIES * ENTRY_SIZE / SECTOR,
    FIXED_SECTORS = RESERVED_SECTORS + ROOT_SECTORS,
    MIN_SECTORS = 128,
    FIRST_CLUSTER = 2,

    // The number of clusters alone decides between FAT12 and FAT16. Some systems are off by a few,
    // so keep 16 away from the borders, as the specification advises.
    FAT12_MAX = 4084 - 16,
    FAT16_MIN = 4085 + 16,
    FAT16_MAX = 65524 - 16,
    MIN_CLUSTER_SECTORS = 4,
    MAX_CLUSTER_SECTORS = 128,

    MEDIA = 0xf8, // fixed disk
    ATTRIBUTE_VOLUME = 0x08,
    ATTRIBUTE_ARCHIVE = 0x20,
    DATE = (2026 - 1980) << 9 | 1 << 5 | 1, // there is no clock here
};

static const char label[] = "USBIP DISK "; // 11 characters

static const char readme[] =
    "This disk exists only in software: it is one of the simulated USB devices of\r\n"
    "usbip-esp32p4, a USB/IP server. Use it like any other disk. What you write to it\r\n"
    "is there until the server ends, also after detaching and attaching it again.\r\n"
    "\r\n"
    "The other devices of the set are attached in the same way as this one:\r\n"
    "\r\n"
    "    usbip attach -r SERVER -b BUSID\r\n"
    "\r\n"
    "BUSID  NAME      WHAT IT IS                       HOW TO SEE IT WORK\r\n"
    "1-1    disk      this disk (mass storage)         mount it, copy files, dd\r\n"
    "1-2.1  keyboard  a keyboard with a mouse (HID)    types on the server's request\r\n"
    "1-2.2  serial    a serial port that echoes (ACM)  minicom -D /dev/ttyACM0, stty\r\n"
    "1-3    zero      Linux's Gadget Zero, for tests   modprobe usbtest, testusb -a\r\n"
    "1-4    audio     a headset that hears a tone      arecord, aplay\r\n"
    "\r\n"
    "1-2 is the hub into which the keyboard and the serial port are plugged. A hub\r\n"
    "cannot be attached.\r\n";

_Static_assert((int)sizeof readme - 1 <= MIN_CLUSTER_SECTORS * SECTOR, "one cluster is enough");

struct layout {
    uint32_t sectors;
    uint32_t fat_sectors; // of one FAT
    uint32_t clusters;
    uint32_t cluster_sectors;
    unsigned bits; // of a FAT entry: 12 or 16
};

static uint32_t divide_up(uint32_t a, uint32_t b)
{
    return (a + b - 1) / b;
}

// Fills in FAT size and number of clusters for the rest of `l`. The FAT may get a sector too much,
// as the space that it takes itself is not deducted.
static void size_fat(struct layout *l)
{
    uint32_t most = (l->sectors - FIXED_SECTORS) / l->cluster_sectors + FIRST_CLUSTER;
    l->fat_sectors = divide_up(divide_up(most * l->bits, 8), SECTOR);
    l->clusters = (l->sectors - FIXED_SECTORS - FATS * l->fat_sectors) / l->cluster_sectors;
}

// The smallest clusters with which the size fits one of the two types.
static struct layout layout_of(uint32_t sectors)
{
    struct layout l = {.sectors = sectors, .cluster_sectors = MIN_CLUSTER_SECTORS};
    for (; l.cluster_sectors <= MAX_CLUSTER_SECTORS; l.cluster_sectors *= 2) {
        l.bits = 12;
        size_fat(&l);
        if (l.clusters <= FAT12_MAX)
            return l;
        l.bits = 16;
        size_fat(&l);
        if (l.clusters >= FAT16_MIN && l.clusters <= FAT16_MAX)
            return l;
    }
    l.cluster_sectors = MAX_CLUSTER_SECTORS; // too large: the end stays unused
    l.clusters = FAT16_MAX;
    l.fat_sectors = divide_up((FAT16_MAX + FIRST_CLUSTER) * 2, SECTOR);
    l.sectors = FIXED_SECTORS + FATS * l.fat_sectors + l.clusters * l.cluster_sectors;
    return l;
}

static enum base_err write_sector(const struct sim_storage *s, uint32_t sector,
                                  const uint8_t data[SECTOR])
{
    return s->write(s->ctx, (uint64_t)sector * SECTOR, data, SECTOR);
}

// `first`, then zeros up to `count` sectors. Clobbers `first`.
static enum base_err write_area(const struct sim_storage *s, uint32_t sector, uint32_t count,
                                uint8_t first[SECTOR])
{
    enum base_err err = write_sector(s, sector, first);
    memset(first, 0, SECTOR);
    for (uint32_t i = 1; i < count && err == BASE_OK; i++)
        err = write_sector(s, sector + i, first);
    return err;
}

static enum base_err write_boot(const struct sim_storage *s, const struct layout *l,
                                uint32_t volume_id)
{
    uint8_t p[SECTOR] = {0xeb, 0x3c, 0x90}; // jump over the parameters
    memcpy(p + 3, "USBIP   ", 8);
    base_put_le16(p + 11, SECTOR);
    p[13] = (uint8_t)l->cluster_sectors;
    base_put_le16(p + 14, RESERVED_SECTORS);
    p[16] = FATS;
    base_put_le16(p + 17, ROOT_ENTRIES);
    if (l->sectors <= UINT16_MAX)
        base_put_le16(p + 19, (uint16_t)l->sectors);
    else
        base_put_le32(p + 32, l->sectors);
    p[21] = MEDIA;
    base_put_le16(p + 22, (uint16_t)l->fat_sectors);
    base_put_le16(p + 24, 32); // sectors per track and heads: of no meaning here, but not 0
    base_put_le16(p + 26, 64);
    p[36] = 0x80; // drive number of the BIOS
    p[38] = 0x29; // the next three fields are there
    base_put_le32(p + 39, volume_id);
    memcpy(p + 43, label, 11);
    memcpy(p + 54, l->bits == 12 ? "FAT12   " : "FAT16   ", 8);
    p[62] = 0xeb; // boot code: a loop without end
    p[63] = 0xfe;
    base_put_le16(p + 510, 0xaa55);
    return write_sector(s, 0, p);
}

static void put_entry(uint8_t *fat, unsigned bits, size_t n, uint16_t value)
{
    if (bits == 16) {
        base_put_le16(fat + 2 * n, value);
    } else if (n % 2 == 0) { // two entries of 12 bits in three bytes
        fat[n / 2 * 3] = (uint8_t)value;
        fat[n / 2 * 3 + 1] = (uint8_t)(value >> 8 & 0x0f);
    } else {
        fat[n / 2 * 3 + 1] |= (uint8_t)(value << 4);
        fat[n / 2 * 3 + 2] = (uint8_t)(value >> 4);
    }
}

// The README has the first cluster, everything behind it is free.
static enum base_err write_fat(const struct sim_storage *s, const struct layout *l, uint32_t sector)
{
    uint8_t p[SECTOR] = {0};
    put_entry(p, l->bits, 0, 0xff00 | MEDIA);
    put_entry(p, l->bits, 1, 0xffff);
    put_entry(p, l->bits, FIRST_CLUSTER, 0xffff);
    return write_area(s, sector, l->fat_sectors, p);
}

static void put_name(uint8_t *entry, const char *name, uint8_t attributes)
{
    memcpy(entry, name, 11);
    entry[11] = attributes;
    base_put_le16(entry + 16, DATE); // created
    base_put_le16(entry + 18, DATE); // last access
    base_put_le16(entry + 24, DATE); // last write
}

static enum base_err write_root(const struct sim_storage *s, uint32_t sector)
{
    uint8_t p[SECTOR] = {0};
    put_name(p, label, ATTRIBUTE_VOLUME);
    put_name(p + ENTRY_SIZE, "README  TXT", ATTRIBUTE_ARCHIVE);
    base_put_le16(p + ENTRY_SIZE + 26, FIRST_CLUSTER);
    base_put_le32(p + ENTRY_SIZE + 28, sizeof readme - 1);
    return write_area(s, sector, ROOT_SECTORS, p);
}

static enum base_err write_readme(const struct sim_storage *s, uint32_t sector)
{
    enum base_err err = BASE_OK;
    for (size_t at = 0; at < sizeof readme - 1 && err == BASE_OK; at += SECTOR) {
        uint8_t p[SECTOR] = {0};
        size_t left = sizeof readme - 1 - at;
        memcpy(p, readme + at, left < SECTOR ? left : SECTOR);
        err = write_sector(s, sector++, p);
    }
    return err;
}

enum base_err sim_disk_fat_format(const struct sim_storage *s, uint32_t volume_id)
{
    uint64_t sectors = s->size_bytes / SECTOR;
    if (sectors < MIN_SECTORS)
        return BASE_ERR_INVALID;
    struct layout l = layout_of(sectors < UINT32_MAX ? (uint32_t)sectors : UINT32_MAX);
    uint32_t sector = RESERVED_SECTORS;
    enum base_err err = write_boot(s, &l, volume_id);
    for (unsigned i = 0; i < FATS && err == BASE_OK; i++, sector += l.fat_sectors)
        err = write_fat(s, &l, sector);
    if (err == BASE_OK)
        err = write_root(s, sector);
    if (err == BASE_OK)
        err = write_readme(s, sector + ROOT_SECTORS);
    return err;
}
