// SPDX-License-Identifier: Apache-2.0
// The kinds of devices, but the disk, with their options.
#include "sim_set_kind.h"

#include "sim/device/audio/sim_audio.h"
#include "sim/device/camera/sim_camera.h"
#include "sim/device/faulty/sim_faulty.h"
#include "sim/device/keyboard/sim_keyboard.h"
#include "sim/device/serial/sim_serial.h"
#include "sim/device/sim_multi.h"
#include "sim/device/sim_zero.h"

#include <string.h>

enum { ZERO_PACE_MAX_US = 1000000 };

// A text is typed each time that a client has attached the keyboard.
static enum base_err create_keyboard(struct sim_set *set, char *options, struct sim_set_place *p)
{
    struct sim_set_option o;
    p->device = sim_keyboard_create(set->bus);
    if (!p->device)
        return sim_set_no_memory(set);
    while (sim_set_next_option(&options, &o)) {
        if (!sim_set_option_is(&o, "text") || !o.value)
            return sim_set_refuse_option(set, &o);
        enum base_err err = sim_keyboard_set_greeting(p->device, o.value);
        if (err == BASE_ERR_NOMEM)
            return sim_set_no_memory(set);
        if (err != BASE_OK)
            return SIM_SET_REFUSE(set, err,
                                  "keyboard: the text is too long or has no keys on a US keyboard");
    }
    return BASE_OK;
}

static enum base_err create_serial(struct sim_set *set, char *options, struct sim_set_place *p)
{
    uint64_t ports = 1;
    struct sim_set_option o;
    while (sim_set_next_option(&options, &o)) {
        if (!sim_set_option_is(&o, "count"))
            return sim_set_refuse_option(set, &o);
        if (!o.value || !*o.value)
            return sim_set_needs_value(set, &o);
        ports = sim_set_read_size(o.value);
        if (ports < 1 || ports > SIM_SERIAL_PORTS_MAX)
            return SIM_SET_REFUSE(set, BASE_ERR_INVALID, "serial: bad count '", o.value,
                                  "', it goes from 1 to 4");
    }
    p->device = sim_serial_create(set->bus, (unsigned)ports);
    return p->device ? BASE_OK : sim_set_no_memory(set);
}

static enum base_err read_zero_speed(struct sim_set *set, const char *value, enum usb_speed *speed)
{
    if (value && strcmp(value, "full") == 0)
        *speed = USB_SPEED_FULL;
    else if (value && strcmp(value, "high") == 0)
        *speed = USB_SPEED_HIGH;
    else
        return SIM_SET_REFUSE(set, BASE_ERR_INVALID, "zero: 'speed=' is full or high");
    return BASE_OK;
}

static enum base_err read_zero_pace(struct sim_set *set, const char *value, uint32_t *pace_us)
{
    uint64_t us = value ? sim_set_read_size(value) : 0;
    if (us < 1 || us > ZERO_PACE_MAX_US)
        return SIM_SET_REFUSE(set, BASE_ERR_INVALID,
                              "zero: 'pace=' is a time of 1 to 1000000 microseconds");
    *pace_us = (uint32_t)us;
    return BASE_OK;
}

static enum base_err create_zero(struct sim_set *set, char *options, struct sim_set_place *p)
{
    enum usb_speed speed = USB_SPEED_HIGH;
    uint32_t pace_us = 0;
    struct sim_set_option o;
    while (sim_set_next_option(&options, &o)) {
        enum base_err err;
        if (sim_set_option_is(&o, "speed"))
            err = read_zero_speed(set, o.value, &speed);
        else if (sim_set_option_is(&o, "pace"))
            err = read_zero_pace(set, o.value, &pace_us);
        else
            err = sim_set_refuse_option(set, &o);
        if (err != BASE_OK)
            return err;
    }
    p->device = sim_zero_create(set->bus, speed);
    if (!p->device)
        return sim_set_no_memory(set);
    sim_zero_set_pace(p->device, pace_us);
    return BASE_OK;
}

static enum base_err open_record(struct sim_set *set, const char *path,
                                 struct sim_recording *recording)
{
    if (!set->env || !set->env->open_record)
        return SIM_SET_REFUSE(set, BASE_ERR_UNSUPPORTED,
                              "audio: there are no files here, leave out 'record='");
    return set->env->open_record(set->env->ctx, path, recording, set->why.buf, set->why.size);
}

static enum base_err create_audio(struct sim_set *set, char *options, struct sim_set_place *p)
{
    struct sim_audio_options a = {0};
    const char *path = NULL;
    struct sim_set_option o;
    while (sim_set_next_option(&options, &o)) {
        if (!sim_set_option_is(&o, "record"))
            return sim_set_refuse_option(set, &o);
        if (!o.value || !*o.value)
            return sim_set_needs_value(set, &o);
        path = o.value;
    }
    enum base_err err = path ? open_record(set, path, &a.recording) : BASE_OK;
    if (err != BASE_OK)
        return err;
    p->device = sim_audio_create(set->bus, &a);
    if (!p->device && a.recording.destroy)
        a.recording.destroy(a.recording.ctx);
    return p->device ? BASE_OK : sim_set_no_memory(set);
}

static enum base_err create_camera(struct sim_set *set, char *options, struct sim_set_place *p)
{
    struct sim_camera_options c = {0};
    const char *payload = NULL;
    struct sim_set_option o;
    while (sim_set_next_option(&options, &o)) {
        if (sim_set_option_is(&o, "bulk") && !o.value)
            c.bulk = true;
        else if (sim_set_option_is(&o, "payload") && o.value)
            payload = o.value;
        else
            return sim_set_refuse_option(set, &o);
    }
    uint64_t max = c.bulk ? SIM_CAMERA_PAYLOAD_MAX_BULK : SIM_CAMERA_PAYLOAD_MAX;
    uint64_t size = payload ? sim_set_read_size(payload) : 0;
    if (payload && (size < SIM_CAMERA_PAYLOAD_MIN || size > max))
        return SIM_SET_REFUSE(set, BASE_ERR_INVALID, "camera: bad payload '", payload,
                              "', it goes from 64 to 3072 bytes, with 'bulk' to 64K");
    c.payload = (uint32_t)size;
    p->device = sim_camera_create(set->bus, &c);
    return p->device ? BASE_OK : sim_set_no_memory(set);
}

static enum base_err create_multi(struct sim_set *set, char *options, struct sim_set_place *p)
{
    struct sim_set_option o;
    if (sim_set_next_option(&options, &o))
        return sim_set_refuse_option(set, &o);
    p->device = sim_multi_create(set->bus);
    return p->device ? BASE_OK : sim_set_no_memory(set);
}

static const char *const faulty_modes[] = {
    [SIM_FAULTY_NAK] = "nak",       [SIM_FAULTY_STALL] = "stall", [SIM_FAULTY_SHORT] = "short",
    [SIM_FAULTY_BABBLE] = "babble", [SIM_FAULTY_LATE] = "late",   [SIM_FAULTY_VANISH] = "vanish",
};

static enum base_err create_faulty(struct sim_set *set, char *options, struct sim_set_place *p)
{
    enum { MODES = sizeof faulty_modes / sizeof faulty_modes[0] };
    struct sim_set_option o;
    unsigned mode = SIM_FAULTY_NAK;
    while (sim_set_next_option(&options, &o)) {
        for (mode = 0; mode < MODES && strcmp(faulty_modes[mode], o.name) != 0; mode++)
            continue;
        if (o.value || mode == MODES)
            return sim_set_refuse_option(set, &o);
    }
    p->device = sim_faulty_create_mode(set->bus, (enum sim_faulty_mode)mode);
    return p->device ? BASE_OK : sim_set_no_memory(set);
}

const struct sim_set_kind sim_set_kinds[] = {
    {"disk", "1", sim_set_create_disk}, {"keyboard", "2.1", create_keyboard},
    {"serial", "2.2", create_serial},   {"zero", "3", create_zero},
    {"audio", "4", create_audio},       {"camera", NULL, create_camera},
    {"multi", NULL, create_multi},      {"faulty", NULL, create_faulty},
};

const unsigned sim_set_kind_count = sizeof sim_set_kinds / sizeof sim_set_kinds[0];

const char *sim_set_help(void)
{
    return "  disk            USB disk with a FAT file system, 64 MiB of memory\n"
           "    :size=N         its size: bytes, or with K, M or G; from 1M to 4G\n"
           "    :file=PATH      an image file in place of memory\n"
           "    :ro             write-protected\n"
           "    :uas            USB Attached SCSI, besides bulk-only transport\n"
           "    :speed=super    super speed, without UAS\n"
           "  keyboard        keyboard and mouse (HID), low speed\n"
           "    :text=TEXT      what it types two seconds after each attach\n"
           "  serial          serial port that echoes (CDC-ACM), full speed\n"
           "    :count=N        as many ports in one device, 1 to 4\n"
           "  zero            Gadget Zero, for usbtest and bench, high speed\n"
           "    :speed=full     at full speed\n"
           "    :pace=N         bulk data only once in N microseconds\n"
           "  audio           headset (USB Audio 1.0) that hears a tone, full speed\n"
           "    :record=PATH    what is played is appended to this file\n"
           "  camera          webcam (USB Video 1.1) with numbered frames, high speed\n"
           "    :bulk           through a bulk endpoint, not an isochronous one\n"
           "    :payload=N      the size of payload that it asks for, in bytes\n"
           "  multi           two configurations: loopback; loopback and mouse; high speed\n"
           "  faulty          does wrong on its bulk endpoints, to test clients\n"
           "    :nak :stall     gives and takes nothing (also without a word); stalls\n"
           "    :short :babble  gives less, or more, than it should\n"
           "    :late :vanish   takes a second for everything; leaves the bus when used\n"
           "  default         disk, keyboard, serial, zero and audio\n"
           "  none            no device\n"
           "A value cannot have a comma or a colon in it.\n";
}
