// SPDX-License-Identifier: Apache-2.0
// The standard requests: configuration, interfaces, status, features, address.
#include "tests/unit/sim_host.h"

enum { STALL = USB_STATUS_STALL, IN = 0x81, OUT = 0x02 };

static int ask(struct stand *s, const char *setup)
{
    return host_request(&s->h, s->dev, setup, s->data);
}

static void unconfigure(struct stand *s)
{
    CHECK_EQ(host_change(&s->h, s->dev, USB_SET_CONFIGURATION, 0, 0), USB_STATUS_OK);
}

// --- configuration and interfaces ----------------------------------------------------------------

static const uint8_t two_device[] = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x40, 0x09,
                                     0x12, 0x01, 0x00, 0x00, 0x01, 0x01, 0x02, 0x03, 0x02};
static const uint8_t config_3[] = {9, 2, 25, 0, 1,   3,   0,   0xc0, 50, //
                                   9, 4, 0,  0, 1,   255, 255, 255,  0,  //
                                   7, 5, IN, 2, 0x0, 2,   0};
static const uint8_t config_5[] = {9, 2, 25,  0, 1,   5,   0,   0xa0, 50, //
                                   9, 4, 2,   0, 1,   255, 255, 255,  0,  //
                                   7, 5, OUT, 2, 0x0, 2,   0};

static void begin_with_two_configs(struct stand *s)
{
    struct sim_faulty_options o = sim_faulty_d1;
    o.device = two_device;
    o.configs[0] = config_3;
    o.configs[1] = config_5;
    o.config_sizes[0] = sizeof config_3;
    o.config_sizes[1] = sizeof config_5;
    stand_begin_with(s, &o);
}

TEST(sim_chapter9_configurations)
{
    struct stand s;
    begin_with_two_configs(&s);
    CHECK_EQ(s.dev->info.config_count, 2);
    CHECK_EQ(s.dev->info.active_config, 3);
    CHECK_EQ(ask(&s, "8008000000000800"), 1);
    CHECK_EQ(s.data[0], 3);
    CHECK(sim_endpoint(s.d, IN) && !sim_endpoint(s.d, OUT));
    CHECK_EQ(ask(&s, "0009050000000000"), 0);
    CHECK_EQ(ask(&s, "8008000000000100"), 1);
    CHECK_EQ(s.data[0], 5);
    CHECK(!sim_endpoint(s.d, IN) && sim_endpoint(s.d, OUT));
    CHECK_EQ(ask(&s, "0009010000000000"), STALL); // an index is no value
    CHECK_EQ(ask(&s, "0009050100000000"), STALL);
    CHECK_EQ(ask(&s, "0109030000000000"), STALL);
    CHECK_EQ(ask(&s, "8009030000000000"), STALL);
    CHECK_EQ(ask(&s, "8108000000000100"), STALL);
    CHECK_EQ(s.d->config, 5);
    CHECK_EQ(ask(&s, "0009000000000000"), 0);
    CHECK_EQ(ask(&s, "8008000000000100"), 1);
    CHECK_EQ(s.data[0], 0);
    CHECK_EQ(ask(&s, "8006010200000900"), 9);
    CHECK_EQ(s.data[5], 5);
    stand_end(&s);
}

TEST(sim_chapter9_plug_in_configuration_after_close)
{
    struct stand s;
    begin_with_two_configs(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_CONFIGURATION, 0, 5), USB_STATUS_OK);
    host_close(&s.h, s.dev);
    CHECK_EQ(s.d->config, 3);
    stand_end(&s);
}

TEST(sim_chapter9_interfaces)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(ask(&s, "810a000001000100"), 1);
    CHECK_EQ(s.data[0], 0);
    CHECK_EQ(ask(&s, "010b010001000000"), 0);
    CHECK_EQ(ask(&s, "810a000001000800"), 1);
    CHECK_EQ(s.data[0], 1);
    CHECK_EQ(s.d->alternate[1], 1);
    CHECK(sim_endpoint(s.d, 0x84));
    CHECK_EQ(ask(&s, "010b090001000000"), STALL);
    CHECK_EQ(ask(&s, "010b010101000000"), STALL);
    CHECK_EQ(ask(&s, "010b000002000000"), STALL);
    CHECK_EQ(ask(&s, "010b000000010000"), STALL);
    CHECK_EQ(ask(&s, "000b000001000000"), STALL);
    CHECK_EQ(ask(&s, "810a000002000100"), STALL);
    CHECK_EQ(ask(&s, "800a000001000100"), STALL);
    CHECK_EQ(s.d->alternate[1], 1);
    CHECK_EQ(sim_faulty_counters(s.d)->alternates, 1);
    unconfigure(&s);
    CHECK_EQ(ask(&s, "810a000001000100"), STALL);
    CHECK_EQ(ask(&s, "010b000001000000"), STALL);
    stand_end(&s);
}

// --- status and features -------------------------------------------------------------------------

static int status_of(struct stand *s, const char *setup)
{
    int n = ask(s, setup);
    return n == 2 ? base_get_le16(s->data) : n;
}

TEST(sim_chapter9_device_status)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(status_of(&s, "8000000000000200"), 1); // self-powered
    CHECK_EQ(ask(&s, "0003010000000000"), 0);
    CHECK(s.d->remote_wakeup);
    CHECK_EQ(status_of(&s, "8000000000000200"), 3);
    CHECK_EQ(ask(&s, "0001010000000000"), 0);
    CHECK_EQ(status_of(&s, "8000000000000200"), 1);
    CHECK_EQ(ask(&s, "0003010000000000"), 0);
    CHECK_EQ(host_change(&s.h, s.dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(status_of(&s, "8000000000000200"), 1);
    CHECK_EQ(ask(&s, "0003020000000000"), STALL); // test mode
    CHECK_EQ(ask(&s, "0003010001000000"), STALL);
    CHECK_EQ(ask(&s, "8003010000000000"), STALL);
    CHECK_EQ(status_of(&s, "8000010000000200"), STALL);
    CHECK_EQ(status_of(&s, "8000000001000200"), STALL);
    CHECK_EQ(status_of(&s, "8300000000000200"), STALL);
    stand_end(&s);
}

TEST(sim_chapter9_attributes_are_the_configurations)
{
    struct stand s;
    begin_with_two_configs(&s); // 3: self-powered; 5: remote wakeup
    CHECK_EQ(status_of(&s, "8000000000000200"), 1);
    CHECK_EQ(ask(&s, "0003010000000000"), STALL);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_CONFIGURATION, 0, 5), USB_STATUS_OK);
    CHECK_EQ(status_of(&s, "8000000000000200"), 0);
    CHECK_EQ(ask(&s, "0003010000000000"), 0);
    CHECK_EQ(status_of(&s, "8000000000000200"), 2);
    stand_end(&s);
}

TEST(sim_chapter9_interface_status)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(status_of(&s, "8100000001000200"), 0);
    CHECK_EQ(status_of(&s, "8100000002000200"), STALL);
    CHECK_EQ(ask(&s, "0103000001000000"), STALL); // interfaces have no features
    unconfigure(&s);
    CHECK_EQ(status_of(&s, "8100000001000200"), STALL);
    stand_end(&s);
}

TEST(sim_chapter9_endpoint_status_and_halt)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(status_of(&s, "8200000081000200"), 0);
    CHECK_EQ(ask(&s, "0203000081000000"), 0);
    CHECK_EQ(status_of(&s, "8200000081000200"), 1);
    CHECK_EQ(status_of(&s, "8200000002000200"), 0);
    CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 512, NULL), STALL);
    CHECK_EQ(ask(&s, "0201000081000000"), 0);
    CHECK_EQ(status_of(&s, "8200000081000200"), 0);
    CHECK_EQ(sim_faulty_counters(s.d)->halts_cleared, 1);
    CHECK_EQ(status_of(&s, "8200000089000200"), STALL);
    CHECK_EQ(status_of(&s, "8200000081010200"), STALL);
    CHECK_EQ(status_of(&s, "82000000c1000200"), STALL);
    CHECK_EQ(ask(&s, "0203000089000000"), STALL);
    CHECK_EQ(ask(&s, "0203010081000000"), STALL);
    CHECK_EQ(ask(&s, "0201000089000000"), STALL);
    stand_end(&s);
}

TEST(sim_chapter9_halting_an_endpoint_ends_what_waits_there)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    host_urb(&s.h, &t, s.dev, IN, USB_BULK, 512, NULL);
    host_submit(&s.h, &t);
    CHECK_EQ(ask(&s, "0203000081000000"), 0);
    CHECK(t.done);
    CHECK_EQ(t.u.status, STALL);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_chapter9_endpoint_0_is_always_there)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(ask(&s, "0203000000000000"), STALL);
    CHECK_EQ(ask(&s, "0201000000000000"), 0);
    unconfigure(&s);
    CHECK_EQ(status_of(&s, "8200000000000200"), 0);
    CHECK_EQ(status_of(&s, "8200000080000200"), 0);
    CHECK_EQ(status_of(&s, "8200000081000200"), STALL);
    CHECK_EQ(status_of(&s, "8000000000000200"), 1);
    CHECK_EQ(ask(&s, "8006000100001200"), 18);
    stand_end(&s);
}

TEST(sim_chapter9_isochronous_endpoints_do_not_halt)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(status_of(&s, "8200000084000200"), 0);
    CHECK_EQ(ask(&s, "0203000084000000"), STALL);
    CHECK_EQ(ask(&s, "0201000084000000"), STALL);
    CHECK_EQ(ask(&s, "820c000084000200"), STALL); // SYNCH_FRAME
    stand_end(&s);
}

TEST(sim_chapter9_a_stalled_request_is_over)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(ask(&s, "c0fe341200000400"), STALL);
    CHECK_EQ(ask(&s, "80ff000000000400"), STALL);
    CHECK_EQ(ask(&s, "8006000100001200"), 18);
    stand_end(&s);
}

// --- an address of its own -----------------------------------------------------------------------

TEST(sim_chapter9_set_address_makes_it_deaf)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    host_urb(&s.h, &t, s.dev, IN, USB_BULK, 512, NULL);
    host_submit(&s.h, &t);
    CHECK_EQ(ask(&s, "0005090000000000"), 0);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_NO_RESPONSE);
    host_free(&s.h, &t);
    CHECK_EQ(sim_faulty_setups_like(s.d, 0x00, USB_REQ_SET_ADDRESS), 1);
    CHECK_EQ(ask(&s, "8006000100001200"), USB_STATUS_NO_RESPONSE);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, s.data, 5), USB_STATUS_NO_RESPONSE);
    CHECK_EQ(host_change(&s.h, s.dev, USB_CLEAR_HALT, 0, IN), USB_STATUS_NO_RESPONSE);
    CHECK_EQ(host_change(&s.h, s.dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(ask(&s, "8006000100001200"), 18);
    CHECK_EQ(ask(&s, "0105090000000000"), STALL);
    CHECK_EQ(ask(&s, "0005800000000000"), STALL);
    CHECK_EQ(ask(&s, "0005090000000000"), 0);
    host_close(&s.h, s.dev);
    host_open(&s.h, "1-1");
    CHECK_EQ(ask(&s, "8006000100001200"), 18);
    stand_end(&s);
}
