// SPDX-License-Identifier: Apache-2.0
// Several serial ports in one device.
#include "sim/device/serial/sim_serial.h"
#include "tests/support/rig.h"

#include <string.h>

enum { PORTS = SIM_SERIAL_PORTS_MAX, DCD_DSR = 3, BREAK = 4, NOTICE = 10 };

static uint8_t data_out(unsigned port)
{
    return (uint8_t)(3 * port + 1);
}

static uint8_t data_in(unsigned port)
{
    return (uint8_t)(0x80 | (3 * port + 2));
}

static uint8_t notice_in(unsigned port)
{
    return (uint8_t)(0x80 | (3 * port + 3));
}

static void start(struct rig *r)
{
    rig_begin(r);
    rig_start(r, sim_serial_create(r->bus, PORTS), 1);
}

static void check_notice(struct rig *r, unsigned port, uint8_t state)
{
    const uint8_t want[NOTICE] = {0xa1, 0x20, 0, 0, (uint8_t)(2 * port), 0, 2, 0, state, 0};
    uint8_t have[16];
    CHECK_EQ(rig_read(r->dev, notice_in(port), have, 16), NOTICE);
    CHECK_BYTES(have, want, NOTICE);
}

static void check_no_notice(struct rig *r, unsigned port)
{
    CHECK_EQ(rig_read(r->dev, notice_in(port), (uint8_t[16]){0}, 16), RIG_PENDING);
}

// --- descriptors ---------------------------------------------------------------------------------

// Walks over what one port has in the configuration.
static void check_function(struct usb_walk *w, unsigned port, bool associated)
{
    uint8_t comm = (uint8_t)(2 * port), data = (uint8_t)(comm + 1);
    const uint8_t association[] = {8, 11, comm, 2, 2, 2, 1, 0};
    const uint8_t union_of_both[] = {5, 0x24, 6, comm, data};
    const uint8_t addresses[] = {notice_in(port), data_in(port), data_out(port)};
    struct usb_endpoint ep;
    bool has_union = false;
    CHECK(usb_walk_next(w));
    if (associated) {
        CHECK_BYTES(w->descriptor.data, association, sizeof association);
        CHECK(usb_walk_next(w));
    }
    for (unsigned n = 0;;) {
        if (usb_walk_interface(w))
            CHECK_EQ(w->interface.bInterfaceClass, w->interface.bInterfaceNumber == data ? 10 : 2);
        has_union |= w->descriptor.size == 5 && memcmp(w->descriptor.data, union_of_both, 5) == 0;
        if (usb_walk_endpoint(w, &ep)) {
            CHECK_EQ(ep.address, addresses[n]);
            CHECK_EQ(ep.type, n ? USB_BULK : USB_INTERRUPT);
            CHECK_EQ(ep.interface, n ? data : comm);
            n++;
        }
        if (n == 3)
            break;
        CHECK(usb_walk_next(w));
    }
    CHECK(has_union);
}

TEST(sim_serial_ports_descriptors)
{
    for (unsigned ports = 1; ports <= PORTS; ports++) {
        struct rig r;
        struct usb_walk w;
        rig_begin(&r);
        rig_start(&r, sim_serial_create(r.bus, ports), 1);
        const uint8_t *device = r.sim->desc->device, *config = r.sim->desc->configs[0];
        const uint8_t composite[] = {0xef, 2, 1}, single[] = {2, 0, 0};
        CHECK_BYTES(device + 4, ports > 1 ? composite : single, 3);
        CHECK_EQ(device[12], ports > 1 ? ports : 0);
        CHECK_EQ(rig_check_config(config), 3 * ports);
        CHECK_EQ(config[4], 2 * ports);
        usb_walk_begin(&w, (struct base_span){config, base_get_le16(config + 2)},
                       USB_SPEED_UNKNOWN);
        CHECK(usb_walk_next(&w)); // the configuration itself
        for (unsigned port = 0; port < ports; port++)
            check_function(&w, port, ports > 1);
        CHECK(!usb_walk_next(&w));
        rig_end(&r);
    }
}

// A single port looks as it always did.
RIG_TEST(sim_serial_ports_single_one, rig_begin(r))
{
    static const uint8_t device[] = {18,   1, 0x10, 0x01, 2, 0, 0, 64, 0x09,
                                     0x12, 4, 0,    0,    1, 1, 2, 0,  1};
    static const uint8_t config[] = {9, 2,    67,   0,  2,  1,  0,  0x80, 50, //
                                     9, 4,    0,    0,  1,  2,  2,  1,    0,  //
                                     5, 0x24, 0,    16, 1,                    //
                                     5, 0x24, 1,    0,  1,                    //
                                     4, 0x24, 2,    6,                        //
                                     5, 0x24, 6,    0,  1,                    //
                                     7, 5,    0x83, 3,  16, 0,  10,           //
                                     9, 4,    1,    0,  2,  10, 0,  0,    0,  //
                                     7, 5,    0x82, 2,  64, 0,  0,            //
                                     7, 5,    0x01, 2,  64, 0,  0};
    struct sim_device *d = sim_serial_create(r->bus, 1);
    CHECK_BYTES(d->desc->device, device, sizeof device);
    CHECK_BYTES(d->desc->configs[0], config, sizeof config);
    CHECK_STR(d->desc->strings[1], "Simulated serial port");
    rig_start(r, d, 1);
}

// --- independence --------------------------------------------------------------------------------

RIG_TEST(sim_serial_ports_echo, start(r))
{
    char text[] = "port ?", have[64];
    for (unsigned port = 0; port < PORTS; port++) {
        text[5] = (char)('0' + port);
        CHECK_EQ(rig_write(r->dev, data_out(port), text, 6), 6);
    }
    for (unsigned port = PORTS; port-- > 0;) {
        text[5] = (char)('0' + port);
        CHECK_EQ(rig_read(r->dev, data_in(port), have, 64), 6);
        CHECK_BYTES(have, text, 6);
        CHECK_EQ(rig_read(r->dev, data_in(port), have, 64), RIG_PENDING);
    }
}

RIG_TEST(sim_serial_ports_one_of_them_is_full, start(r))
{
    static uint8_t data[SIM_SERIAL_RING + 64];
    struct rig_urb u;
    rig_urb(&u, r->dev, data_out(1), data, sizeof data);
    rig_submit(&u);
    CHECK(!u.done); // has no room for the last packet
    for (unsigned port = 0; port < PORTS; port++) {
        if (port == 1)
            continue;
        CHECK_EQ(rig_write(r->dev, data_out(port), data, SIM_SERIAL_RING), SIM_SERIAL_RING);
        CHECK_EQ(rig_read(r->dev, data_in(port), data, SIM_SERIAL_RING), SIM_SERIAL_RING);
    }
    CHECK(!u.done);
    CHECK_EQ(rig_read(r->dev, data_in(1), data, 64), 64);
    CHECK(u.done);
    CHECK_EQ(rig_finish(&u), sizeof data);
}

RIG_TEST(sim_serial_ports_line_coding, start(r))
{
    struct sim_serial_line line;
    uint8_t data[7] = {0, 0, 0, 0, 0, 0, 8};
    for (unsigned port = 0; port < PORTS; port++) {
        base_put_le32(data, 9600 + port);
        CHECK_EQ(rig_request(r->dev, 0x2120, 0, 2 * port, data, 7), 7);
    }
    for (unsigned port = 0; port < PORTS; port++) {
        CHECK_EQ(rig_request(r->dev, 0xa121, 0, 2 * port, data, 7), 7);
        CHECK_EQ(base_get_le32(data), 9600 + port);
        sim_serial_line(r->sim, port, &line);
        CHECK_EQ(line.baud, 9600 + port);
        CHECK_EQ(rig_request(r->dev, 0xa121, 0, 2 * port + 1, data, 7), USB_STATUS_STALL);
    }
    CHECK_EQ(rig_request(r->dev, 0xa121, 0, 2, NULL, 0), 0); // nothing of it, without a buffer
    CHECK_EQ(rig_request(r->dev, 0xa121, 0, 2 * PORTS, data, 7), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0xa121, 0, 0x100, data, 7), USB_STATUS_STALL);
}

RIG_TEST(sim_serial_ports_lines, start(r))
{
    struct sim_serial_line line;
    CHECK_EQ(rig_request(r->dev, 0x2122, 3, 2 * 2, NULL, 0), 0); // DTR and RTS
    CHECK_EQ(rig_request(r->dev, 0x2123, 5, 2 * 3, NULL, 0), 0); // break of 5 ms
    for (unsigned port = 0; port < PORTS; port++) {
        sim_serial_line(r->sim, port, &line);
        CHECK_EQ(line.dtr, port == 2);
        CHECK_EQ(line.breaking, port == 3);
    }
    check_no_notice(r, 0);
    check_no_notice(r, 1);
    check_notice(r, 2, DCD_DSR);
    check_notice(r, 3, BREAK);
    rig_advance(r, 5000);
    check_no_notice(r, 2);
    check_notice(r, 3, 0);
}

RIG_TEST(sim_serial_ports_are_all_reset, start(r))
{
    struct sim_serial_line line;
    uint8_t data[7] = {0x80, 0x25, 0, 0, 0, 0, 8};
    for (unsigned port = 0; port < PORTS; port++) {
        CHECK_EQ(rig_request(r->dev, 0x2120, 0, 2 * port, data, 7), 7);
        CHECK_EQ(rig_request(r->dev, 0x2122, 1, 2 * port, NULL, 0), 0);
        CHECK_EQ(rig_write(r->dev, data_out(port), "x", 1), 1);
    }
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, 1);
    for (unsigned port = 0; port < PORTS; port++) {
        CHECK_EQ(rig_read(r->dev, data_in(port), data, 1), RIG_PENDING);
        check_no_notice(r, port);
        sim_serial_line(r->sim, port, &line);
        CHECK(!line.dtr);
        CHECK_EQ(line.baud, 9600); // survives a SET_CONFIGURATION only
    }
    rig_change(r->dev, USB_RESET_DEVICE, 0, 0);
    for (unsigned port = 0; port < PORTS; port++) {
        sim_serial_line(r->sim, port, &line);
        CHECK_EQ(line.baud, 115200);
    }
}
