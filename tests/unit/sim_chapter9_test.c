// SPDX-License-Identifier: Apache-2.0
// The standard requests: configuration, interfaces, status, features, address.
#include "tests/support/rig.h"
#include "usb/usb_descriptor_bytes.h"

enum { STALL = USB_STATUS_STALL, IN = 0x81, OUT = 0x02 };

static int ask(struct rig *r, const char *setup)
{
    return rig_ask(r->dev, setup, r->data);
}

static void unconfigure(struct rig *r)
{
    CHECK_EQ(rig_try_change(r->dev, USB_SET_CONFIGURATION, 0, 0), USB_STATUS_OK);
}

// --- configuration and interfaces ----------------------------------------------------------------

static const uint8_t two_device[] = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x40, 0x09,
                                     0x12, 0x01, 0x00, 0x00, 0x01, 0x01, 0x02, 0x03, 0x02};
static const uint8_t config_3[] = {
    USB_CONFIG_BYTES(25, 1, 3, 0, 0xc0, 50),
    USB_INTERFACE_BYTES(0, 0, 1, 255, 255, 255, 0),
    USB_ENDPOINT_BYTES(IN, USB_BULK, 512, 0),
};
static const uint8_t config_5[] = {
    USB_CONFIG_BYTES(25, 1, 5, 0, 0xa0, 50),
    USB_INTERFACE_BYTES(2, 0, 1, 255, 255, 255, 0),
    USB_ENDPOINT_BYTES(OUT, USB_BULK, 512, 0),
};

static void begin_with_two_configs(struct rig *r)
{
    struct sim_faulty_options o = sim_faulty_d1;
    o.device = two_device;
    o.configs[0] = config_3;
    o.configs[1] = config_5;
    o.config_sizes[0] = sizeof config_3;
    o.config_sizes[1] = sizeof config_5;
    rig_begin_faulty(r, &o);
}

RIG_TEST(sim_chapter9_configurations, begin_with_two_configs(r))
{
    CHECK_EQ(r->dev->info.config_count, 2);
    CHECK_EQ(r->dev->info.active_config, 3);
    CHECK_EQ(ask(r, "8008000000000800"), 1);
    CHECK_EQ(r->data[0], 3);
    CHECK(sim_endpoint(r->sim, IN) && !sim_endpoint(r->sim, OUT));
    CHECK_EQ(ask(r, "0009050000000000"), 0);
    CHECK_EQ(ask(r, "8008000000000100"), 1);
    CHECK_EQ(r->data[0], 5);
    CHECK(!sim_endpoint(r->sim, IN) && sim_endpoint(r->sim, OUT));
    CHECK_EQ(ask(r, "0009010000000000"), STALL); // an index is no value
    CHECK_EQ(ask(r, "0009050100000000"), STALL);
    CHECK_EQ(ask(r, "0109030000000000"), STALL);
    CHECK_EQ(ask(r, "8009030000000000"), STALL);
    CHECK_EQ(ask(r, "8108000000000100"), STALL);
    CHECK_EQ(r->sim->config, 5);
    CHECK_EQ(ask(r, "0009000000000000"), 0);
    CHECK_EQ(ask(r, "8008000000000100"), 1);
    CHECK_EQ(r->data[0], 0);
    CHECK_EQ(ask(r, "8006010200000900"), 9);
    CHECK_EQ(r->data[5], 5);
}

RIG_TEST(sim_chapter9_plug_in_configuration_after_close, begin_with_two_configs(r))
{
    CHECK_EQ(rig_try_change(r->dev, USB_SET_CONFIGURATION, 0, 5), USB_STATUS_OK);
    rig_close(r->dev);
    CHECK_EQ(r->sim->config, 3);
}

RIG_TEST(sim_chapter9_interfaces, rig_begin_d1(r))
{
    CHECK_EQ(ask(r, "810a000001000100"), 1);
    CHECK_EQ(r->data[0], 0);
    CHECK_EQ(ask(r, "010b010001000000"), 0);
    CHECK_EQ(ask(r, "810a000001000800"), 1);
    CHECK_EQ(r->data[0], 1);
    CHECK_EQ(r->sim->alternate[1], 1);
    CHECK(sim_endpoint(r->sim, 0x84));
    CHECK_EQ(ask(r, "010b090001000000"), STALL);
    CHECK_EQ(ask(r, "010b010101000000"), STALL);
    CHECK_EQ(ask(r, "010b000002000000"), STALL);
    CHECK_EQ(ask(r, "010b000000010000"), STALL);
    CHECK_EQ(ask(r, "000b000001000000"), STALL);
    CHECK_EQ(ask(r, "810a000002000100"), STALL);
    CHECK_EQ(ask(r, "800a000001000100"), STALL);
    CHECK_EQ(r->sim->alternate[1], 1);
    CHECK_EQ(sim_faulty_counters(r->sim)->alternates, 1);
    unconfigure(r);
    CHECK_EQ(ask(r, "810a000001000100"), STALL);
    CHECK_EQ(ask(r, "010b000001000000"), STALL);
}

// --- status and features -------------------------------------------------------------------------

static int status_of(struct rig *r, const char *setup)
{
    int n = ask(r, setup);
    return n == 2 ? base_get_le16(r->data) : n;
}

RIG_TEST(sim_chapter9_device_status, rig_begin_d1(r))
{
    CHECK_EQ(status_of(r, "8000000000000200"), 1); // self-powered
    CHECK_EQ(ask(r, "0003010000000000"), 0);
    CHECK(r->sim->remote_wakeup);
    CHECK_EQ(status_of(r, "8000000000000200"), 3);
    CHECK_EQ(ask(r, "0001010000000000"), 0);
    CHECK_EQ(status_of(r, "8000000000000200"), 1);
    CHECK_EQ(ask(r, "0003010000000000"), 0);
    CHECK_EQ(rig_try_change(r->dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(status_of(r, "8000000000000200"), 1);
    CHECK_EQ(ask(r, "0003020000000000"), STALL); // test mode
    CHECK_EQ(ask(r, "0003010001000000"), STALL);
    CHECK_EQ(ask(r, "8003010000000000"), STALL);
    CHECK_EQ(status_of(r, "8000010000000200"), STALL);
    CHECK_EQ(status_of(r, "8000000001000200"), STALL);
    CHECK_EQ(status_of(r, "8300000000000200"), STALL);
}

TEST(sim_chapter9_attributes_are_the_configurations)
{
    struct rig r;
    begin_with_two_configs(&r); // 3: self-powered; 5: remote wakeup
    CHECK_EQ(status_of(&r, "8000000000000200"), 1);
    CHECK_EQ(ask(&r, "0003010000000000"), STALL);
    CHECK_EQ(rig_try_change(r.dev, USB_SET_CONFIGURATION, 0, 5), USB_STATUS_OK);
    CHECK_EQ(status_of(&r, "8000000000000200"), 0);
    CHECK_EQ(ask(&r, "0003010000000000"), 0);
    CHECK_EQ(status_of(&r, "8000000000000200"), 2);
    rig_end(&r);
}

RIG_TEST(sim_chapter9_interface_status, rig_begin_d1(r))
{
    CHECK_EQ(status_of(r, "8100000001000200"), 0);
    CHECK_EQ(status_of(r, "8100000002000200"), STALL);
    CHECK_EQ(ask(r, "0103000001000000"), STALL); // interfaces have no features
    unconfigure(r);
    CHECK_EQ(status_of(r, "8100000001000200"), STALL);
}

RIG_TEST(sim_chapter9_endpoint_status_and_halt, rig_begin_d1(r))
{
    CHECK_EQ(status_of(r, "8200000081000200"), 0);
    CHECK_EQ(ask(r, "0203000081000000"), 0);
    CHECK_EQ(status_of(r, "8200000081000200"), 1);
    CHECK_EQ(status_of(r, "8200000002000200"), 0);
    CHECK_EQ(rig_in(r->dev, IN, r->data, 512, NULL), STALL);
    CHECK_EQ(ask(r, "0201000081000000"), 0);
    CHECK_EQ(status_of(r, "8200000081000200"), 0);
    CHECK_EQ(sim_faulty_counters(r->sim)->halts_cleared, 1);
    CHECK_EQ(status_of(r, "8200000089000200"), STALL);
    CHECK_EQ(status_of(r, "8200000081010200"), STALL);
    CHECK_EQ(status_of(r, "82000000c1000200"), STALL);
    CHECK_EQ(ask(r, "0203000089000000"), STALL);
    CHECK_EQ(ask(r, "0203010081000000"), STALL);
    CHECK_EQ(ask(r, "0201000089000000"), STALL);
}

RIG_TEST(sim_chapter9_halting_an_endpoint_ends_what_waits_there, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_urb(&t, r->dev, IN, NULL, 512);
    rig_submit(&t);
    CHECK_EQ(ask(r, "0203000081000000"), 0);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, STALL);
    rig_release(&t);
}

RIG_TEST(sim_chapter9_endpoint_0_is_always_there, rig_begin_d1(r))
{
    CHECK_EQ(ask(r, "0203000000000000"), STALL);
    CHECK_EQ(ask(r, "0201000000000000"), 0);
    unconfigure(r);
    CHECK_EQ(status_of(r, "8200000000000200"), 0);
    CHECK_EQ(status_of(r, "8200000080000200"), 0);
    CHECK_EQ(status_of(r, "8200000081000200"), STALL);
    CHECK_EQ(status_of(r, "8000000000000200"), 1);
    CHECK_EQ(ask(r, "8006000100001200"), 18);
}

RIG_TEST(sim_chapter9_isochronous_endpoints_do_not_halt, rig_begin_d1(r))
{
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(status_of(r, "8200000084000200"), 0);
    CHECK_EQ(ask(r, "0203000084000000"), STALL);
    CHECK_EQ(ask(r, "0201000084000000"), STALL);
    CHECK_EQ(ask(r, "820c000084000200"), STALL); // SYNCH_FRAME
}

RIG_TEST(sim_chapter9_a_stalled_request_is_over, rig_begin_d1(r))
{
    CHECK_EQ(ask(r, "c0fe341200000400"), STALL);
    CHECK_EQ(ask(r, "80ff000000000400"), STALL);
    CHECK_EQ(ask(r, "8006000100001200"), 18);
}

// --- an address of its own -----------------------------------------------------------------------

RIG_TEST(sim_chapter9_set_address_makes_it_deaf, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_urb(&t, r->dev, IN, NULL, 512);
    rig_submit(&t);
    CHECK_EQ(ask(r, "0005090000000000"), 0);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_NO_RESPONSE);
    rig_release(&t);
    CHECK_EQ(sim_faulty_setups_like(r->sim, 0x00, USB_REQ_SET_ADDRESS), 1);
    CHECK_EQ(ask(r, "8006000100001200"), USB_STATUS_NO_RESPONSE);
    CHECK_EQ(rig_out(r->dev, OUT, r->data, 5), USB_STATUS_NO_RESPONSE);
    CHECK_EQ(rig_try_change(r->dev, USB_CLEAR_HALT, 0, IN), USB_STATUS_NO_RESPONSE);
    CHECK_EQ(rig_try_change(r->dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(ask(r, "8006000100001200"), 18);
    CHECK_EQ(ask(r, "0105090000000000"), STALL);
    CHECK_EQ(ask(r, "0005800000000000"), STALL);
    CHECK_EQ(ask(r, "0005090000000000"), 0);
    rig_close(r->dev);
    CHECK_EQ(rig_open(rig_find(r, "1-1")), BASE_OK);
    CHECK_EQ(ask(r, "8006000100001200"), 18);
}
