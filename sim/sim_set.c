// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_set.h"

#include "base/base_text.h"
#include "sim/sim_audio.h"
#include "sim/sim_camera.h"
#include "sim/sim_disk.h"
#include "sim/sim_disk_fat.h"
#include "sim/sim_faulty.h"
#include "sim/sim_keyboard.h"
#include "sim/sim_serial.h"
#include "sim/sim_zero.h"

#include <assert.h>
#include <string.h>

#define HUB_BUSID "1-2"

enum {
    BUSID_SIZE = 8, // as "1-2.1" and "1-15"
    HUB_PORTS = 4,
    FIRST_FREE_PORT = 5, // of the root ports, behind the places of the set
    LAST_FREE_PORT = 15,
    PLACES = 6 + LAST_FREE_PORT - FIRST_FREE_PORT + 1, // of the set with its hub, and the free ones
};

#define MIB (1024ull * 1024)
#define DISK_SIZE_DEFAULT (64 * MIB)
#define DISK_SIZE_MIN MIB
#define DISK_SIZE_MAX (4096 * MIB)

struct planned {
    char busid[BUSID_SIZE];
    struct sim_device *device; // NULL: the place is reserved only
};

struct kind;

struct set {
    struct sim_bus *bus;
    const struct sim_set_environment *env; // may be NULL
    const struct kind *kind;               // of the device that is being made
    struct base_text why;
    struct planned planned[PLACES]; // in the order of plugging
    unsigned count, plugged;
};

struct option {
    const char *name;
    const char *value; // NULL: none was given
};

struct kind {
    const char *name;
    const char *busid; // its place in the set; NULL: it is in none
    // Sets p->device. `options` is what follows the name, to be taken apart in place.
    enum base_err (*create)(struct set *set, char *options, struct planned *p);
};

// --- reading -------------------------------------------------------------------------------------

static enum base_err refuse(struct set *set, enum base_err err, const char *const parts[])
{
    for (; *parts; parts++)
        base_text_str(&set->why, *parts);
    return err;
}

// Puts the strings together to one sentence and passes the error on.
#define REFUSE(set, err, ...) refuse(set, err, (const char *const[]){__VA_ARGS__, NULL})

static enum base_err no_memory(struct set *set)
{
    return REFUSE(set, BASE_ERR_NOMEM, "there is not enough memory");
}

// Cuts the text at the first `end` and returns what is behind it, or NULL.
static char *cut(char *text, char end)
{
    char *at = strchr(text, end);
    if (at)
        *at++ = '\0';
    return at;
}

// The next of the options NAME[=VALUE] with ':' between them. False: there is none left.
static bool next_option(char **options, struct option *o)
{
    char *text = *options;
    if (!text)
        return false;
    *options = cut(text, ':');
    o->name = text;
    o->value = cut(text, '=');
    return true;
}

static bool option_is(const struct option *o, const char *name)
{
    return strcmp(o->name, name) == 0;
}

static enum base_err refuse_option(struct set *set, const struct option *o)
{
    return REFUSE(set, BASE_ERR_INVALID, set->kind->name, ": unknown option '", o->name, "'");
}

// 0 if it is not a size: digits and perhaps K, M or G.
static uint64_t read_size(const char *s)
{
    uint64_t size = 0;
    if (*s < '0' || *s > '9')
        return 0;
    for (; *s >= '0' && *s <= '9' && size <= DISK_SIZE_MAX; s++)
        size = size * 10 + (uint64_t)(*s - '0');
    const char *unit = *s ? strchr("KMG", *s) : NULL;
    if (unit && size <= DISK_SIZE_MAX)
        size <<= *unit == 'K' ? 10 : *unit == 'M' ? 20 : 30;
    return s[unit != NULL] == '\0' ? size : 0;
}

// --- devices -------------------------------------------------------------------------------------

struct disk_request {
    const char *file; // NULL: memory
    const char *size; // NULL: not given
    bool read_only;
};

static enum base_err read_disk(struct set *set, char *options, struct disk_request *r)
{
    struct option o;
    while (next_option(&options, &o)) {
        bool with_value = o.value && *o.value;
        if (option_is(&o, "size") && with_value)
            r->size = o.value;
        else if (option_is(&o, "file") && with_value)
            r->file = o.value;
        else if (option_is(&o, "ro") && !o.value)
            r->read_only = true;
        else if (option_is(&o, "size") || option_is(&o, "file"))
            return REFUSE(set, BASE_ERR_INVALID, "disk: '", o.name, "=' needs a value");
        else
            return refuse_option(set, &o);
    }
    return BASE_OK;
}

static enum base_err open_file(struct set *set, const struct disk_request *r,
                               struct sim_storage *storage)
{
    if (r->size)
        return REFUSE(set, BASE_ERR_INVALID, "disk: a file has its own size, leave out 'size='");
    if (!set->env || !set->env->open_file)
        return REFUSE(set, BASE_ERR_UNSUPPORTED,
                      "disk: there are no files here, leave out 'file='");
    return set->env->open_file(set->env->ctx, r->file, r->read_only, storage, set->why.buf,
                               set->why.size);
}

static enum base_err make_ram(struct set *set, const struct disk_request *r, uint32_t number,
                              struct sim_storage *storage)
{
    uint64_t size = r->size ? read_size(r->size) : DISK_SIZE_DEFAULT;
    if (size < DISK_SIZE_MIN || size > DISK_SIZE_MAX || size % SIM_STORAGE_BLOCK != 0)
        return REFUSE(set, BASE_ERR_INVALID, "disk: bad size '", r->size,
                      "', it goes from 1M to 4G in steps of 512 bytes");
    if (sim_storage_ram(storage, sim_alloc(set->bus), size) != BASE_OK)
        return no_memory(set);
    (void)sim_disk_fat_format(storage, number); // memory has neither errors nor too small a size
    storage->read_only = r->read_only;
    return BASE_OK;
}

static enum base_err create_disk(struct set *set, char *options, struct planned *p)
{
    struct disk_request request = {0};
    struct sim_disk_options o = {.number = (uint32_t)read_size(p->busid + 2)};
    enum base_err err = read_disk(set, options, &request);
    if (err == BASE_OK)
        err = request.file ? open_file(set, &request, &o.storage)
                           : make_ram(set, &request, o.number, &o.storage);
    if (err != BASE_OK)
        return err;
    assert(o.storage.destroy);
    p->device = sim_disk_create(set->bus, &o);
    if (!p->device)
        o.storage.destroy(o.storage.ctx);
    return p->device ? BASE_OK : no_memory(set);
}

// A text is typed each time that a client has attached the keyboard.
static enum base_err create_keyboard(struct set *set, char *options, struct planned *p)
{
    struct option o;
    p->device = sim_keyboard_create(set->bus);
    if (!p->device)
        return no_memory(set);
    while (next_option(&options, &o)) {
        if (!option_is(&o, "text") || !o.value)
            return refuse_option(set, &o);
        enum base_err err = sim_keyboard_set_greeting(p->device, o.value);
        if (err == BASE_ERR_NOMEM)
            return no_memory(set);
        if (err != BASE_OK)
            return REFUSE(set, err,
                          "keyboard: the text is too long or has no keys on a US keyboard");
    }
    return BASE_OK;
}

static enum base_err create_serial(struct set *set, char *options, struct planned *p)
{
    struct option o;
    if (next_option(&options, &o))
        return refuse_option(set, &o);
    p->device = sim_serial_create(set->bus, 1);
    return p->device ? BASE_OK : no_memory(set);
}

static enum base_err create_zero(struct set *set, char *options, struct planned *p)
{
    enum usb_speed speed = USB_SPEED_HIGH;
    struct option o;
    while (next_option(&options, &o)) {
        if (!option_is(&o, "speed"))
            return refuse_option(set, &o);
        if (o.value && strcmp(o.value, "full") == 0)
            speed = USB_SPEED_FULL;
        else if (o.value && strcmp(o.value, "high") == 0)
            speed = USB_SPEED_HIGH;
        else
            return REFUSE(set, BASE_ERR_INVALID, "zero: 'speed=' is full or high");
    }
    p->device = sim_zero_create(set->bus, speed);
    return p->device ? BASE_OK : no_memory(set);
}

static enum base_err open_record(struct set *set, const char *path,
                                 struct sim_audio_recorder *recorder)
{
    if (!set->env || !set->env->open_record)
        return REFUSE(set, BASE_ERR_UNSUPPORTED,
                      "audio: there are no files here, leave out 'record='");
    return set->env->open_record(set->env->ctx, path, recorder, set->why.buf, set->why.size);
}

static enum base_err create_audio(struct set *set, char *options, struct planned *p)
{
    struct sim_audio_options a = {0};
    const char *path = NULL;
    struct option o;
    while (next_option(&options, &o)) {
        if (!option_is(&o, "record"))
            return refuse_option(set, &o);
        if (!o.value || !*o.value)
            return REFUSE(set, BASE_ERR_INVALID, "audio: 'record=' needs a value");
        path = o.value;
    }
    enum base_err err = path ? open_record(set, path, &a.recorder) : BASE_OK;
    if (err != BASE_OK)
        return err;
    p->device = sim_audio_create(set->bus, &a);
    if (!p->device && a.recorder.destroy)
        a.recorder.destroy(a.recorder.ctx);
    return p->device ? BASE_OK : no_memory(set);
}

static enum base_err create_camera(struct set *set, char *options, struct planned *p)
{
    struct sim_camera_options c = {0};
    const char *payload = NULL;
    struct option o;
    while (next_option(&options, &o)) {
        if (option_is(&o, "bulk") && !o.value)
            c.bulk = true;
        else if (option_is(&o, "payload") && o.value)
            payload = o.value;
        else
            return refuse_option(set, &o);
    }
    uint64_t max = c.bulk ? SIM_CAMERA_PAYLOAD_MAX_BULK : SIM_CAMERA_PAYLOAD_MAX;
    uint64_t size = payload ? read_size(payload) : 0;
    if (payload && (size < SIM_CAMERA_PAYLOAD_MIN || size > max))
        return REFUSE(set, BASE_ERR_INVALID, "camera: bad payload '", payload,
                      "', it goes from 64 to 3072 bytes, with 'bulk' to 64K");
    c.payload = (uint32_t)size;
    p->device = sim_camera_create(set->bus, &c);
    return p->device ? BASE_OK : no_memory(set);
}

static const char *const faulty_modes[] = {
    [SIM_FAULTY_NAK] = "nak",       [SIM_FAULTY_STALL] = "stall", [SIM_FAULTY_SHORT] = "short",
    [SIM_FAULTY_BABBLE] = "babble", [SIM_FAULTY_LATE] = "late",   [SIM_FAULTY_VANISH] = "vanish",
};

static enum base_err create_faulty(struct set *set, char *options, struct planned *p)
{
    enum { MODES = sizeof faulty_modes / sizeof faulty_modes[0] };
    struct option o;
    unsigned mode = SIM_FAULTY_NAK;
    while (next_option(&options, &o)) {
        for (mode = 0; mode < MODES && strcmp(faulty_modes[mode], o.name) != 0; mode++)
            continue;
        if (o.value || mode == MODES)
            return refuse_option(set, &o);
    }
    p->device = sim_faulty_create_mode(set->bus, (enum sim_faulty_mode)mode);
    return p->device ? BASE_OK : no_memory(set);
}

static const struct kind kinds[] = {
    {"disk", "1-1", create_disk},       {"keyboard", "1-2.1", create_keyboard},
    {"serial", "1-2.2", create_serial}, {"zero", "1-3", create_zero},
    {"audio", "1-4", create_audio},     {"camera", NULL, create_camera},
    {"faulty", NULL, create_faulty},
};

const char *sim_set_help(void)
{
    return "  disk            USB disk with a FAT file system, 64 MiB of memory\n"
           "    :size=N         its size: bytes, or with K, M or G; from 1M to 4G\n"
           "    :file=PATH      an image file in place of memory\n"
           "    :ro             write-protected\n"
           "  keyboard        keyboard and mouse (HID), low speed\n"
           "    :text=TEXT      what it types two seconds after each attach\n"
           "  serial          serial port that echoes (CDC-ACM), full speed\n"
           "  zero            Gadget Zero, for usbtest and bench, high speed\n"
           "    :speed=full     at full speed\n"
           "  audio           headset (USB Audio 1.0) that hears a tone, full speed\n"
           "    :record=PATH    what is played is appended to this file\n"
           "  camera          webcam (USB Video 1.1) with numbered frames, high speed\n"
           "    :bulk           through a bulk endpoint, not an isochronous one\n"
           "    :payload=N      the size of payload that it asks for, in bytes\n"
           "  faulty          does wrong on its bulk endpoints, to test clients\n"
           "    :nak :stall     gives and takes nothing (also without a word); stalls\n"
           "    :short :babble  gives less, or more, than it should\n"
           "    :late :vanish   takes a second for everything; leaves the bus when used\n"
           "  default         disk, keyboard, serial, zero and audio\n"
           "  none            no device\n"
           "A value cannot have a comma or a colon in it.\n";
}

// --- the list ------------------------------------------------------------------------------------

static bool taken(const struct set *set, const char *busid)
{
    for (unsigned i = 0; i < set->count; i++)
        if (strcmp(set->planned[i].busid, busid) == 0)
            return true;
    return sim_find(set->bus, busid) != NULL;
}

// False: no root port is free.
static bool choose(const struct set *set, char busid[BUSID_SIZE])
{
    if (set->kind->busid && !taken(set, set->kind->busid))
        return base_text_copy(busid, BUSID_SIZE, set->kind->busid);
    for (unsigned port = FIRST_FREE_PORT; port <= LAST_FREE_PORT; port++) {
        struct base_text t;
        base_text_init(&t, busid, BUSID_SIZE);
        base_text_str(&t, "1-");
        base_text_u64(&t, port);
        if (!taken(set, busid))
            return true;
    }
    return false;
}

static struct planned *reserve(struct set *set, const char *busid)
{
    assert(set->count < PLACES);
    struct planned *p = &set->planned[set->count++];
    (void)base_text_copy(p->busid, sizeof p->busid, busid);
    return p;
}

static enum base_err plan(struct set *set, char *options)
{
    char busid[BUSID_SIZE];
    if (!choose(set, busid))
        return REFUSE(set, BASE_ERR_LIMIT, "too many devices, there is no port for one more ",
                      set->kind->name);
    if (strchr(busid, '.') && !taken(set, HUB_BUSID)) {
        struct planned *hub = reserve(set, HUB_BUSID);
        hub->device = sim_hub_create(set->bus, HUB_PORTS);
        if (!hub->device)
            return no_memory(set);
    }
    return set->kind->create(set, options, reserve(set, busid));
}

static enum base_err refuse_name(struct set *set, const char *name)
{
    REFUSE(set, BASE_ERR_INVALID, "unknown device '", name, "', there are ");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        REFUSE(set, BASE_ERR_INVALID, i ? ", " : "", kinds[i].name);
    return BASE_ERR_INVALID;
}

static enum base_err plan_all(struct set *set, char *list)
{
    enum base_err err = BASE_OK;
    while (list && err == BASE_OK) {
        char *name = list;
        list = cut(name, ',');
        char *options = cut(name, ':');
        set->kind = NULL;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (strcmp(kinds[i].name, name) == 0)
                set->kind = &kinds[i];
        err = set->kind ? plan(set, options) : refuse_name(set, name);
    }
    return err;
}

static enum base_err plug_all(struct set *set)
{
    for (; set->plugged < set->count; set->plugged++) {
        const struct planned *p = &set->planned[set->plugged];
        enum base_err err = sim_plug(set->bus, p->busid, p->device);
        if (err != BASE_OK)
            return REFUSE(set, err, "cannot plug a device into port ", p->busid,
                          err == BASE_ERR_NOMEM ? ", there is not enough memory" : "");
    }
    return BASE_OK;
}

// What is plugged belongs to the bus now: it can only be pulled.
static void give_up(struct set *set)
{
    while (set->count > set->plugged) {
        struct sim_device *d = set->planned[--set->count].device;
        if (d)
            d->ops->destroy(d);
    }
    while (set->count > 0)
        (void)sim_unplug(set->bus, set->planned[--set->count].busid);
}

enum base_err sim_set_plug(struct sim_bus *bus, const char *spec,
                           const struct sim_set_environment *env, char *why, size_t why_size)
{
    struct set set = {.bus = bus, .env = env};
    base_text_init(&set.why, why, why_size);
    if (spec && strcmp(spec, "none") == 0)
        return BASE_OK;
    if (!spec || !*spec || strcmp(spec, "default") == 0)
        spec = "disk,keyboard,serial,zero,audio";
    size_t size = strlen(spec) + 1;
    char *list = base_alloc(sim_alloc(bus), size);
    if (!list)
        return no_memory(&set);
    memcpy(list, spec, size);
    enum base_err err = plan_all(&set, list);
    base_free(sim_alloc(bus), list);
    if (err == BASE_OK)
        err = plug_all(&set);
    if (err != BASE_OK)
        give_up(&set);
    return err;
}
