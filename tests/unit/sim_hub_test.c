// SPDX-License-Identifier: Apache-2.0
// Hubs: as devices, and what happens behind them.
#include "tests/unit/sim_host.h"

static void plug_hub(struct host *h, const char *busid, unsigned ports)
{
    struct sim_device *d = sim_hub_create(h->bus, ports);
    CHECK(d);
    CHECK_EQ(sim_plug(h->bus, busid, d), BASE_OK);
}

static void plug(struct host *h, const char *busid, enum usb_speed speed)
{
    struct sim_faulty_options o = sim_faulty_d1;
    o.speed = speed;
    struct sim_device *d = sim_faulty_create(h->bus, &o);
    CHECK(d);
    CHECK_EQ(sim_plug(h->bus, busid, d), BASE_OK);
}

static void check_event(const struct host *h, unsigned i, enum backend_event_type type,
                        const char *busid)
{
    CHECK(i < h->event_count);
    CHECK_EQ(h->events[i].type, type);
    CHECK_STR(h->events[i].busid, busid);
}

static bool present(struct host *h, const char *busid)
{
    return host_device(h, busid)->present;
}

TEST(sim_hub_leaves_with_everything_behind_it)
{
    struct host h;
    host_begin(&h);
    plug_hub(&h, "1-1", 4);
    plug_hub(&h, "1-1.3", 2);
    plug(&h, "1-1.3.1", USB_SPEED_HIGH);
    plug(&h, "1-1.1", USB_SPEED_HIGH);
    host_settle(&h);
    host_forget(&h);
    CHECK_EQ(sim_unplug(h.bus, "1-1"), BASE_OK);
    host_settle(&h);
    CHECK_EQ(h.event_count, 4);
    check_event(&h, 3, BACKEND_UNPLUGGED, "1-1"); // last
    CHECK_EQ(sim_plug(h.bus, "1-1.2", sim_find(h.bus, "1-1.1")), BASE_ERR_NOT_FOUND);
    host_forget(&h);
    CHECK_EQ(sim_replug(h.bus, "1-1"), BASE_OK);
    host_settle(&h);
    CHECK_EQ(h.event_count, 4);
    check_event(&h, 0, BACKEND_PLUGGED, "1-1"); // first
    CHECK(present(&h, "1-1.3.1") && present(&h, "1-1.1") && present(&h, "1-1.3"));
    host_end(&h);
}

TEST(sim_hub_devices_come_and_go_while_it_is_away)
{
    struct host h;
    host_begin(&h);
    plug_hub(&h, "1-2", 4);
    plug(&h, "1-2.1", USB_SPEED_HIGH);
    plug(&h, "1-2.2", USB_SPEED_HIGH);
    host_settle(&h);
    CHECK_EQ(sim_unplug(h.bus, "1-2.2"), BASE_OK);
    CHECK_EQ(sim_unplug(h.bus, "1-2"), BASE_OK);
    CHECK_EQ(sim_unplug(h.bus, "1-2.1"), BASE_OK);
    CHECK_EQ(sim_replug(h.bus, "1-2.2"), BASE_OK); // into a hub that is not connected
    host_settle(&h);
    CHECK(!present(&h, "1-2.1") && !present(&h, "1-2.2"));
    CHECK_EQ(sim_replug(h.bus, "1-2"), BASE_OK);
    host_settle(&h);
    CHECK(!present(&h, "1-2.1") && present(&h, "1-2.2"));
    host_end(&h);
}

TEST(sim_hub_replaced_by_a_smaller_one)
{
    struct host h;
    host_begin(&h);
    plug_hub(&h, "1-2", 4);
    plug(&h, "1-2.1", USB_SPEED_HIGH);
    plug(&h, "1-2.4", USB_SPEED_HIGH);
    CHECK_EQ(sim_unplug(h.bus, "1-2"), BASE_OK);
    plug_hub(&h, "1-2", 2);
    host_settle(&h);
    CHECK(present(&h, "1-2.1"));
    CHECK(!host_device(&h, "1-2.4"));
    host_end(&h);
}

TEST(sim_hub_descriptors)
{
    struct host h;
    uint8_t data[64];
    host_begin(&h);
    struct host_device *dev = host_start(&h, "1-2", sim_hub_create(h.bus, 4));
    CHECK_EQ(usb_device_check(&dev->info), BASE_OK);
    CHECK_STR(dev->info.product, "Simulated hub");
    CHECK_EQ(host_request(&h, dev, "a006002900004000", data), 9);
    CHECK_EQ(data[0], 9);
    CHECK_EQ(data[1], 0x29);
    CHECK_EQ(data[2], 4); // ports
    CHECK_EQ(data[7], 0);
    CHECK_EQ(data[8], 0xff);
    CHECK_EQ(host_request(&h, dev, "a006002900000300", data), 3);
    CHECK_EQ(host_request(&h, dev, "a000000000000400", data), 4);
    CHECK_EQ(host_request(&h, dev, "a006002a00004000", data), USB_STATUS_STALL);
    CHECK_EQ(host_request(&h, dev, "2303040001000000", data), USB_STATUS_STALL);
    struct host_urb t; // no change to report, ever
    host_urb(&h, &t, dev, 0x81, USB_INTERRUPT, 1, NULL);
    host_submit(&h, &t);
    CHECK(!t.done);
    host_cancel(&h, &t);
    host_free(&h, &t);
    host_end(&h);
}

TEST(sim_hub_with_many_ports)
{
    struct host h;
    uint8_t data[64];
    host_begin(&h);
    struct host_device *dev = host_start(&h, "1-2", sim_hub_create(h.bus, SIM_HUB_PORTS_MAX));
    CHECK_EQ(host_request(&h, dev, "a006002900004000", data), 11);
    CHECK_EQ(data[2], SIM_HUB_PORTS_MAX);
    plug(&h, "1-2.15", USB_SPEED_HIGH);
    host_settle(&h);
    CHECK(present(&h, "1-2.15"));
    host_end(&h);
}

TEST(sim_hub_port_status)
{
    struct host h;
    uint8_t data[4];
    host_begin(&h);
    struct host_device *dev = host_start(&h, "1-2", sim_hub_create(h.bus, 4));
    plug(&h, "1-2.1", USB_SPEED_HIGH);
    plug(&h, "1-2.2", USB_SPEED_FULL);
    plug(&h, "1-2.4", USB_SPEED_LOW);
    host_settle(&h);
    CHECK_EQ(host_request(&h, dev, "a300000001000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0x0503); // power, high speed, enabled, connected
    CHECK_EQ(host_request(&h, dev, "a300000002000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0x0103);
    CHECK_EQ(host_request(&h, dev, "a300000003000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0x0100);
    CHECK_EQ(sim_unplug(h.bus, "1-2.1"), BASE_OK);
    host_settle(&h);
    CHECK_EQ(host_request(&h, dev, "a300000001000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0x0100);
    CHECK_EQ(host_request(&h, dev, "a300000004000400", data), 4);
    CHECK_EQ(base_get_le32(data), 0x0303); // low speed
    CHECK_EQ(host_request(&h, dev, "a301000001000400", data), USB_STATUS_STALL);
    CHECK_EQ(host_request(&h, dev, "a300000005000400", data), USB_STATUS_STALL);
    CHECK_EQ(host_request(&h, dev, "a300000000000400", data), USB_STATUS_STALL);
    host_end(&h);
}
