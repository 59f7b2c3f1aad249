// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_set.h"

#include "base/base_text.h"
#include "tests/support/sim_rig.h"

enum { WHY = 160, MIB = 1024 * 1024, DISK_IN = 0x81, DISK_OUT = 0x02, FILE_BLOCKS = 7 };

struct set_rig {
    struct rig rig;
    unsigned allocations, failing; // the n-th one fails; 0: none
    char why[WHY];

    // The port's files.
    struct sim_set_environment env;
    enum base_err open_result;
    char path[64];
    bool read_only;
    unsigned opened, destroyed;
};

static void *limited_alloc(void *ctx, size_t size)
{
    struct set_rig *s = ctx;
    return ++s->allocations == s->failing ? NULL : rig_alloc(&s->rig, size);
}

static void limited_free(void *ctx, void *p)
{
    struct set_rig *s = ctx;
    rig_free(&s->rig, p);
}

static enum base_err fake_read(void *ctx, uint64_t offset, void *buf, size_t size)
{
    (void)ctx, (void)offset;
    memset(buf, 0x5a, size);
    return BASE_OK;
}

static void fake_destroy(void *ctx)
{
    struct set_rig *s = ctx;
    s->destroyed++;
}

static enum base_err fake_open(void *ctx, const char *path, bool read_only,
                               struct sim_storage *storage, char *why, size_t why_size)
{
    struct set_rig *s = ctx;
    CHECK(base_text_copy(s->path, sizeof s->path, path));
    s->read_only = read_only;
    if (s->open_result != BASE_OK) {
        CHECK(base_text_copy(why, why_size, "the file is not there"));
        return s->open_result;
    }
    s->opened++;
    *storage = (struct sim_storage){.read = fake_read,
                                    .destroy = fake_destroy,
                                    .ctx = s,
                                    .size_bytes = FILE_BLOCKS * 512ull,
                                    .read_only = read_only};
    return BASE_OK;
}

static enum base_err fake_append(void *ctx, const void *samples, size_t size)
{
    (void)ctx, (void)samples, (void)size;
    return BASE_OK;
}

static enum base_err fake_record(void *ctx, const char *path, struct sim_audio_recorder *recorder,
                                 char *why, size_t why_size)
{
    struct set_rig *s = ctx;
    CHECK(base_text_copy(s->path, sizeof s->path, path));
    if (s->open_result != BASE_OK) {
        CHECK(base_text_copy(why, why_size, "the file is not there"));
        return s->open_result;
    }
    s->opened++;
    *recorder = (struct sim_audio_recorder){fake_append, fake_destroy, s};
    return BASE_OK;
}

static void set_begin(struct set_rig *s)
{
    memset(s, 0, sizeof *s);
    rig_begin(&s->rig);
    s->rig.alloc = (struct base_alloc){limited_alloc, limited_free, s};
    s->env =
        (struct sim_set_environment){.open_file = fake_open, .open_record = fake_record, .ctx = s};
}

static void set_end(struct set_rig *s)
{
    sim_bus_destroy(s->rig.bus);
    CHECK_EQ(s->rig.blocks, 0);
    CHECK_EQ(s->destroyed, s->opened);
}

static enum base_err plug(struct set_rig *s, const char *spec)
{
    (void)base_text_copy(s->why, sizeof s->why, "?");
    return sim_set_plug(s->rig.bus, spec, &s->env, s->why, sizeof s->why);
}

// All busids that the bus announces, in order, with the names of their devices.
static void check_plugged(struct set_rig *s, const char *want)
{
    char have[400];
    struct base_text t;
    struct backend_event ev;
    base_text_init(&t, have, sizeof have);
    while (s->rig.backend->take_event(s->rig.backend, s->rig.now_us, &ev)) {
        if (ev.type != BACKEND_PLUGGED)
            continue;
        base_text_str(&t, t.length ? " " : "");
        base_text_str(&t, ev.info->busid);
        base_text_str(&t, "=");
        base_text_str(&t, sim_find(s->rig.bus, ev.info->busid)->name);
    }
    CHECK_STR(have, want);
}

static void check_set(const char *spec, const char *want)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(plug(&s, spec), BASE_OK);
    CHECK_STR(s.why, "");
    check_plugged(&s, want);
    set_end(&s);
}

static void check_refused(const char *spec, enum base_err err, const char *why)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(plug(&s, spec), err);
    CHECK_STR(s.why, why);
    check_plugged(&s, "");
    CHECK_EQ(s.rig.blocks, 1); // the bus: nothing was even plugged and pulled again
    set_end(&s);
}

#define WHOLE_SET "1-1=disk 1-2=hub 1-2.1=keyboard 1-2.2=serial 1-3=zero 1-4=audio"

// --- places --------------------------------------------------------------------------------------

TEST(sim_set_default)
{
    check_set(NULL, WHOLE_SET);
    check_set("", WHOLE_SET);
    check_set("default", WHOLE_SET);
}

TEST(sim_set_none)
{
    check_set("none", "");
}

TEST(sim_set_of_single_devices)
{
    check_set("disk", "1-1=disk");
    check_set("keyboard", "1-2=hub 1-2.1=keyboard");
    check_set("serial", "1-2=hub 1-2.2=serial");
    check_set("zero", "1-3=zero");
    check_set("audio", "1-4=audio");
    check_set("camera", "1-5=camera");
    check_set("faulty", "1-5=faulty");
    check_set("zero,serial,keyboard", "1-3=zero 1-2=hub 1-2.2=serial 1-2.1=keyboard");
}

TEST(sim_set_of_several_of_a_kind)
{
    check_set("zero,zero:speed=full,keyboard,zero,keyboard,faulty:late",
              "1-3=zero 1-5=zero 1-2=hub 1-2.1=keyboard 1-6=zero 1-7=keyboard 1-8=faulty");
}

TEST(sim_set_plugged_again)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(plug(&s, "zero,keyboard"), BASE_OK);
    CHECK_EQ(sim_unplug(s.rig.bus, "1-3"), BASE_OK); // pulled, but its place is kept
    CHECK_EQ(plug(&s, "serial,zero"), BASE_OK);
    check_plugged(&s, "1-2=hub 1-2.1=keyboard 1-2.2=serial 1-5=zero");
    set_end(&s);
}

TEST(sim_set_full)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(plug(&s, "zero,zero,zero,zero,zero,zero,zero,zero,zero,zero,zero,zero"), BASE_OK);
    CHECK(sim_find(s.rig.bus, "1-15") && !sim_find(s.rig.bus, "1-16"));
    CHECK_EQ(plug(&s, "disk:size=1M,zero"), BASE_ERR_LIMIT);
    CHECK_STR(s.why, "too many devices, there is no port for one more zero");
    CHECK(!sim_find(s.rig.bus, "1-1"));
    set_end(&s);
    check_refused("faulty,faulty,faulty,faulty,faulty,faulty,faulty,faulty,faulty,faulty,faulty,"
                  "serial,keyboard,zero,disk:size=1M,zero",
                  BASE_ERR_LIMIT, "too many devices, there is no port for one more zero");
}

// --- options -------------------------------------------------------------------------------------

// Opens what is in `busid` and asks it in bulk-only transport.
static void disk_open(struct set_rig *s, const char *busid)
{
    struct backend_event ev;
    while (s->rig.backend->take_event(s->rig.backend, s->rig.now_us, &ev))
        if (ev.type == BACKEND_PLUGGED && strcmp(ev.info->busid, busid) == 0)
            s->rig.handle = ev.device;
    s->rig.device = sim_find(s->rig.bus, busid);
    CHECK(s->rig.handle);
    s->rig.backend->open(s->rig.backend, s->rig.handle);
    rig_settle(&s->rig);
    rig_change(&s->rig, USB_SET_CONFIGURATION, 0, 1);
}

static void disk_ask(struct set_rig *s, const uint8_t *cdb, unsigned size, uint8_t *data,
                     uint32_t length)
{
    uint8_t cbw[31] = "USBC", csw[13];
    base_put_le32(cbw + 8, length);
    cbw[12] = 0x80;
    cbw[14] = (uint8_t)size;
    memcpy(cbw + 15, cdb, size);
    CHECK_EQ(rig_write(&s->rig, DISK_OUT, cbw, sizeof cbw), sizeof cbw);
    CHECK_EQ(rig_read(&s->rig, DISK_IN, data, length), length);
    CHECK_EQ(rig_read(&s->rig, DISK_IN, csw, sizeof csw), sizeof csw);
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
    CHECK_EQ(plug(&s, spec), BASE_OK);
    disk_open(&s, "1-1");
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

TEST(sim_set_disks_can_be_told_apart)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(plug(&s, "disk:size=1M,disk:size=1M"), BASE_OK);
    CHECK_STR(sim_find(s.rig.bus, "1-1")->desc->strings[2], "000000000001");
    CHECK_STR(sim_find(s.rig.bus, "1-5")->desc->strings[2], "000000000005");
    set_end(&s);
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
        char spec[64], why[WHY];
        join(spec, sizeof spec, "disk:size=", sizes[i], "");
        join(why, sizeof why, "disk: bad size '", sizes[i],
             "', it goes from 1M to 4G in steps of 512 bytes");
        check_refused(spec, BASE_ERR_INVALID, why);
    }
    check_refused("disk:size=", BASE_ERR_INVALID, "disk: 'size=' needs a value");
    check_refused("disk:size", BASE_ERR_INVALID, "disk: 'size=' needs a value");
}

// 4 GiB is a size, whether or not there is so much memory.
TEST(sim_set_largest_size)
{
    struct set_rig s;
    set_begin(&s);
    s.failing = 2;
    CHECK_EQ(plug(&s, "disk:size=4G"), BASE_ERR_NOMEM);
    CHECK_STR(s.why, "there is not enough memory");
    set_end(&s);
}

TEST(sim_set_disk_in_a_file)
{
    struct set_rig s;
    uint8_t data[512];
    set_begin(&s);
    CHECK_EQ(plug(&s, "zero,disk:file=some/where=x.img:ro"), BASE_OK);
    CHECK_STR(s.path, "some/where=x.img");
    CHECK(s.read_only);
    disk_open(&s, "1-1");
    CHECK_EQ(disk_blocks(&s), FILE_BLOCKS);
    CHECK(disk_protected(&s));
    disk_ask(&s, (const uint8_t[6]){0x08, 0, 0, 0, 1}, 6, data, 512);
    CHECK_EQ(data[0], 0x5a); // as it was
    set_end(&s);

    set_begin(&s);
    CHECK_EQ(plug(&s, "disk:file=a"), BASE_OK);
    CHECK(!s.read_only);
    CHECK_EQ(s.opened, 1);
    set_end(&s);
}

TEST(sim_set_disk_in_a_file_refused)
{
    struct set_rig s;
    set_begin(&s);
    s.open_result = BASE_ERR_NOT_FOUND;
    CHECK_EQ(plug(&s, "zero,disk:file=a"), BASE_ERR_NOT_FOUND);
    CHECK_STR(s.why, "the file is not there");
    check_plugged(&s, "");
    s.env.open_file = NULL;
    CHECK_EQ(plug(&s, "disk:file=a"), BASE_ERR_UNSUPPORTED);
    CHECK_STR(s.why, "disk: there are no files here, leave out 'file='");
    CHECK_EQ(sim_set_plug(s.rig.bus, "disk:file=a", NULL, s.why, WHY), BASE_ERR_UNSUPPORTED);
    CHECK_EQ(sim_set_plug(s.rig.bus, "zero", NULL, s.why, WHY), BASE_OK);
    set_end(&s);
    check_refused("disk:file=", BASE_ERR_INVALID, "disk: 'file=' needs a value");
    check_refused("disk:file=a:size=1M", BASE_ERR_INVALID,
                  "disk: a file has its own size, leave out 'size='");
    check_refused(
        "disk:file=a,nonsense", BASE_ERR_INVALID,
        "unknown device 'nonsense', there are disk, keyboard, serial, zero, audio, camera, faulty");
}

TEST(sim_set_zero_options)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(plug(&s, "zero:speed=full,zero:speed=high,zero"), BASE_OK);
    CHECK_EQ(sim_find(s.rig.bus, "1-3")->speed, USB_SPEED_FULL);
    CHECK_EQ(sim_find(s.rig.bus, "1-5")->speed, USB_SPEED_HIGH);
    CHECK_EQ(sim_find(s.rig.bus, "1-6")->speed, USB_SPEED_HIGH);
    set_end(&s);
    check_refused("zero:speed=low", BASE_ERR_INVALID, "zero: 'speed=' is full or high");
    check_refused("zero:speed", BASE_ERR_INVALID, "zero: 'speed=' is full or high");
    check_refused("zero:size=1M", BASE_ERR_INVALID, "zero: unknown option 'size'");
}

// The text is typed two seconds after SET_CONFIGURATION.
TEST(sim_set_keyboard_types)
{
    struct set_rig s;
    uint8_t report[8];
    set_begin(&s);
    CHECK_EQ(plug(&s, "keyboard:text=a b"), BASE_OK);
    disk_open(&s, "1-2.1");
    CHECK_EQ(rig_read(&s.rig, 0x81, report, 8), RIG_PENDING);
    rig_advance(&s.rig, 2000000);
    CHECK_EQ(rig_read(&s.rig, 0x81, report, 8), 8);
    CHECK_EQ(report[2], 4); // the usage of A
    set_end(&s);
    check_refused("keyboard:text", BASE_ERR_INVALID, "keyboard: unknown option 'text'");
    check_refused("keyboard:text=\x01", BASE_ERR_INVALID,
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
        CHECK_EQ(plug(&s, specs[i]), BASE_OK);
        disk_open(&s, "1-5");
        if (i < 5) {
            CHECK_EQ(rig_read(&s.rig, 0x81, data, sizeof data), reads[i]);
        } else {
            CHECK(rig_read(&s.rig, 0x81, data, sizeof data) < 0);
            CHECK(!s.rig.device->port);
        }
        set_end(&s);
    }
    check_refused("faulty:loud", BASE_ERR_INVALID, "faulty: unknown option 'loud'");
    check_refused("faulty:nak=1", BASE_ERR_INVALID, "faulty: unknown option 'nak'");
}

TEST(sim_set_audio_that_is_recorded)
{
    struct set_rig s;
    set_begin(&s);
    CHECK_EQ(plug(&s, "audio:record=some/where=x.pcm,audio"), BASE_OK);
    CHECK_STR(s.path, "some/where=x.pcm");
    CHECK_EQ(s.opened, 1);
    check_plugged(&s, "1-4=audio 1-5=audio");
    set_end(&s);

    set_begin(&s);
    s.open_result = BASE_ERR_NOT_FOUND;
    CHECK_EQ(plug(&s, "audio:record=a"), BASE_ERR_NOT_FOUND);
    CHECK_STR(s.why, "the file is not there");
    s.env.open_record = NULL;
    CHECK_EQ(plug(&s, "audio:record=a"), BASE_ERR_UNSUPPORTED);
    CHECK_STR(s.why, "audio: there are no files here, leave out 'record='");
    CHECK_EQ(sim_set_plug(s.rig.bus, "audio:record=a", NULL, s.why, WHY), BASE_ERR_UNSUPPORTED);
    CHECK_EQ(sim_set_plug(s.rig.bus, "audio", NULL, s.why, WHY), BASE_OK);
    set_end(&s);
    check_refused("audio:record=", BASE_ERR_INVALID, "audio: 'record=' needs a value");
    check_refused("audio:record", BASE_ERR_INVALID, "audio: 'record=' needs a value");
    check_refused("audio:rate=44100", BASE_ERR_INVALID, "audio: unknown option 'rate'");
}

TEST(sim_set_camera_options)
{
    struct set_rig s;
    uint8_t streaming[26];
    set_begin(&s);
    CHECK_EQ(plug(&s, "camera,camera:payload=3072,camera:bulk,camera:payload=64K:bulk"), BASE_OK);
    static const uint32_t payloads[] = {1024, 3072, 16380, 65536};
    for (unsigned i = 0; i < 4; i++) {
        char busid[] = {'1', '-', (char)('5' + i), '\0'};
        struct sim_device *d = sim_find(s.rig.bus, busid);
        struct usb_setup get_probe = {0xa1, 0x81, 0x0100, 1, sizeof streaming};
        CHECK_EQ(d->ops->setup(d, &get_probe, streaming, sizeof streaming), sizeof streaming);
        CHECK_EQ(base_get_le32(streaming + 22), payloads[i]);
        CHECK_EQ(rig_check_config(d->desc->configs[0]), i < 2 ? 5 : 1);
    }
    set_end(&s);
}

TEST(sim_set_camera_options_refused)
{
    static const char *const sizes[] = {"63", "3073", "", "1.5K", "x"};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char spec[64], why[WHY];
        join(spec, sizeof spec, "camera:payload=", sizes[i], "");
        join(why, sizeof why, "camera: bad payload '", sizes[i],
             "', it goes from 64 to 3072 bytes, with 'bulk' to 64K");
        check_refused(spec, BASE_ERR_INVALID, why);
    }
    check_refused("camera:payload=65537:bulk", BASE_ERR_INVALID,
                  "camera: bad payload '65537', it goes from 64 to 3072 bytes, with 'bulk' to 64K");
    check_refused("camera:payload", BASE_ERR_INVALID, "camera: unknown option 'payload'");
    check_refused("camera:bulk=1", BASE_ERR_INVALID, "camera: unknown option 'bulk'");
    check_refused("camera:size=1", BASE_ERR_INVALID, "camera: unknown option 'size'");
}

// --- refusals ------------------------------------------------------------------------------------

TEST(sim_set_unknown_words)
{
    check_refused(
        "tape", BASE_ERR_INVALID,
        "unknown device 'tape', there are disk, keyboard, serial, zero, audio, camera, faulty");
    check_refused(
        "zero,", BASE_ERR_INVALID,
        "unknown device '', there are disk, keyboard, serial, zero, audio, camera, faulty");
    check_refused(
        "zero,none", BASE_ERR_INVALID,
        "unknown device 'none', there are disk, keyboard, serial, zero, audio, camera, faulty");
    check_refused(
        "Disk", BASE_ERR_INVALID,
        "unknown device 'Disk', there are disk, keyboard, serial, zero, audio, camera, faulty");
    check_refused("disk:size=1M,zero,serial:count=4", BASE_ERR_INVALID,
                  "serial: unknown option 'count'");
    check_refused("disk:ro=1", BASE_ERR_INVALID, "disk: unknown option 'ro'");
    check_refused("disk:", BASE_ERR_INVALID, "disk: unknown option ''");
    check_refused("keyboard:layout=de", BASE_ERR_INVALID, "keyboard: unknown option 'layout'");
}

TEST(sim_set_why_is_cut_to_fit)
{
    struct set_rig s;
    char why[8];
    set_begin(&s);
    CHECK_EQ(sim_set_plug(s.rig.bus, "tape", &s.env, why, sizeof why), BASE_ERR_INVALID);
    CHECK_STR(why, "unknown");
    set_end(&s);
}

TEST(sim_set_out_of_memory_at_each_step)
{
    unsigned n = 1;
    for (enum base_err err = BASE_ERR_NOMEM; err != BASE_OK; n++) {
        struct set_rig s;
        struct backend_event ev;
        set_begin(&s);
        s.failing = n;
        err = plug(&s, "disk:size=1M,keyboard:text=x,serial,zero,disk:file=a,audio:record=b,"
                       "camera,faulty:stall");
        if (err != BASE_OK) {
            CHECK_EQ(err, BASE_ERR_NOMEM);
            CHECK(strstr(s.why, "there is not enough memory"));
            while (s.rig.backend->take_event(s.rig.backend, s.rig.now_us, &ev))
                CHECK_EQ(ev.type, BACKEND_UNPLUGGED); // nothing is announced
        }
        set_end(&s);
        CHECK(n < 1000);
    }
    CHECK(n > 18); // at least the list, nine devices with their ports
}

TEST(sim_set_help_names_everything)
{
    static const char *const words[] = {
        "disk",    ":size=",   ":file=", ":ro",    "keyboard",  ":text=",  "serial", "zero",
        ":speed=", "faulty",   ":nak",   ":stall", ":short",    ":babble", ":late",  ":vanish",
        "audio",   ":record=", "camera", ":bulk",  ":payload=", "default", "none"};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strstr(sim_set_help(), words[i]))
            check_fail(__FILE__, __LINE__, "the help does not say %s", words[i]);
    size_t column = 0;
    for (const char *c = sim_set_help(); *c; c++) {
        column = *c == '\n' ? 0 : column + 1;
        CHECK(column <= 80);
    }
}
