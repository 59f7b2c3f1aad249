// SPDX-License-Identifier: Apache-2.0
#include "sim_keyboard.h"

#include "sim_keyboard_layout.h"
#include "usb/usb_descriptor_bytes.h"

#include <assert.h>
#include <string.h>

enum {
    KEYS = 0, // interface numbers
    MOUSE = 1,
    KEYS_EP = 0x81,
    MOUSE_EP = 0x82,
    REPORT_MAX = 8,
    MOUSE_BOOT_SIZE = 3, // without the wheel, HID 1.11 B.2
    MOUSE_SIZE = 4,
    SHIFT_LEFT = 0x02, // bit of the modifier byte
    BUTTONS = 0x1f,

    SPACING_US = 8000,           // closer reports are read as one by some hosts' input layers
    IDLE_UNIT_US = 4000,         // HID 1.11 7.2.4
    GREETING_DELAY_US = 2000000, // hosts bind their drivers after SET_CONFIGURATION
};

#define NEVER UINT64_MAX

enum hid_request { // bmRequestType << 8 | bRequest, HID 1.11 7.1 and 7.2
    HID_GET_DESCRIPTOR = 0x8106,
    HID_GET_REPORT = 0xa101,
    HID_GET_IDLE = 0xa102,
    HID_GET_PROTOCOL = 0xa103,
    HID_SET_REPORT = 0x2109,
    HID_SET_IDLE = 0x210a,
    HID_SET_PROTOCOL = 0x210b,
};

enum { HID_INPUT = 1, HID_OUTPUT = 2 }; // report types
enum { HID_DT_HID = 0x21, HID_DT_REPORT = 0x22 };

struct keyboard_move {
    int16_t dx, dy; // what is left of it
    int8_t wheel;
    uint8_t buttons;
};

struct keyboard_hid { // what each of the two interfaces has
    uint8_t idle;     // in units of 4 ms; 0: a report only when something changed
    uint8_t boot;     // 1: boot protocol
    uint8_t report[REPORT_MAX];
    uint64_t sent_us; // of the last report
    uint64_t next_us; // earliest time of the next one
};

struct sim_keyboard {
    struct sim_device device; // first: the engine's pointer is ours
    struct keyboard_hid hid[2];
    uint8_t leds;
    bool pressed; // the character at `first` is down and waits for its release
    unsigned first, count;
    unsigned first_move, move_count;
    char *greeting; // NULL: none
    uint64_t greet_us;
    struct keyboard_move move[SIM_KEYBOARD_MOVES];
    char queue[SIM_KEYBOARD_QUEUE];
};

// --- descriptors ---------------------------------------------------------------------------------

static const uint8_t keys_report[] = {
    0x05, 0x01, 0x09, 0x06, 0xa1, 0x01,                         // desktop, keyboard, collection
    0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7,                         // keys: Ctrl left .. GUI right
    0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, // 8 bits
    0x75, 0x08, 0x95, 0x01, 0x81, 0x01,                         // 1 byte reserved
    0x05, 0x08, 0x19, 0x01, 0x29, 0x05,                         // LEDs: Num Lock .. Kana
    0x75, 0x01, 0x95, 0x05, 0x91, 0x02,                         // 5 bits out
    0x75, 0x03, 0x95, 0x01, 0x91, 0x01,                         // 3 bits of filling
    0x05, 0x07, 0x19, 0x00, 0x29, 0x65,                         // keys: none .. application
    0x15, 0x00, 0x25, 0x65, 0x75, 0x08, 0x95, 0x06, 0x81, 0x00, // array of 6
    0xc0,
};

static const uint8_t mouse_report[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, // desktop, mouse, pointer
    0x05, 0x09, 0x19, 0x01, 0x29, 0x05,                         // buttons 1..5
    0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x05, 0x81, 0x02, // 5 bits
    0x75, 0x03, 0x95, 0x01, 0x81, 0x01,                         // 3 bits of filling
    0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x09, 0x38,             // X, Y, wheel
    0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x03, 0x81, 0x06, // -127..127, relative
    0xc0, 0xc0,
};

// clang-format off
static const uint8_t device_descriptor[USB_DT_DEVICE_SIZE] = {
    18, USB_DT_DEVICE, USB_LE16(0x0110), 0, 0, 0, 8,
    USB_LE16(0x1209), USB_LE16(0x0003), USB_LE16(0x0100), 1, 2, 0, 1,
};

enum { HID_DESCRIPTOR_AT = 18, HID_DESCRIPTOR_SIZE = 9, INTERFACE_SIZE = 9 + 9 + 7 };

static const uint8_t configuration[] = {
    USB_CONFIG_BYTES(9 + 2 * INTERFACE_SIZE, 2, 1, 0, 0x80, 50), // bus-powered, 100 mA
    USB_INTERFACE_BYTES(KEYS, 0, 1, USB_CLASS_HID, 1, 1, 0), // boot, keyboard
    9, HID_DT_HID, USB_LE16(0x0111), 33 /* US */, 1, HID_DT_REPORT, USB_LE16(sizeof keys_report),
    USB_ENDPOINT_BYTES(KEYS_EP, USB_INTERRUPT, REPORT_MAX, 10),
    USB_INTERFACE_BYTES(MOUSE, 0, 1, USB_CLASS_HID, 1, 2, 0), // boot, mouse
    9, HID_DT_HID, USB_LE16(0x0111), 0, 1, HID_DT_REPORT, USB_LE16(sizeof mouse_report),
    USB_ENDPOINT_BYTES(MOUSE_EP, USB_INTERRUPT, REPORT_MAX, 10),
};
// clang-format on

static const struct sim_descriptors descriptors = {
    .device = device_descriptor,
    .configs = (const uint8_t *const[]){configuration},
    .strings = (const char *const[]){"usbip-esp32p4", "Simulated keyboard and mouse", NULL},
};

// --- keys ----------------------------------------------------------------------------------------

static struct sim_keyboard *keyboard(struct sim_device *d)
{
    return (struct sim_keyboard *)(void *)d;
}

enum base_err sim_keyboard_type(struct sim_device *d, const char *utf8_text)
{
    struct sim_keyboard *k = keyboard(d);
    enum base_err err = sim_keyboard_check_text(utf8_text, SIM_KEYBOARD_QUEUE - k->count);
    if (err)
        return err;
    for (const char *p = utf8_text; *p; p++)
        k->queue[(k->first + k->count++) % SIM_KEYBOARD_QUEUE] = *p;
    sim_kick(d, KEYS_EP);
    return BASE_OK;
}

enum base_err sim_keyboard_set_greeting(struct sim_device *d, const char *utf8_text)
{
    struct sim_keyboard *k = keyboard(d);
    size_t length = utf8_text ? strlen(utf8_text) : 0;
    char *copy = NULL;
    if (length > 0) {
        enum base_err err = sim_keyboard_check_text(utf8_text, SIM_KEYBOARD_QUEUE);
        if (err)
            return err;
        copy = base_alloc(sim_alloc(d->bus), length + 1);
        if (!copy)
            return BASE_ERR_NOMEM;
        memcpy(copy, utf8_text, length + 1);
    }
    base_free(sim_alloc(d->bus), k->greeting);
    k->greeting = copy;
    return BASE_OK;
}

static void greet_if_due(struct sim_keyboard *k, uint64_t now_us)
{
    if (now_us < k->greet_us)
        return;
    k->greet_us = NEVER;
    if (k->greeting)
        (void)sim_keyboard_type(&k->device, k->greeting); // if the queue is full it types anyway
}

uint8_t sim_keyboard_leds(const struct sim_device *d)
{
    return ((const struct sim_keyboard *)(const void *)d)->leds;
}

// The keyboard's next report: the press of a character, then its release. False: nothing to type.
static bool next_key(struct sim_keyboard *k)
{
    uint8_t *report = k->hid[KEYS].report;
    if (k->count == 0)
        return false;
    memset(report, 0, REPORT_MAX);
    if (k->pressed) {
        k->first = (k->first + 1) % SIM_KEYBOARD_QUEUE;
        k->count--;
    } else {
        uint8_t key = sim_keyboard_key(k->queue[k->first]);
        report[0] = key & SIM_KEYBOARD_SHIFTED ? SHIFT_LEFT : 0;
        report[2] = key & (uint8_t)~SIM_KEYBOARD_SHIFTED;
    }
    k->pressed = !k->pressed;
    return true;
}

// --- mouse ---------------------------------------------------------------------------------------

enum base_err sim_keyboard_move(struct sim_device *d, int16_t dx, int16_t dy, uint8_t buttons,
                                int8_t wheel)
{
    struct sim_keyboard *k = keyboard(d);
    if (k->move_count == SIM_KEYBOARD_MOVES)
        return BASE_ERR_LIMIT;
    k->move[(k->first_move + k->move_count++) % SIM_KEYBOARD_MOVES] =
        (struct keyboard_move){dx, dy, wheel, buttons & BUTTONS};
    sim_kick(d, MOUSE_EP);
    return BASE_OK;
}

// Takes from `rest` what one report can carry.
static int16_t step(int16_t rest)
{
    return rest > 127 ? 127 : rest < -127 ? -127 : rest;
}

static bool next_move(struct sim_keyboard *k)
{
    if (k->move_count == 0)
        return false;
    struct keyboard_move *m = &k->move[k->first_move];
    int16_t dx = step(m->dx), dy = step(m->dy), wheel = step(m->wheel);
    uint8_t report[MOUSE_SIZE] = {m->buttons, (uint8_t)dx, (uint8_t)dy, (uint8_t)wheel};
    memcpy(k->hid[MOUSE].report, report, sizeof report);
    m->dx = (int16_t)(m->dx - dx);
    m->dy = (int16_t)(m->dy - dy);
    m->wheel = (int8_t)(m->wheel - wheel);
    if (m->dx == 0 && m->dy == 0 && m->wheel == 0) {
        k->first_move = (k->first_move + 1) % SIM_KEYBOARD_MOVES;
        k->move_count--;
    }
    return true;
}

// --- reports -------------------------------------------------------------------------------------

static uint32_t report_size(const struct sim_keyboard *k, unsigned interface)
{
    if (interface == KEYS)
        return REPORT_MAX; // the same in both protocols
    return k->hid[MOUSE].boot ? MOUSE_BOOT_SIZE : MOUSE_SIZE;
}

static uint64_t idle_end_us(const struct keyboard_hid *h)
{
    return h->idle ? h->sent_us + (uint64_t)h->idle * IDLE_UNIT_US : NEVER;
}

// Has the engine ask again when there will be something to say without anybody's doing.
static int nak(struct sim_device *d, uint8_t ep, uint64_t at_us)
{
    if (at_us != NEVER)
        sim_kick_at(d, ep, at_us);
    return SIM_NAK;
}

static int keyboard_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct sim_keyboard *k = keyboard(d);
    unsigned interface = ep == MOUSE_EP ? MOUSE : KEYS;
    struct keyboard_hid *h = &k->hid[interface];
    uint64_t now_us = sim_now_us(d);
    if (now_us < h->next_us)
        return nak(d, ep, h->next_us);
    if (interface == KEYS)
        greet_if_due(k, now_us);
    bool changed = interface == KEYS ? next_key(k) : next_move(k);
    if (!changed && now_us < idle_end_us(h)) {
        if (interface == KEYS)
            (void)nak(d, ep, k->greet_us);
        return nak(d, ep, idle_end_us(h));
    }
    h->sent_us = now_us;
    h->next_us = now_us + SPACING_US;
    uint32_t size = report_size(k, interface);
    assert(size <= max);
    memcpy(buf, h->report, size);
    if (interface == MOUSE)
        memset(h->report + 1, 0, REPORT_MAX - 1); // to repeat a movement would be another one
    return (int)size;
}

// --- requests ------------------------------------------------------------------------------------

static int get_descriptor(unsigned interface, uint16_t value, uint8_t *data, uint32_t len)
{
    if (value == HID_DT_HID << 8)
        return sim_answer(data, len, configuration + HID_DESCRIPTOR_AT + interface * INTERFACE_SIZE,
                          HID_DESCRIPTOR_SIZE);
    if (value == HID_DT_REPORT << 8 && interface == KEYS)
        return sim_answer(data, len, keys_report, sizeof keys_report);
    if (value == HID_DT_REPORT << 8)
        return sim_answer(data, len, mouse_report, sizeof mouse_report);
    return SIM_STALL;
}

static int get_report(struct sim_keyboard *k, unsigned interface, uint16_t value, uint8_t *data,
                      uint32_t len)
{
    if (value == HID_INPUT << 8)
        return sim_answer(data, len, k->hid[interface].report, report_size(k, interface));
    if (value == HID_OUTPUT << 8 && interface == KEYS)
        return sim_answer(data, len, &k->leds, 1);
    return SIM_STALL;
}

static int set_report(struct sim_keyboard *k, unsigned interface, uint16_t value,
                      const uint8_t *data, uint32_t len)
{
    if (value != HID_OUTPUT << 8 || interface != KEYS || len != 1)
        return SIM_STALL;
    k->leds = data[0];
    return 1;
}

static int set_idle(struct sim_keyboard *k, unsigned interface, uint16_t value)
{
    if ((value & 0xff) != 0) // a report ID, and we have none
        return SIM_STALL;
    k->hid[interface].idle = (uint8_t)(value >> 8);
    sim_kick(&k->device, interface == KEYS ? KEYS_EP : MOUSE_EP);
    return 0;
}

static int set_protocol(struct keyboard_hid *h, uint16_t value)
{
    if (value > 1)
        return SIM_STALL;
    h->boot = value == 0;
    return 0;
}

static int keyboard_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data,
                          uint32_t len)
{
    struct sim_keyboard *k = keyboard(d);
    if (d->config == 0 || s->wIndex > MOUSE)
        return SIM_STALL;
    struct keyboard_hid *h = &k->hid[s->wIndex];
    switch ((unsigned)s->bmRequestType << 8 | s->bRequest) {
    case HID_GET_DESCRIPTOR:
        return get_descriptor(s->wIndex, s->wValue, data, len);
    case HID_GET_REPORT:
        return get_report(k, s->wIndex, s->wValue, data, len);
    case HID_SET_REPORT:
        return set_report(k, s->wIndex, s->wValue, data, len);
    case HID_GET_IDLE:
        return sim_answer(data, len, &h->idle, 1);
    case HID_SET_IDLE:
        return set_idle(k, s->wIndex, s->wValue);
    case HID_GET_PROTOCOL:
        return sim_answer(data, len, &(uint8_t){!h->boot}, 1);
    case HID_SET_PROTOCOL:
        return set_protocol(h, s->wValue);
    default:
        return SIM_STALL;
    }
}

// --- life ----------------------------------------------------------------------------------------

// HID 1.11 7.2.6: report protocol after a reset. Idle 0 (only changes), which 7.2.4 leaves to us.
static void keyboard_reset(struct sim_device *d)
{
    struct sim_keyboard *k = keyboard(d);
    memset(k->hid, 0, sizeof k->hid);
    k->leds = 0;
    k->pressed = false;
    k->count = k->move_count = 0;
    k->greet_us = NEVER;
}

static void keyboard_configured(struct sim_device *d)
{
    struct sim_keyboard *k = keyboard(d);
    k->greet_us = d->config && k->greeting ? sim_now_us(d) + GREETING_DELAY_US : NEVER;
}

static void keyboard_destroy(struct sim_device *d)
{
    const struct base_alloc *alloc = sim_alloc(d->bus);
    base_free(alloc, keyboard(d)->greeting);
    base_free(alloc, d);
}

static const struct sim_device_ops ops = {
    .destroy = keyboard_destroy,
    .reset = keyboard_reset,
    .configured = keyboard_configured,
    .setup = keyboard_setup,
    .in = keyboard_in,
};

struct sim_device *sim_keyboard_create(struct sim_bus *bus)
{
    struct sim_keyboard *k = base_alloc(sim_alloc(bus), sizeof *k);
    if (!k)
        return NULL;
    k->device = (struct sim_device){
        .ops = &ops,
        .desc = &descriptors,
        .speed = USB_SPEED_LOW,
        .bus = bus,
    };
    keyboard_reset(&k->device);
    return &k->device;
}
