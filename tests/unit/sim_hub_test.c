// SPDX-License-Identifier: Apache-2.0
// Hubs: as devices, and what happens behind them.
#include "tests/support/rig.h"

static void plug_hub(struct rig *r, const char *busid, unsigned ports)
{
    struct sim_device *d = sim_hub_create(r->bus, ports);
    CHECK(d);
    CHECK_EQ(sim_plug(r->bus, busid, d), BASE_OK);
}

static struct rig_device *open_hub(struct rig *r, unsigned ports)
{
    struct rig_device *d = rig_plug(r, "1-2", sim_hub_create(r->bus, ports));
    CHECK_EQ(rig_open(d), BASE_OK);
    return d;
}

static void plug(struct rig *r, const char *busid, enum usb_speed speed)
{
    struct sim_faulty_options o = sim_faulty_d1;
    o.speed = speed;
    struct sim_device *d = sim_faulty_create(r->bus, &o);
    CHECK(d);
    CHECK_EQ(sim_plug(r->bus, busid, d), BASE_OK);
}

static bool present(struct rig *r, const char *busid)
{
    return rig_find(r, busid) != NULL;
}

RIG_TEST(sim_hub_leaves_with_everything_behind_it, rig_begin(r))
{
    plug_hub(r, "1-1", 4);
    plug_hub(r, "1-1.3", 2);
    plug(r, "1-1.3.1", USB_SPEED_HIGH);
    plug(r, "1-1.1", USB_SPEED_HIGH);
    rig_settle(r);
    rig_forget(r);
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
    rig_settle(r);
    CHECK_EQ(r->event_count, 4);
    rig_check_event(r, 3, BACKEND_UNPLUGGED, "1-1"); // last
    CHECK_EQ(sim_plug(r->bus, "1-1.2", sim_find(r->bus, "1-1.1")), BASE_ERR_NOT_FOUND);
    rig_forget(r);
    CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK);
    rig_settle(r);
    CHECK_EQ(r->event_count, 4);
    rig_check_event(r, 0, BACKEND_PLUGGED, "1-1"); // first
    CHECK(present(r, "1-1.3.1") && present(r, "1-1.1") && present(r, "1-1.3"));
}

RIG_TEST(sim_hub_devices_come_and_go_while_it_is_away, rig_begin(r))
{
    plug_hub(r, "1-2", 4);
    plug(r, "1-2.1", USB_SPEED_HIGH);
    plug(r, "1-2.2", USB_SPEED_HIGH);
    rig_settle(r);
    CHECK_EQ(sim_unplug(r->bus, "1-2.2"), BASE_OK);
    CHECK_EQ(sim_unplug(r->bus, "1-2"), BASE_OK);
    CHECK_EQ(sim_unplug(r->bus, "1-2.1"), BASE_OK);
    CHECK_EQ(sim_replug(r->bus, "1-2.2"), BASE_OK); // into a hub that is not connected
    rig_settle(r);
    CHECK(!present(r, "1-2.1") && !present(r, "1-2.2"));
    CHECK_EQ(sim_replug(r->bus, "1-2"), BASE_OK);
    rig_settle(r);
    CHECK(!present(r, "1-2.1") && present(r, "1-2.2"));
}

RIG_TEST(sim_hub_replaced_by_a_smaller_one, rig_begin(r))
{
    plug_hub(r, "1-2", 4);
    plug(r, "1-2.1", USB_SPEED_HIGH);
    plug(r, "1-2.4", USB_SPEED_HIGH);
    CHECK_EQ(sim_unplug(r->bus, "1-2"), BASE_OK);
    plug_hub(r, "1-2", 2);
    rig_settle(r);
    CHECK(present(r, "1-2.1"));
    CHECK(!rig_find(r, "1-2.4"));
}

RIG_TEST(sim_hub_descriptors, rig_begin(r))
{
    uint8_t data[64];
    struct rig_device *dev = open_hub(r, 4);
    CHECK_EQ(usb_device_check(&dev->info), BASE_OK);
    CHECK_STR(dev->info.product, "Simulated hub");
    CHECK_EQ(rig_ask(dev, "a006002900004000", data), 9);
    CHECK_EQ(data[0], 9);
    CHECK_EQ(data[1], 0x29);
    CHECK_EQ(data[2], 4); // ports
    CHECK_EQ(data[7], 0);
    CHECK_EQ(data[8], 0xff);
    CHECK_EQ(rig_ask(dev, "a006002900000300", data), 3);
    CHECK_EQ(rig_ask(dev, "a000000000000400", data), 4);
    CHECK_EQ(rig_ask(dev, "a006002a00004000", data), USB_STATUS_STALL);
    CHECK_EQ(rig_ask(dev, "2303040001000000", data), USB_STATUS_STALL);
    struct rig_urb t; // no change to report, ever
    rig_urb(&t, dev, 0x81, NULL, 1);
    rig_submit(&t);
    CHECK(!t.done);
    rig_cancel(&t);
    rig_release(&t);
}

RIG_TEST(sim_hub_with_many_ports, rig_begin(r))
{
    uint8_t data[64];
    struct rig_device *dev = open_hub(r, SIM_HUB_PORTS_MAX);
    CHECK_EQ(rig_ask(dev, "a006002900004000", data), 11);
    CHECK_EQ(data[2], SIM_HUB_PORTS_MAX);
    plug(r, "1-2.15", USB_SPEED_HIGH);
    rig_settle(r);
    CHECK(present(r, "1-2.15"));
}

RIG_TEST(sim_hub_port_status, rig_begin(r))
{
    uint8_t data[4];
    struct rig_device *dev = open_hub(r, 4);
    plug(r, "1-2.1", USB_SPEED_HIGH);
    plug(r, "1-2.2", USB_SPEED_FULL);
    plug(r, "1-2.4", USB_SPEED_LOW);
    rig_settle(r);
    CHECK_EQ(rig_ask(dev, "a300000001000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0x0503); // power, high speed, enabled, connected
    CHECK_EQ(rig_ask(dev, "a300000002000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0x0103);
    CHECK_EQ(rig_ask(dev, "a300000003000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0x0100);
    CHECK_EQ(sim_unplug(r->bus, "1-2.1"), BASE_OK);
    rig_settle(r);
    CHECK_EQ(rig_ask(dev, "a300000001000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0x0100);
    CHECK_EQ(rig_ask(dev, "a300000004000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0x0303); // low speed
    CHECK_EQ(rig_ask(dev, "a301000001000400", data), USB_STATUS_STALL);
    CHECK_EQ(rig_ask(dev, "a300000005000400", data), USB_STATUS_STALL);
    CHECK_EQ(rig_ask(dev, "a300000000000400", data), USB_STATUS_STALL);
}

// --- power ---------------------------------------------------------------------------------------

RIG_TEST(sim_hub_power_by_requests, rig_begin(r))
{
    uint8_t data[4];
    struct rig_device *dev = open_hub(r, 4);
    plug(r, "1-2.1", USB_SPEED_HIGH);
    plug(r, "1-2.2", USB_SPEED_HIGH);
    rig_settle(r);
    CHECK_EQ(rig_ask(dev, "2301080001000000", data), 0); // CLEAR_FEATURE(PORT_POWER)
    rig_settle(r);
    CHECK(!present(r, "1-2.1") && present(r, "1-2.2"));
    CHECK_EQ(rig_ask(dev, "a300000001000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0);
    CHECK_EQ(rig_ask(dev, "2303080001000000", data), 0); // SET_FEATURE
    rig_settle(r);
    CHECK(present(r, "1-2.1"));
    CHECK_EQ(rig_ask(dev, "2301080005000000", data), USB_STATUS_STALL);
    CHECK_EQ(rig_ask(dev, "2301080000000000", data), USB_STATUS_STALL);
}

// Of a gang, all ports lose their power with the last one (USB 2.0 11.11).
RIG_TEST(sim_hub_power_of_a_gang, rig_begin(r))
{
    uint8_t data[16];
    struct rig_device *dev =
        rig_plug(r, "1-2", sim_hub_create_with(r->bus, 2, BACKEND_POWER_GANGED));
    CHECK_EQ(rig_open(dev), BASE_OK);
    plug(r, "1-2.1", USB_SPEED_HIGH);
    rig_settle(r);
    CHECK_EQ(rig_ask(dev, "a006002900004000", data), 9);
    CHECK_EQ(data[3] & 3, 0); // wHubCharacteristics
    CHECK_EQ(rig_ask(dev, "2301080001000000", data), 0);
    rig_settle(r);
    CHECK(present(r, "1-2.1"));
    CHECK_EQ(rig_ask(dev, "2301080002000000", data), 0);
    rig_settle(r);
    CHECK(!present(r, "1-2.1"));
    CHECK_EQ(rig_ask(dev, "2303080002000000", data), 0);
    rig_settle(r);
    CHECK(present(r, "1-2.1"));
}
