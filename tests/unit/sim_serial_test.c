// SPDX-License-Identifier: Apache-2.0
#include "sim/device/serial/sim_serial.h"
#include "tests/support/rig.h"

#include <string.h>

enum { DATA_OUT = 0x01, DATA_IN = 0x82, NOTICE_IN = 0x83, MS = 1000 };
enum { DCD_DSR = 3, BREAK = 4 };

static void start(struct rig *r)
{
    rig_begin(r);
    rig_start(r, sim_serial_create(r->bus, 1), 1);
}

// Bytes that do not repeat with any power of two.
static void fill(uint8_t *buf, uint32_t size, uint32_t from)
{
    for (uint32_t i = 0; i < size; i++)
        buf[i] = (uint8_t)((from + i) * 7 % 251);
}

static void check_echo(struct rig *r, uint32_t length, uint32_t from, uint32_t size)
{
    static uint8_t have[SIM_SERIAL_RING], want[SIM_SERIAL_RING];
    fill(want, size, from);
    CHECK_EQ(rig_read(r->dev, DATA_IN, have, length), size);
    CHECK_BYTES(have, want, size);
}

static void write_from(struct rig *r, uint32_t from, uint32_t size)
{
    static uint8_t data[SIM_SERIAL_RING];
    fill(data, size, from);
    CHECK_EQ(rig_write(r->dev, DATA_OUT, data, size), size);
}

static void check_notice(struct rig *r, uint8_t state)
{
    const uint8_t want[10] = {0xa1, 0x20, 0, 0, 0, 0, 2, 0, state, 0};
    uint8_t have[16];
    CHECK_EQ(rig_read(r->dev, NOTICE_IN, have, 16), 10);
    CHECK_BYTES(have, want, 10);
}

static void check_no_notice(struct rig *r)
{
    uint8_t have[16];
    CHECK_EQ(rig_read(r->dev, NOTICE_IN, have, 16), RIG_PENDING);
}

RIG_TEST(sim_serial_descriptors_hold_together, rig_begin(r))
{
    struct usb_interface interface[3];
    struct sim_device *d = sim_serial_create(r->bus, 1);
    const uint8_t *config = d->desc->configs[0];
    CHECK_EQ(rig_check_config(config), 3);
    struct base_span bytes = {config, base_get_le16(config + 2)};
    CHECK_EQ(usb_config_interfaces(bytes, interface, 3), 2);
    CHECK_EQ(interface[0].bInterfaceClass, USB_CLASS_COMM);
    CHECK_EQ(interface[0].bInterfaceSubClass, 2);
    CHECK_EQ(interface[1].bInterfaceClass, USB_CLASS_CDC_DATA);

    // Hosts find the data interface by the union descriptor.
    struct usb_walk w;
    bool has_union = false;
    usb_walk_begin(&w, bytes, USB_SPEED_UNKNOWN);
    while (usb_walk_next(&w)) {
        const uint8_t *p = w.descriptor.data;
        has_union |= p[1] == 0x24 && p[2] == 6 && p[3] == 0 && p[4] == 1;
    }
    CHECK(has_union);
    CHECK_EQ(d->speed, USB_SPEED_FULL);
    rig_start(r, d, 1);
}

RIG_TEST(sim_serial_echoes, start(r))
{
    write_from(r, 0, 1);
    check_echo(r, 64, 0, 1);
    write_from(r, 1, 100);
    check_echo(r, 512, 1, 100);
    write_from(r, 101, 30);
    write_from(r, 131, 40);
    check_echo(r, 512, 101, 70); // as much as there is
    CHECK_EQ(rig_read(r->dev, DATA_IN, (uint8_t[64]){0}, 64), RIG_PENDING);
}

RIG_TEST(sim_serial_answers_a_waiting_host, start(r))
{
    struct rig_urb u;
    rig_urb(&u, r->dev, DATA_IN, NULL, 128);
    rig_submit(&u);
    CHECK(!u.done);
    CHECK_EQ(rig_write(r->dev, DATA_OUT, NULL, 0), 0); // nothing to echo
    CHECK(!u.done);
    CHECK_EQ(rig_write(r->dev, DATA_OUT, "hello", 5), 5);
    CHECK(u.done);
    CHECK_BYTES(u.urb.buffer, "hello", 5);
    CHECK_EQ(rig_finish(&u), 5);
}

RIG_TEST(sim_serial_ends_full_packets_with_a_short_one, start(r))
{
    write_from(r, 0, 64);
    check_echo(r, 512, 0, 64); // does not wait for more
    write_from(r, 64, 128);
    check_echo(r, 128, 64, 128); // the transfer is full: what ends it comes with the next one
    check_echo(r, 128, 0, 0);
    CHECK_EQ(rig_read(r->dev, DATA_IN, (uint8_t[64]){0}, 64), RIG_PENDING);
    write_from(r, 0, 256);
    check_echo(r, 128, 0, 128); // more is there: no zero-length packet between
    check_echo(r, 64, 128, 64);
    write_from(r, 256, 10);
    check_echo(r, 512, 192, 74);
    CHECK_EQ(rig_read(r->dev, DATA_IN, (uint8_t[64]){0}, 64), RIG_PENDING);
}

RIG_TEST(sim_serial_takes_no_more_than_it_can_keep, start(r))
{
    struct rig_urb u;
    static uint8_t more[500];
    write_from(r, 0, SIM_SERIAL_RING - 150);
    fill(more, sizeof more, SIM_SERIAL_RING - 150);
    rig_urb(&u, r->dev, DATA_OUT, more, sizeof more);
    rig_submit(&u);
    CHECK(!u.done); // two packets went
    check_echo(r, 64, 0, 64);
    CHECK(!u.done);
    check_echo(r, 64, 64, 64);
    check_echo(r, 512, 128, 512);
    CHECK(u.done);
    CHECK_EQ(rig_finish(&u), 500);
    check_echo(r, SIM_SERIAL_RING, 640, SIM_SERIAL_RING - 150 - 640 + 500);
}

RIG_TEST(sim_serial_full_ring_takes_nothing, start(r))
{
    write_from(r, 0, SIM_SERIAL_RING);
    CHECK_EQ(rig_write(r->dev, DATA_OUT, "x", 1), RIG_PENDING);
    check_echo(r, SIM_SERIAL_RING, 0, SIM_SERIAL_RING);
    CHECK_EQ(rig_write(r->dev, DATA_OUT, "x", 1), 1);
}

RIG_TEST(sim_serial_loses_nothing_over_many_rounds, start(r))
{
    uint32_t written = 0, read = 0;
    for (uint32_t i = 0; i < 400; i++) {
        uint32_t size = 1 + i * 37 % 1500;
        write_from(r, written, size);
        written += size;
        if (i % 4 != 3)
            continue;
        uint32_t due = written - read;
        check_echo(r, SIM_SERIAL_RING, read, due); // ended by a short or a zero-length packet
        read += due;
    }
    CHECK(read > 10 * SIM_SERIAL_RING);
}

RIG_TEST(sim_serial_keeps_the_line_coding, start(r))
{
    static const uint8_t odd[7] = {0x80, 0x25, 0, 0, 2, 1, 7}; // 9600, 2 stop bits, odd, 7
    static const uint8_t initial[7] = {0x00, 0xc2, 0x01, 0, 0, 0, 8};
    struct sim_serial_line line;
    uint8_t have[7], data[7];
    CHECK_EQ(rig_request(r->dev, 0xa121, 0, 0, have, 7), 7);
    CHECK_BYTES(have, initial, 7);
    memcpy(data, odd, 7);
    CHECK_EQ(rig_request(r->dev, 0x2120, 0, 0, data, 7), 7);
    CHECK_EQ(rig_request(r->dev, 0xa121, 0, 0, have, 7), 7);
    CHECK_BYTES(have, odd, 7);
    CHECK_EQ(rig_request(r->dev, 0xa121, 0, 0, have, 4), 4);
    sim_serial_line(r->sim, 0, &line);
    CHECK_EQ(line.baud, 9600);
    CHECK_EQ(line.stop_bits, 2);
    CHECK_EQ(line.parity, 1);
    CHECK_EQ(line.data_bits, 7);
}

TEST(sim_serial_refuses_a_bad_line_coding)
{
    static const struct {
        uint8_t at, value;
    } bad[] = {{4, 3}, {5, 5}, {6, 4}, {6, 9}, {6, 15}, {6, 17}};
    static const uint8_t good[7] = {0x80, 0x25, 0, 0, 0, 0, 8};
    struct rig r;
    uint8_t data[8] = {0};
    start(&r);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(data, good, 7);
        data[bad[i].at] = bad[i].value;
        CHECK_EQ(rig_request(r.dev, 0x2120, 0, 0, data, 7), USB_STATUS_STALL);
    }
    memcpy(data, good, 7);
    CHECK_EQ(rig_request(r.dev, 0x2120, 0, 0, data, 6), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r.dev, 0x2120, 0, 0, data, 8), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r.dev, 0x2120, 0, 1, data, 7), USB_STATUS_STALL); // data interface
    memset(data, 0, 4);                                                    // 0 baud
    CHECK_EQ(rig_request(r.dev, 0x2120, 0, 0, data, 7), USB_STATUS_STALL);
    struct sim_serial_line line;
    sim_serial_line(r.sim, 0, &line);
    CHECK_EQ(line.baud, 115200);
    CHECK_EQ(rig_request(r.dev, 0xa102, 0, 0, data, 7), USB_STATUS_STALL); // feature: not there
    rig_end(&r);
}

RIG_TEST(sim_serial_answers_dtr_with_dcd_and_dsr, start(r))
{
    struct sim_serial_line line;
    check_no_notice(r);
    CHECK_EQ(rig_request(r->dev, 0x2122, 2, 0, NULL, 0), 0); // RTS alone
    check_no_notice(r);
    CHECK_EQ(rig_request(r->dev, 0x2122, 3, 0, NULL, 0), 0);
    check_notice(r, DCD_DSR);
    sim_serial_line(r->sim, 0, &line);
    CHECK(line.dtr && line.rts);
    CHECK_EQ(rig_request(r->dev, 0x2122, 1, 0, NULL, 0), 0); // still on
    check_no_notice(r);
    CHECK_EQ(rig_request(r->dev, 0x2122, 0, 0, NULL, 0), 0);
    check_notice(r, 0);
    sim_serial_line(r->sim, 0, &line);
    CHECK(!line.dtr && !line.rts);
}

RIG_TEST(sim_serial_break_lasts_as_long_as_said, start(r))
{
    struct rig_urb u;
    struct sim_serial_line line;
    CHECK_EQ(rig_request(r->dev, 0x2122, 1, 0, NULL, 0), 0);
    check_notice(r, DCD_DSR);
    CHECK_EQ(rig_request(r->dev, 0x2123, 250, 0, NULL, 0), 0);
    check_notice(r, DCD_DSR | BREAK);
    sim_serial_line(r->sim, 0, &line);
    CHECK(line.breaking);
    rig_urb(&u, r->dev, NOTICE_IN, NULL, 16);
    rig_submit(&u);
    rig_advance(r, 250 * MS - 1);
    CHECK(!u.done);
    rig_advance(r, 1);
    CHECK(u.done);
    CHECK_EQ(u.urb.buffer[8], DCD_DSR);
    CHECK_EQ(rig_finish(&u), 10);
    sim_serial_line(r->sim, 0, &line);
    CHECK(!line.breaking);
}

RIG_TEST(sim_serial_break_wakes_a_waiting_host, start(r))
{
    struct rig_urb u, next;
    struct sim_serial_line line;
    CHECK_EQ(rig_request(r->dev, 0x2123, 10, 0, NULL, 0), 0);
    rig_advance(r, 10 * MS); // nobody asked meanwhile
    sim_serial_line(r->sim, 0, &line);
    CHECK(!line.breaking);
    check_notice(r, BREAK);
    check_notice(r, 0);
    check_no_notice(r);
    rig_urb(&u, r->dev, NOTICE_IN, NULL, 16);
    rig_urb(&next, r->dev, NOTICE_IN, NULL, 16);
    rig_submit(&u);
    rig_submit(&next);
    CHECK_EQ(rig_request(r->dev, 0x2123, 10, 0, NULL, 0), 0);
    CHECK(u.done && !next.done);
    CHECK_EQ(u.urb.buffer[8], BREAK);
    rig_advance(r, 10 * MS);
    CHECK(next.done);
    CHECK_EQ(next.urb.buffer[8], 0);
    CHECK_EQ(rig_finish(&u), 10);
    CHECK_EQ(rig_finish(&next), 10);
}

RIG_TEST(sim_serial_break_without_end_is_ended, start(r))
{
    CHECK_EQ(rig_request(r->dev, 0x2123, 0xffff, 0, NULL, 0), 0);
    check_notice(r, BREAK);
    rig_advance(r, 3600u * 1000 * MS);
    check_no_notice(r);
    CHECK_EQ(rig_request(r->dev, 0x2122, 1, 0, NULL, 0), 0);
    check_notice(r, DCD_DSR | BREAK);
    CHECK_EQ(rig_request(r->dev, 0x2123, 0, 0, NULL, 0), 0);
    check_notice(r, DCD_DSR);
    CHECK_EQ(rig_request(r->dev, 0x2123, 0, 0, NULL, 0), 0); // nothing to end
    check_no_notice(r);
    CHECK_EQ(rig_request(r->dev, 0x2123, 100, 1, NULL, 0), USB_STATUS_STALL);

    struct rig_urb u;
    CHECK_EQ(rig_request(r->dev, 0x2123, 0xffff, 0, NULL, 0), 0);
    check_notice(r, DCD_DSR | BREAK);
    rig_urb(&u, r->dev, NOTICE_IN, NULL, 16);
    rig_submit(&u);
    CHECK_EQ(rig_request(r->dev, 0x2123, 20, 0, NULL, 0), 0); // now it has an end
    rig_advance(r, 20 * MS);
    CHECK(u.done);
    CHECK_EQ(u.urb.buffer[8], DCD_DSR);
    CHECK_EQ(rig_finish(&u), 10);
}

RIG_TEST(sim_serial_host_that_reads_no_notices_gets_the_last_state, start(r))
{
    for (unsigned i = 0; i < 50; i++)
        CHECK_EQ(rig_request(r->dev, 0x2122, i % 2 == 0, 0, NULL, 0), 0);
    CHECK_EQ(rig_request(r->dev, 0x2122, 1, 0, NULL, 0), 0);
    uint8_t have[16], last = 0;
    unsigned count = 0;
    while (rig_read(r->dev, NOTICE_IN, have, 16) == 10) {
        last = have[8];
        count++;
    }
    CHECK_EQ(count, 16);
    CHECK_EQ(last, DCD_DSR);
}

RIG_TEST(sim_serial_reset_forgets, start(r))
{
    static const uint8_t coding[7] = {0x80, 0x25, 0, 0, 0, 0, 8};
    struct sim_serial_line line;
    uint8_t data[7];
    memcpy(data, coding, 7);
    CHECK_EQ(rig_request(r->dev, 0x2120, 0, 0, data, 7), 7);
    write_from(r, 0, 64);
    check_echo(r, 64, 0, 64); // a zero-length packet is due
    rig_change(r->dev, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(rig_read(r->dev, DATA_IN, (uint8_t[64]){0}, 64), RIG_PENDING);
    write_from(r, 0, 1000);
    CHECK_EQ(rig_request(r->dev, 0x2122, 3, 0, NULL, 0), 0);
    CHECK_EQ(rig_request(r->dev, 0x2123, 0xffff, 0, NULL, 0), 0);
    rig_change(r->dev, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(rig_read(r->dev, DATA_IN, (uint8_t[64]){0}, 64), RIG_PENDING);
    check_no_notice(r);
    sim_serial_line(r->sim, 0, &line);
    CHECK_EQ(line.baud, 115200);
    CHECK(!line.dtr && !line.rts && !line.breaking);
    write_from(r, 5, 10);
    check_echo(r, 64, 5, 10);
}

RIG_TEST(sim_serial_without_memory, start(r))
{
    r->heap.fail_at = 1;
    CHECK(!sim_serial_create(r->bus, 1));
    r->heap.fail_at = 0;
}
