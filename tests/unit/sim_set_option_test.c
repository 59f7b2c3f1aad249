// SPDX-License-Identifier: Apache-2.0
// The --sim option: options of the devices.
#include "tests/unit/set_rig.h"

#include <string.h>

enum { MIB = 1024 * 1024, DISK_IN = 0x81, DISK_OUT = 0x02 };

static void disk_ask(struct set_rig *s, const uint8_t *cdb, unsigned size, uint8_t *data,
                     uint32_t length)
{
    uint8_t cbw[31] = "USBC", csw[13];
    base_put_le32(cbw + 8, length);
    cbw[12] = 0x80;
    cbw[14] = (uint8_t)size;
    memcpy(cbw + 15, cdb, size);
    CHECK_EQ(rig_write(s->rig.dev, DISK_OUT, cbw, sizeof cbw), sizeof cbw);
    CHECK_EQ(rig_read(s->rig.dev, DISK_IN, data, length), length);
    CHECK_EQ(rig_read(s->rig.dev, DISK_IN, csw, sizeof csw), sizeof csw);
    CHECK_EQ(csw[12], 0);
}

static uint32_t disk_blocks(struct set_rig *s)
{
    uint8_t data[18];
    disk_ask(s, (const uint8_t[6]){0x03, 0, 0, 0, 18}, 6, data, 18); // ends the unit attention
    disk_ask(s, (const uint8_t[10]){0x25}, 10, data, 8);
    return base_get_be32(data) + 1;
}

static bool disk_protected(struct set_rig *s)
{
    uint8_t data[4];
    disk_ask(s, (const uint8_t[6]){0x1a, 0, 0x3f, 0, 4}, 6, data, 4);
    return data[2] & 0x80;
}

static void check_disk(const char *spec, uint32_t blocks, bool read_only)
{
    struct set_rig s;
    uint8_t boot[512];
    set_begin(&s);
    CHECK_EQ(set_plug(&s, spec), BASE_OK);
    set_open(&s, "1-1");
    CHECK_EQ(disk_blocks(&s), blocks);
    CHECK_EQ(disk_protected(&s), read_only);
    disk_ask(&s, (const uint8_t[6]){0x08, 0, 0, 0, 1}, 6, boot, 512);
    CHECK_BYTES(boot + 43, "USBIP DISK ", 11); // formatted, also if write-protected
    set_end(&s);
}

TEST(sim_set_disk_options)
{
    check_disk("disk", 64 * MIB / 512, false);
    check_disk("disk:size=1M", MIB / 512, false);
    check_disk("disk:size=1025K:ro", 2050, true);
    check_disk("disk:ro:size=8M", 8 * MIB / 512, true);
    check_disk("disk:size=1049088", 2049, false);
    check_disk("disk:size=2M:size=1M", MIB / 512, false); // the last word counts
}

SET_TEST(sim_set_disks_can_be_told_apart, set_begin(s))
{
    CHECK_EQ(set_plug(s, "disk:size=1M,disk:size=1M"), BASE_OK);
    CHECK_STR(sim_find(s->rig.bus, "1-1")->desc->strings[2], "000000000001");
    CHECK_STR(sim_find(s->rig.bus, "1-5")->desc->strings[2], "000000000005");
}

static void join(char *buf, size_t size, const char *a, const char *b, const char *c)
{
    struct base_text t;
    base_text_init(&t, buf, size);
    base_text_str(&t, a);
    base_text_str(&t, b);
    base_text_str(&t, c);
    CHECK(!t.cut);
}

TEST(sim_set_bad_sizes)
{
    static const char *const sizes[] = {
        "1023K",
        "1048575",
        "1048577",
        "4194305K",
        "5G",
        "0",
        "0M",
        "-1M",
        "M",
        "1.5M",
        "64MB",
        "64m",
        "64 M",
        "0x100000",
        "18446744073776660480",
        "18014398509547520K",
        "17179869185G",
    };
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char spec[64], why[SET_WHY];
        join(spec, sizeof spec, "disk:size=", sizes[i], "");
        join(why, sizeof why, "disk: bad size '", sizes[i],
             "', it goes from 1M to 4G in steps of 512 bytes");
        set_check_refused(spec, BASE_ERR_INVALID, why);
    }
    set_check_refused("disk:size=", BASE_ERR_INVALID, "disk: 'size=' needs a value");
    set_check_refused("disk:size", BASE_ERR_INVALID, "disk: 'size=' needs a value");
}

// 4 GiB is a size, whether or not there is so much memory.
SET_TEST(sim_set_largest_size, set_begin(s))
{
    s->rig.heap.fail_at = s->rig.heap.calls + 2;
    CHECK_EQ(set_plug(s, "disk:size=4G"), BASE_ERR_NOMEM);
    CHECK_STR(s->why, "there is not enough memory");
}

TEST(sim_set_disk_in_a_file)
{
    struct set_rig s;
    uint8_t data[512];
    set_begin(&s);
    CHECK_EQ(set_plug(&s, "zero,disk:file=some/where=x.img:ro"), BASE_OK);
    CHECK_STR(s.path, "some/where=x.img");
    CHECK(s.read_only);
    set_open(&s, "1-1");
    CHECK_EQ(disk_blocks(&s), SET_FILE_BLOCKS);
    CHECK(disk_protected(&s));
    disk_ask(&s, (const uint8_t[6]){0x08, 0, 0, 0, 1}, 6, data, 512);
    CHECK_EQ(data[0], 0x5a); // as it was
    set_end(&s);

    set_begin(&s);
    CHECK_EQ(set_plug(&s, "disk:file=a"), BASE_OK);
    CHECK(!s.read_only);
    CHECK_EQ(s.opened, 1);
    set_end(&s);
}

TEST(sim_set_disk_in_a_file_refused)
{
    struct set_rig s;
    set_begin(&s);
    s.open_result = BASE_ERR_NOT_FOUND;
    CHECK_EQ(set_plug(&s, "zero,disk:file=a"), BASE_ERR_NOT_FOUND);
    CHECK_STR(s.why, "the file is not there");
    set_check_plugged(&s, "");
    CHECK_EQ(sim_set_plug(s.rig.bus, "disk:file=a", NULL, s.why, SET_WHY), BASE_ERR_UNSUPPORTED);
    CHECK_STR(s.why, "disk: there are no files here, leave out 'file='");
    CHECK_EQ(sim_set_plug(s.rig.bus, "zero", NULL, s.why, SET_WHY), BASE_OK);
    set_end(&s);
    set_check_refused("disk:file=", BASE_ERR_INVALID, "disk: 'file=' needs a value");
    set_check_refused("disk:file=a:size=1M", BASE_ERR_INVALID,
                      "disk: a file has its own size, leave out 'size='");
    set_check_unknown("disk:file=a,nonsense", "nonsense");
}

TEST(sim_set_disk_transports)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(
        set_plug(&s, "disk:size=1M:uas,disk:size=1M:speed=super:ro,disk:size=1M:speed=high:uas"),
        BASE_OK);
    CHECK_EQ(sim_find(s.rig.bus, "1-1")->speed, USB_SPEED_HIGH);
    CHECK_EQ(sim_find(s.rig.bus, "1-1")->desc->configs[0][2], 85); // with UAS
    CHECK_EQ(sim_find(s.rig.bus, "1-5")->speed, USB_SPEED_SUPER);
    CHECK_EQ(sim_find(s.rig.bus, "1-6")->speed, USB_SPEED_HIGH);
    CHECK_EQ(sim_find(s.rig.bus, "1-6")->desc->configs[0][2], 85);
    set_open(&s, "1-5");
    CHECK_EQ(disk_blocks(&s), MIB / 512);
    CHECK(disk_protected(&s));
    set_end(&s);
    set_check_refused("disk:speed=full", BASE_ERR_INVALID,
                      "disk: bad speed 'full', it is high or super");
    set_check_refused("disk:speed", BASE_ERR_INVALID, "disk: 'speed=' needs a value");
    set_check_refused("disk:uas=1", BASE_ERR_INVALID, "disk: 'uas' takes no value");
    set_check_refused("disk:uas:speed=super", BASE_ERR_INVALID,
                      "disk: 'uas' is for high speed only");
    set_check_refused("disk:speed=super:file=x:uas", BASE_ERR_INVALID,
                      "disk: 'uas' is for high speed only");
}

TEST(sim_set_serial_ports)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(set_plug(&s, "serial:count=4,serial,serial:count=1,serial:count=2"), BASE_OK);
    CHECK_EQ(sim_find(s.rig.bus, "1-2.2")->desc->configs[0][4], 8); // bNumInterfaces
    CHECK_EQ(sim_find(s.rig.bus, "1-5")->desc->configs[0][4], 2);
    CHECK_EQ(sim_find(s.rig.bus, "1-6")->desc->configs[0][4], 2);
    CHECK_EQ(sim_find(s.rig.bus, "1-7")->desc->configs[0][4], 4);
    set_end(&s);
    static const char *const counts[] = {"0", "5", "1K", "-1", "x", "4x", "18446744073709551617"};
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        char spec[64], why[SET_WHY];
        join(spec, sizeof spec, "serial:count=", counts[i], "");
        join(why, sizeof why, "serial: bad count '", counts[i], "', it goes from 1 to 4");
        set_check_refused(spec, BASE_ERR_INVALID, why);
    }
    set_check_refused("serial:count=", BASE_ERR_INVALID, "serial: 'count=' needs a value");
    set_check_refused("serial:count", BASE_ERR_INVALID, "serial: 'count=' needs a value");
}

TEST(sim_set_zero_options)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(set_plug(&s, "zero:speed=full,zero:speed=high,zero:pace=4000:iso=128"), BASE_OK);
    CHECK_EQ(sim_find(s.rig.bus, "1-3")->speed, USB_SPEED_FULL);
    CHECK_EQ(sim_find(s.rig.bus, "1-5")->speed, USB_SPEED_HIGH);
    CHECK_EQ(sim_find(s.rig.bus, "1-6")->speed, USB_SPEED_HIGH);
    set_end(&s);
    set_check_refused("zero:speed=low", BASE_ERR_INVALID,
                      "zero: bad speed 'low', it is full or high");
    set_check_refused("zero:pace", BASE_ERR_INVALID, "zero: 'pace=' needs a value");
    set_check_refused("zero:pace=0", BASE_ERR_INVALID,
                      "zero: bad pace '0', it goes from 1 to 1000000 microseconds");
    set_check_refused("zero:pace=1000001", BASE_ERR_INVALID,
                      "zero: bad pace '1000001', it goes from 1 to 1000000 microseconds");
    set_check_refused("zero:iso=0", BASE_ERR_INVALID, "zero: bad iso '0', it goes from 1 to 1023");
    set_check_refused("zero:iso=1024", BASE_ERR_INVALID,
                      "zero: bad iso '1024', it goes from 1 to 1023");
    set_check_refused("zero:speed", BASE_ERR_INVALID, "zero: 'speed=' needs a value");
    set_check_refused("zero:size=1M", BASE_ERR_INVALID, "zero: unknown option 'size'");
}

// The text is typed two seconds after SET_CONFIGURATION.
TEST(sim_set_keyboard_types)
{
    struct set_rig s;
    uint8_t report[8];
    set_begin(&s);
    CHECK_EQ(set_plug(&s, "keyboard:text=a b"), BASE_OK);
    set_open(&s, "1-2.1");
    CHECK_EQ(rig_read(s.rig.dev, 0x81, report, 8), RIG_PENDING);
    rig_advance(&s.rig, 2000000);
    CHECK_EQ(rig_read(s.rig.dev, 0x81, report, 8), 8);
    CHECK_EQ(report[2], 4); // the usage of A
    set_end(&s);
    set_check_refused("keyboard:text", BASE_ERR_INVALID, "keyboard: 'text=' needs a value");
    set_check_refused("keyboard:text=", BASE_ERR_INVALID, "keyboard: 'text=' needs a value");
    set_check_refused("keyboard:text=\x01", BASE_ERR_INVALID,
                      "keyboard: the text is too long or has no keys on a US keyboard");
}

TEST(sim_set_faulty_modes)
{
    static const char *const specs[] = {"faulty:nak",    "faulty:stall", "faulty:short",
                                        "faulty:babble", "faulty:late",  "faulty:vanish"};
    static const int reads[] = {RIG_PENDING, USB_STATUS_STALL, 13, USB_STATUS_OVERFLOW,
                                RIG_PENDING};
    for (unsigned i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        struct set_rig s;
        uint8_t data[1024];
        set_begin(&s);
        CHECK_EQ(set_plug(&s, specs[i]), BASE_OK);
        set_open(&s, "1-5");
        if (i < 5) {
            CHECK_EQ(rig_read(s.rig.dev, 0x81, data, sizeof data), reads[i]);
        } else {
            CHECK(rig_read(s.rig.dev, 0x81, data, sizeof data) < 0);
            CHECK(!s.rig.sim->port);
        }
        set_end(&s);
    }
    set_check_refused("faulty:loud", BASE_ERR_INVALID, "faulty: unknown option 'loud'");
    set_check_refused("faulty:nak=1", BASE_ERR_INVALID, "faulty: 'nak' takes no value");
}

TEST(sim_set_audio_that_is_recorded)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(set_plug(&s, "audio:record=some/where=x.pcm,audio"), BASE_OK);
    CHECK_STR(s.path, "some/where=x.pcm");
    CHECK_EQ(s.opened, 1);
    set_check_plugged(&s, "1-4=audio 1-5=audio");
    set_end(&s);

    set_begin(&s);
    s.open_result = BASE_ERR_NOT_FOUND;
    CHECK_EQ(set_plug(&s, "audio:record=a"), BASE_ERR_NOT_FOUND);
    CHECK_STR(s.why, "the file is not there");
    CHECK_EQ(sim_set_plug(s.rig.bus, "audio:record=a", NULL, s.why, SET_WHY), BASE_ERR_UNSUPPORTED);
    CHECK_STR(s.why, "audio: there are no files here, leave out 'record='");
    CHECK_EQ(sim_set_plug(s.rig.bus, "audio", NULL, s.why, SET_WHY), BASE_OK);
    set_end(&s);
    set_check_refused("audio:record=", BASE_ERR_INVALID, "audio: 'record=' needs a value");
    set_check_refused("audio:record", BASE_ERR_INVALID, "audio: 'record=' needs a value");
    set_check_refused("audio:rate=44100", BASE_ERR_INVALID, "audio: unknown option 'rate'");
}

SET_TEST(sim_set_camera_options, set_begin(s))
{
    uint8_t streaming[26];
    CHECK_EQ(set_plug(s, "camera,camera:payload=3072,camera:bulk,camera:payload=64K:bulk"),
             BASE_OK);
    static const uint32_t payloads[] = {1024, 3072, 16380, 65536};
    for (unsigned i = 0; i < 4; i++) {
        char busid[] = {'1', '-', (char)('5' + i), '\0'};
        struct sim_device *d = sim_find(s->rig.bus, busid);
        struct usb_setup get_probe = {0xa1, 0x81, 0x0100, 1, sizeof streaming};
        CHECK_EQ(d->ops->setup(d, &get_probe, streaming, sizeof streaming), sizeof streaming);
        CHECK_EQ(base_get_le32(streaming + 22), payloads[i]);
        CHECK_EQ(rig_check_config(d->desc->configs[0]), i < 2 ? 5 : 1);
    }
}

TEST(sim_set_camera_options_refused)
{
    static const char *const sizes[] = {"63", "3073", "0", "1.5K", "x"};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char spec[64], why[SET_WHY];
        join(spec, sizeof spec, "camera:payload=", sizes[i], "");
        join(why, sizeof why, "camera: bad payload '", sizes[i],
             "', it goes from 64 to 3072 bytes, with 'bulk' to 64K");
        set_check_refused(spec, BASE_ERR_INVALID, why);
    }
    set_check_refused(
        "camera:payload=65537:bulk", BASE_ERR_INVALID,
        "camera: bad payload '65537', it goes from 64 to 3072 bytes, with 'bulk' to 64K");
    set_check_refused("camera:payload=", BASE_ERR_INVALID, "camera: 'payload=' needs a value");
    set_check_refused("camera:payload", BASE_ERR_INVALID, "camera: 'payload=' needs a value");
    set_check_refused("camera:bulk=1", BASE_ERR_INVALID, "camera: 'bulk' takes no value");
    set_check_refused("camera:size=1", BASE_ERR_INVALID, "camera: unknown option 'size'");
}
