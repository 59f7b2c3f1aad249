// SPDX-License-Identifier: Apache-2.0
#include "sim/device/keyboard/sim_keyboard.h"
#include "sim/device/keyboard/sim_keyboard_layout.h"
#include "tests/support/rig.h"

#include <string.h>

enum { KEYS_EP = 0x81, MOUSE_EP = 0x82, MS = 1000 };

static void start(struct rig *r)
{
    rig_begin(r);
    rig_start(r, sim_keyboard_create(r->bus), 1);
}

// The next report of the keyboard, when its time has come.
static void check_keys(struct rig *r, uint8_t modifiers, uint8_t usage)
{
    uint8_t have[8], want[8] = {modifiers, 0, usage};
    rig_advance(r, 10 * MS);
    CHECK_EQ(rig_read(r->dev, KEYS_EP, have, 8), 8);
    CHECK_BYTES(have, want, 8);
}

static void check_silent(struct rig *r, uint8_t ep)
{
    uint8_t report[8];
    rig_advance(r, 10 * MS);
    CHECK_EQ(rig_read(r->dev, ep, report, 8), RIG_PENDING);
}

static void check_mouse(struct rig *r, uint8_t buttons, int8_t dx, int8_t dy, int8_t wheel)
{
    uint8_t have[8], want[4] = {buttons, (uint8_t)dx, (uint8_t)dy, (uint8_t)wheel};
    rig_advance(r, 10 * MS);
    CHECK_EQ(rig_read(r->dev, MOUSE_EP, have, 8), 4);
    CHECK_BYTES(have, want, 4);
}

RIG_TEST(sim_keyboard_descriptors_hold_together, rig_begin(r))
{
    struct usb_interface interface[3];
    struct sim_device *d = sim_keyboard_create(r->bus);
    const uint8_t *config = d->desc->configs[0];
    CHECK_EQ(rig_check_config(config), 2);
    struct base_span bytes = {config, base_get_le16(config + 2)};
    CHECK_EQ(usb_config_interfaces(bytes, interface, 3), 2);
    CHECK_EQ(interface[0].bInterfaceClass, USB_CLASS_HID);
    CHECK_EQ(interface[0].bInterfaceProtocol, 1);
    CHECK_EQ(interface[1].bInterfaceProtocol, 2);
    CHECK_EQ(d->speed, USB_SPEED_LOW);
    CHECK_EQ(d->desc->device[7], 8);
    rig_start(r, d, 1);
}

RIG_TEST(sim_keyboard_gives_its_hid_descriptors, start(r))
{
    uint8_t hid[9], report[255];
    for (unsigned interface = 0; interface < 2; interface++) {
        CHECK_EQ(rig_request(r->dev, 0x8106, 0x2100, interface, hid, 9), 9);
        CHECK_EQ(hid[0], 9);
        CHECK_EQ(hid[1], 0x21);
        int size = rig_request(r->dev, 0x8106, 0x2200, interface, report, sizeof report);
        CHECK_EQ(size, base_get_le16(hid + 7));
        CHECK_EQ(report[1], 0x01); // usage page: generic desktop
        CHECK_EQ(report[3], interface == 0 ? 0x06 : 0x02);
        CHECK_EQ(report[size - 1], 0xc0);
        CHECK_EQ(rig_request(r->dev, 0x8106, 0x2200, interface, report, 5), 5);
    }
    CHECK_EQ(rig_request(r->dev, 0x8106, 0x2300, 0, report, 5), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0x8106, 0x2200, 2, report, 5), USB_STATUS_STALL);
}

TEST(sim_keyboard_has_a_key_for_every_printable_character)
{
    static const char *const rows[] = {
        [0x1e] = "1!",  "2@",          "3#",          "4$",           "5%",
        "6^",           "7&",          "8*",          "9(",           "0)", // digits
        [0x28] = "\n",  [0x2a] = "\b", [0x2b] = "\t", [0x2c] = " ",   [0x2d] = "-_",
        [0x2e] = "=+",  [0x2f] = "[{", [0x30] = "]}", [0x31] = "\\|", [0x33] = ";:",
        [0x34] = "'\"", [0x35] = "`~", [0x36] = ",<", [0x37] = ".>",  [0x38] = "/?",
    };
    unsigned known = 0;
    for (unsigned usage = 0; usage < sizeof rows / sizeof *rows; usage++)
        for (unsigned i = 0; rows[usage] && rows[usage][i]; i++, known++)
            CHECK_EQ(sim_keyboard_key(rows[usage][i]), usage | (i ? SIM_KEYBOARD_SHIFTED : 0));
    for (unsigned i = 0; i < 26; i++, known += 2) {
        CHECK_EQ(sim_keyboard_key((char)('a' + i)), 4 + i);
        CHECK_EQ(sim_keyboard_key((char)('A' + i)), (4 + i) | SIM_KEYBOARD_SHIFTED);
    }
    unsigned with_key = 0;
    for (int c = -128; c < 128; c++)
        with_key += sim_keyboard_key((char)c) != 0;
    CHECK_EQ(with_key, known);
    CHECK_EQ(known, 95 + 3); // printable ASCII, Enter, Tab, Backspace
}

RIG_TEST(sim_keyboard_types_in_order, start(r))
{
    CHECK_EQ(sim_keyboard_type(r->sim, "aB"), BASE_OK);
    CHECK_EQ(sim_keyboard_type(r->sim, "b\n"), BASE_OK);
    check_keys(r, 0, 0x04);
    check_keys(r, 0, 0);
    check_keys(r, 2, 0x05);
    check_keys(r, 0, 0);
    check_keys(r, 0, 0x05); // the same key again: the release between makes it two
    check_keys(r, 0, 0);
    check_keys(r, 0, 0x28);
    check_keys(r, 0, 0);
    check_silent(r, KEYS_EP);
}

RIG_TEST(sim_keyboard_answers_a_waiting_host_when_it_has_something_to_type, start(r))
{
    struct rig_urb u;
    rig_urb(&u, r->dev, KEYS_EP, NULL, 8);
    rig_submit(&u);
    rig_advance(r, 3600u * 1000 * MS);
    CHECK(!u.done);
    CHECK_EQ(sim_keyboard_type(r->sim, "x"), BASE_OK);
    rig_advance(r, 10 * MS);
    CHECK(u.done);
    CHECK_EQ(u.urb.buffer[2], 0x1b);
    CHECK_EQ(rig_finish(&u), 8);

    rig_urb(&u, r->dev, MOUSE_EP, NULL, 8);
    rig_submit(&u);
    rig_advance(r, 3600u * 1000 * MS);
    CHECK(!u.done);
    CHECK_EQ(sim_keyboard_move(r->sim, 9, 0, 0, 0), BASE_OK);
    rig_advance(r, 10 * MS);
    CHECK(u.done);
    CHECK_EQ(u.urb.buffer[1], 9);
    CHECK_EQ(rig_finish(&u), 4);
}

RIG_TEST(sim_keyboard_reports_are_8_ms_apart, start(r))
{
    struct rig_urb u;
    CHECK_EQ(sim_keyboard_type(r->sim, "a"), BASE_OK);
    check_keys(r, 0, 0x04);
    rig_urb(&u, r->dev, KEYS_EP, NULL, 8);
    rig_submit(&u);
    rig_advance(r, 8 * MS - 1);
    CHECK(!u.done);
    rig_advance(r, 2 * MS + 1); // the host asks every 10 ms
    CHECK(u.done);
    CHECK_EQ(rig_finish(&u), 8);
}

TEST(sim_keyboard_refuses_what_has_no_key)
{
    static const char *const bad[] = {"ab\xc3\xa9", "\x1b", "\r", "a\x7f", "\xff"};
    struct rig r;
    start(&r);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(sim_keyboard_type(r.sim, bad[i]), BASE_ERR_INVALID);
        CHECK_EQ(sim_keyboard_set_greeting(r.sim, bad[i]), BASE_ERR_INVALID);
    }
    check_silent(&r, KEYS_EP);
    rig_end(&r);
}

RIG_TEST(sim_keyboard_queue_has_a_limit, start(r))
{
    static char text[SIM_KEYBOARD_QUEUE + 2];
    memset(text, 'a', SIM_KEYBOARD_QUEUE + 1);
    CHECK_EQ(sim_keyboard_type(r->sim, text), BASE_ERR_LIMIT);
    CHECK_EQ(sim_keyboard_set_greeting(r->sim, text), BASE_ERR_LIMIT);
    check_silent(r, KEYS_EP);
    text[SIM_KEYBOARD_QUEUE] = 0;
    CHECK_EQ(sim_keyboard_type(r->sim, text), BASE_OK);
    CHECK_EQ(sim_keyboard_type(r->sim, "b"), BASE_ERR_LIMIT);
    check_keys(r, 0, 0x04);
    check_keys(r, 0, 0);
    CHECK_EQ(sim_keyboard_type(r->sim, "b"), BASE_OK); // wraps round
    for (unsigned i = 1; i < SIM_KEYBOARD_QUEUE; i++) {
        check_keys(r, 0, 0x04);
        check_keys(r, 0, 0);
    }
    check_keys(r, 0, 0x05);
    check_keys(r, 0, 0);
    check_silent(r, KEYS_EP);
}

RIG_TEST(sim_keyboard_takes_leds, start(r))
{
    uint8_t leds = 0x03, have = 0;
    CHECK_EQ(sim_keyboard_leds(r->sim), 0);
    CHECK_EQ(rig_request(r->dev, 0x2109, 0x0200, 0, &leds, 1), 1);
    CHECK_EQ(sim_keyboard_leds(r->sim), 0x03);
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0200, 0, &have, 1), 1);
    CHECK_EQ(have, 0x03);

    uint8_t two[2] = {0, 0};
    CHECK_EQ(rig_request(r->dev, 0x2109, 0x0200, 0, two, 2), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0x2109, 0x0201, 0, two, 1), USB_STATUS_STALL); // report ID 1
    CHECK_EQ(rig_request(r->dev, 0x2109, 0x0100, 0, two, 1), USB_STATUS_STALL); // input report
    CHECK_EQ(rig_request(r->dev, 0x2109, 0x0200, 1, two, 1), USB_STATUS_STALL); // mouse
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0200, 1, two, 1), USB_STATUS_STALL);
    CHECK_EQ(sim_keyboard_leds(r->sim), 0x03);
}

RIG_TEST(sim_keyboard_get_report_tells_what_is_held, start(r))
{
    uint8_t report[16], none[8] = {0};
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0100, 0, report, 16), 8);
    CHECK_BYTES(report, none, 8);
    CHECK_EQ(sim_keyboard_type(r->sim, "Q"), BASE_OK);
    check_keys(r, 2, 0x14);
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0100, 0, report, 3), 3);
    CHECK_EQ(report[0], 2);
    CHECK_EQ(report[2], 0x14);
    check_keys(r, 0, 0);
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0100, 0, report, 8), 8);
    CHECK_BYTES(report, none, 8);

    CHECK_EQ(sim_keyboard_move(r->sim, 5, 0, 1, 0), BASE_OK);
    check_mouse(r, 1, 5, 0, 0);
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0100, 1, report, 8), 4);
    CHECK_EQ(report[0], 1); // the button is held, the movement is over
    CHECK_EQ(report[1], 0);
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0300, 0, report, 8), USB_STATUS_STALL); // feature
}

RIG_TEST(sim_keyboard_repeats_its_report_when_the_host_asks_for_it, start(r))
{
    struct rig_urb u;
    uint8_t idle = 0xff;
    CHECK_EQ(rig_request(r->dev, 0xa102, 0, 0, &idle, 1), 1);
    CHECK_EQ(idle, 0);
    CHECK_EQ(sim_keyboard_type(r->sim, "a"), BASE_OK);
    check_keys(r, 0, 0x04);
    check_keys(r, 0, 0);
    rig_urb(&u, r->dev, KEYS_EP, NULL, 8);
    rig_submit(&u);
    rig_advance(r, 20 * MS);
    CHECK_EQ(rig_request(r->dev, 0x210a, 0x1900, 0, NULL, 0), 0); // 25 * 4 ms from the last report
    CHECK_EQ(rig_request(r->dev, 0xa102, 0, 0, &idle, 1), 1);
    CHECK_EQ(idle, 0x19);
    rig_advance(r, 80 * MS - 1);
    CHECK(!u.done);
    rig_advance(r, 10 * MS);
    CHECK(u.done);
    CHECK_EQ(u.urb.buffer[2], 0);
    CHECK_EQ(rig_finish(&u), 8);

    CHECK_EQ(rig_request(r->dev, 0x210a, 0, 0, NULL, 0), 0);
    rig_advance(r, 1000 * MS);
    check_silent(r, KEYS_EP);
    CHECK_EQ(rig_request(r->dev, 0x210a, 0x1901, 0, NULL, 0), USB_STATUS_STALL); // report ID 1
}

RIG_TEST(sim_keyboard_repeated_mouse_report_does_not_move, start(r))
{
    CHECK_EQ(rig_request(r->dev, 0x210a, 0x0100, 1, NULL, 0), 0);
    CHECK_EQ(sim_keyboard_move(r->sim, 10, -10, 4, 1), BASE_OK);
    check_mouse(r, 4, 10, -10, 1);
    check_mouse(r, 4, 0, 0, 0);
    check_mouse(r, 4, 0, 0, 0);
}

RIG_TEST(sim_keyboard_has_boot_and_report_protocol, start(r))
{
    uint8_t protocol = 0xff, report[8];
    for (unsigned interface = 0; interface < 2; interface++) {
        CHECK_EQ(rig_request(r->dev, 0xa103, 0, interface, &protocol, 1), 1);
        CHECK_EQ(protocol, 1);
    }
    CHECK_EQ(rig_request(r->dev, 0x210b, 0, 1, NULL, 0), 0);
    CHECK_EQ(rig_request(r->dev, 0xa103, 0, 1, &protocol, 1), 1);
    CHECK_EQ(protocol, 0);
    CHECK_EQ(rig_request(r->dev, 0xa103, 0, 0, &protocol, 1), 1);
    CHECK_EQ(protocol, 1); // the other interface's
    CHECK_EQ(sim_keyboard_move(r->sim, 1, 2, 0, 3), BASE_OK);
    rig_advance(r, 10 * MS);
    CHECK_EQ(rig_read(r->dev, MOUSE_EP, report, 8), 3); // no wheel
    CHECK_EQ(report[2], 2);
    CHECK_EQ(rig_request(r->dev, 0x210b, 2, 1, NULL, 0), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0x210b, 0, 2, NULL, 0), USB_STATUS_STALL);
}

RIG_TEST(sim_keyboard_mouse_splits_long_ways, start(r))
{
    CHECK_EQ(sim_keyboard_move(r->sim, 300, -130, 2, -128), BASE_OK);
    CHECK_EQ(sim_keyboard_move(r->sim, 0, 0, 0, 0), BASE_OK);
    check_mouse(r, 2, 127, -127, -127);
    check_mouse(r, 2, 127, -3, -1);
    check_mouse(r, 2, 46, 0, 0);
    check_mouse(r, 0, 0, 0, 0); // a release of the button is a report as well
    check_silent(r, MOUSE_EP);
    check_silent(r, KEYS_EP);
}

RIG_TEST(sim_keyboard_mouse_queue_has_a_limit, start(r))
{
    for (int16_t i = 0; i < SIM_KEYBOARD_MOVES; i++)
        CHECK_EQ(sim_keyboard_move(r->sim, i, 0, 0, 0), BASE_OK);
    CHECK_EQ(sim_keyboard_move(r->sim, 99, 0, 0, 0), BASE_ERR_LIMIT);
    check_mouse(r, 0, 0, 0, 0);
    CHECK_EQ(sim_keyboard_move(r->sim, 100, 0, 0xff, 0), BASE_OK);
    for (int8_t i = 1; i < SIM_KEYBOARD_MOVES; i++)
        check_mouse(r, 0, i, 0, 0);
    check_mouse(r, 0x1f, 100, 0, 0); // there are five buttons
    check_silent(r, MOUSE_EP);
}

RIG_TEST(sim_keyboard_greets_after_each_set_configuration, start(r))
{
    struct rig_urb u;
    CHECK_EQ(sim_keyboard_set_greeting(r->sim, "hi"), BASE_OK);
    CHECK_EQ(sim_keyboard_set_greeting(r->sim, "z"), BASE_OK); // in its place
    rig_advance(r, 3000 * MS);
    check_silent(r, KEYS_EP);
    for (unsigned round = 0; round < 2; round++) {
        rig_change(r->dev, USB_SET_CONFIGURATION, 0, 1);
        rig_urb(&u, r->dev, KEYS_EP, NULL, 8);
        rig_submit(&u);
        rig_advance(r, 2000 * MS - 1);
        CHECK(!u.done);
        rig_advance(r, 10 * MS);
        CHECK(u.done);
        CHECK_EQ(u.urb.buffer[2], 0x1d);
        CHECK_EQ(rig_finish(&u), 8);
        check_keys(r, 0, 0);
        check_silent(r, KEYS_EP);
    }
    CHECK_EQ(sim_keyboard_set_greeting(r->sim, NULL), BASE_OK);
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, 1);
    rig_advance(r, 3000 * MS);
    check_silent(r, KEYS_EP);
}

RIG_TEST(sim_keyboard_reset_forgets, start(r))
{
    uint8_t value = 0x1f;
    CHECK_EQ(rig_request(r->dev, 0x2109, 0x0200, 0, &value, 1), 1);
    CHECK_EQ(rig_request(r->dev, 0x210a, 0x0100, 0, NULL, 0), 0);
    CHECK_EQ(rig_request(r->dev, 0x210b, 0, 0, NULL, 0), 0);
    CHECK_EQ(sim_keyboard_type(r->sim, "abc"), BASE_OK);
    CHECK_EQ(sim_keyboard_move(r->sim, 1, 1, 1, 1), BASE_OK);
    check_keys(r, 0, 0x04); // 'a' is held
    rig_change(r->dev, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(sim_keyboard_leds(r->sim), 0);
    CHECK_EQ(rig_request(r->dev, 0xa102, 0, 0, &value, 1), 1);
    CHECK_EQ(value, 0);
    CHECK_EQ(rig_request(r->dev, 0xa103, 0, 0, &value, 1), 1);
    CHECK_EQ(value, 1);
    check_silent(r, KEYS_EP);
    check_silent(r, MOUSE_EP);
    CHECK_EQ(sim_keyboard_type(r->sim, "d"), BASE_OK);
    check_keys(r, 0, 0x07);
}

RIG_TEST(sim_keyboard_without_memory, start(r))
{
    CHECK_EQ(sim_keyboard_set_greeting(r->sim, "a"), BASE_OK);
    r->heap.fail_at = 1;
    CHECK(!sim_keyboard_create(r->bus));
    CHECK_EQ(sim_keyboard_set_greeting(r->sim, "hi"), BASE_ERR_NOMEM);
    r->heap.fail_at = 0;
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, 1);
    rig_advance(r, 3000 * MS);
    check_keys(r, 0, 0x04); // the old one stays
}
