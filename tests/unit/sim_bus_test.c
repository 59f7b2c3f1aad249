// SPDX-License-Identifier: Apache-2.0
// Plugging, pulling, claiming: the life of devices on the bus.
#include "tests/support/rig.h"

#include <string.h>

enum { OUT = 0x02 };

static struct sim_device *faulty(struct rig *r)
{
    struct sim_device *d = sim_faulty_create(r->bus, &sim_faulty_d1);
    CHECK(d);
    return d;
}

static void plug(struct rig *r, const char *busid)
{
    CHECK_EQ(sim_plug(r->bus, busid, faulty(r)), BASE_OK);
}

static void plug_hub(struct rig *r, const char *busid, unsigned ports)
{
    struct sim_device *d = sim_hub_create(r->bus, ports);
    CHECK(d);
    CHECK_EQ(sim_plug(r->bus, busid, d), BASE_OK);
}

// --- plugging ------------------------------------------------------------------------------------

RIG_TEST(sim_bus_plugged_tells_all, rig_begin(r))
{
    plug_hub(r, "1-2", 4);
    plug(r, "1-2.1");
    rig_settle(r);
    CHECK_EQ(r->event_count, 2);
    rig_check_event(r, 0, BACKEND_PLUGGED, "1-2");
    rig_check_event(r, 1, BACKEND_PLUGGED, "1-2.1");
    const struct usb_device_info *hub = &rig_find(r, "1-2")->info;
    CHECK(hub->is_hub);
    CHECK_STR(hub->path, "/sys/devices/sim/usb1/1-2");
    CHECK_EQ(hub->devnum, 2); // 1 is the root hub
    CHECK_EQ(usb_device_check(hub), BASE_OK);
    const struct usb_device_info *info = &rig_find(r, "1-2.1")->info;
    CHECK_STR(info->busid, "1-2.1");
    CHECK_STR(info->path, "/sys/devices/sim/usb1/1-2/1-2.1");
    CHECK_EQ(info->busnum, 1);
    CHECK_EQ(info->devnum, 3);
    CHECK_EQ(info->speed, USB_SPEED_HIGH);
    CHECK(!info->is_hub);
    CHECK_EQ(info->active_config, 1);
    CHECK_EQ(info->config_count, 1);
    CHECK_EQ(info->device_descriptor.size, 18);
    CHECK_STR(info->manufacturer, "usbip-esp32p4");
    CHECK_STR(info->product, "Faulty device");
    CHECK_STR(info->serial, "D1");
    CHECK_EQ(usb_device_check(info), BASE_OK);
    CHECK(sim_find(r->bus, "1-2.1")->config == 1);
}

RIG_TEST(sim_bus_busids, rig_begin(r))
{
    static const char *const bad[] = {"",
                                      "1",
                                      "1-",
                                      "2-1",
                                      "01-1",
                                      "1-0",
                                      "1-01",
                                      "1-1.",
                                      "1-1.0",
                                      " 1-1",
                                      "1-1 ",
                                      "1-256",
                                      "1-1:1",
                                      "1_1",
                                      "-1",
                                      "1-x",
                                      "1--1",
                                      "1-1..1",
                                      "1-4294967297",
                                      "1-1.1.1.1.1.1.1",
                                      "1-111.111.111.111.111.111.111.11"};
    struct sim_device *d = faulty(r);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(sim_plug(r->bus, bad[i], d), BASE_ERR_INVALID);
    CHECK_EQ(sim_plug(r->bus, "1-7.1", d), BASE_ERR_NOT_FOUND);
    CHECK_EQ(sim_plug(r->bus, "1-255", d), BASE_OK);
    struct sim_device *other = faulty(r);
    CHECK_EQ(sim_plug(r->bus, "1-255", other), BASE_ERR_BUSY);
    CHECK_EQ(sim_plug(r->bus, "1-255.1", other), BASE_ERR_NOT_FOUND); // no hub
    plug_hub(r, "1-2", 4);
    CHECK_EQ(sim_plug(r->bus, "1-2.5", other), BASE_ERR_NOT_FOUND); // no such port
    CHECK_EQ(sim_plug(r->bus, "1-2.4", other), BASE_OK);
    CHECK(sim_find(r->bus, "1-255") == d);
    CHECK(sim_find(r->bus, "1-2.4") == other);
    CHECK(!sim_find(r->bus, "1-25"));
}

RIG_TEST(sim_bus_strings_are_cut_between_characters, rig_begin(r))
{
    static char manufacturer[128], product[128];
    struct usb_device_info *info;
    struct sim_descriptors desc;
    static const char *const strings[] = {manufacturer, product, NULL};
    for (unsigned i = 0; i < 126; i += 2) // 2 bytes each: an odd room cuts one
        memcpy(manufacturer + i, "\xc3\xa4", 2);
    memset(product, 'p', 100);
    struct sim_device *d = faulty(r);
    desc = *d->desc;
    desc.strings = strings;
    d->desc = &desc;
    CHECK_EQ(sim_plug(r->bus, "1-1", d), BASE_OK);
    rig_settle(r);
    info = &rig_find(r, "1-1")->info;
    CHECK_EQ(strlen(info->manufacturer), USB_NAME_SIZE - 2);
    CHECK_EQ(strlen(info->product), USB_NAME_SIZE - 1);
    CHECK_STR(info->serial, "");
}

RIG_TEST(sim_bus_broken_descriptors_are_shown_as_they_are, rig_begin(r))
{
    static const uint8_t config[] = {9, 4, 200, 0, 255, 1,   0, 0x80, 50,
                                     9, 4, 0,   0, 1,   255, 0, 0,    0};
    struct sim_faulty_options o = sim_faulty_d1;
    uint8_t data[200];
    plug(r, "1-1");
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
    o.configs[0] = config; // another type; says 200 bytes, has 18
    o.config_sizes[0] = sizeof config;
    struct rig_device *dev = rig_start(r, sim_faulty_create(r->bus, &o), 0);
    CHECK_EQ(dev->info.config[0].size, sizeof config);
    CHECK_EQ(usb_device_check(&dev->info), BASE_ERR_INVALID);
    CHECK_EQ(dev->info.active_config, 0);
    CHECK_EQ(rig_ask(dev, "800600020000c800", data), sizeof config);
    CHECK_EQ(rig_ask(dev, "8200000000000200", data), 2);
    CHECK_EQ(rig_ask(dev, "0009010000000000", NULL), USB_STATUS_STALL);
    CHECK_EQ(rig_out(dev, OUT, data, 8), USB_STATUS_PROTOCOL);
}

RIG_TEST(sim_bus_no_memory_for_a_port, rig_begin(r))
{
    struct sim_device *d = faulty(r);
    r->heap.fail_at = r->heap.calls + 1;
    CHECK_EQ(sim_plug(r->bus, "1-1", d), BASE_ERR_NOMEM);
    CHECK(!sim_find(r->bus, "1-1"));
    CHECK(!sim_hub_create(r->bus, 4));
    CHECK(!sim_faulty_create(r->bus, &sim_faulty_d1));
    CHECK(!sim_bus_create(&r->heap.alloc, 2));
    sim_bus_destroy(NULL);
    CHECK(!r->backend->buffer_alloc(r->backend, 100));
    rig_settle(r);
    CHECK_EQ(r->event_count, 0);
    r->heap.fail_at = 0;
    CHECK_EQ(sim_plug(r->bus, "1-1", d), BASE_OK);
    rig_settle(r);
    CHECK_EQ(r->event_count, 1);
    r->heap.fail_at = r->heap.calls + 1; // what follows needs none
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK);
    rig_settle(r);
    CHECK_EQ(rig_open(rig_find(r, "1-1")), BASE_OK);
}

RIG_TEST(sim_bus_numbers_are_unique_and_come_back_late, rig_begin(r))
{
    plug(r, "1-1");
    plug(r, "1-2");
    rig_settle(r);
    uint8_t last = rig_find(r, "1-1")->info.devnum;
    for (unsigned i = 0; i < 300; i++) {
        CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
        CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK);
        rig_settle(r);
        uint8_t now = rig_find(r, "1-1")->info.devnum;
        CHECK(now != last && now >= 2 && now <= 127);
        CHECK(now != rig_find(r, "1-2")->info.devnum);
        last = now;
    }
}

static void port_name(char *to, unsigned port)
{
    to[0] = '1', to[1] = '-';
    to[2] = (char)('0' + port / 100), to[3] = (char)('0' + port / 10 % 10);
    to[4] = (char)('0' + port % 10), to[5] = '\0';
}

RIG_TEST(sim_bus_full, rig_begin(r))
{
    struct backend_event ev;
    char busid[8];
    unsigned plugged = 0;
    for (unsigned i = 100; i < 225; i++) {
        port_name(busid, i);
        plug(r, busid);
    }
    struct sim_device *d = faulty(r);
    CHECK_EQ(sim_plug(r->bus, "1-1", d), BASE_ERR_LIMIT);
    d->ops->destroy(d);
    CHECK_EQ(sim_unplug(r->bus, "1-150"), BASE_OK);
    CHECK_EQ(sim_replug(r->bus, "1-150"), BASE_OK);
    while (r->backend->take_event(r->backend, r->now_us, &ev)) // more than the rig has room for
        plugged += ev.type == BACKEND_PLUGGED;
    CHECK_EQ(plugged, 125);
}

RIG_TEST(sim_bus_two_side_by_side, rig_begin(r))
{
    plug(r, "1-1");
    struct sim_bus *other = sim_bus_create(&r->heap.alloc, 9);
    CHECK(other);
    struct sim_device *d = sim_faulty_create(other, &sim_faulty_d1);
    CHECK_EQ(sim_plug(other, "1-1", d), BASE_ERR_INVALID);
    CHECK_EQ(sim_plug(other, "9-1", d), BASE_OK);
    struct backend_event ev;
    CHECK(sim_bus_backend(other)->take_event(sim_bus_backend(other), 0, &ev));
    CHECK_STR(ev.info->path, "/sys/devices/sim/usb9/9-1");
    rig_settle(r);
    CHECK_EQ(r->event_count, 1);
    sim_bus_destroy(other);
}

// --- claiming ------------------------------------------------------------------------------------

RIG_TEST(sim_bus_open_takes_its_time_and_may_fail, rig_begin(r))
{
    plug(r, "1-1");
    rig_settle(r);
    struct rig_device *dev = rig_find(r, "1-1");
    sim_delay_open(r->bus, "1-1", 3000000, BASE_ERR_BUSY);
    r->now_us += 500; // the clock stands where the last event was taken
    rig_queue_open(dev);
    rig_settle(r);
    CHECK_EQ(rig_deadline(r), r->now_us + 3000000);
    rig_advance(r, 2999999);
    CHECK_EQ(dev->opened, 0);
    rig_advance(r, 1);
    CHECK_EQ(dev->opened, 1);
    CHECK_EQ(dev->open_result, BASE_ERR_BUSY);
    sim_delay_open(r->bus, "1-1", 0, BASE_ERR_IO);
    rig_queue_open(dev);
    rig_settle(r);
    CHECK_EQ(dev->opened, 2);
    CHECK_EQ(dev->open_result, BASE_ERR_IO);
    sim_delay_open(r->bus, "1-1", UINT64_MAX, BASE_OK); // never
    rig_queue_open(dev);
    rig_advance(r, 3600000000);
    CHECK_EQ(dev->opened, 2);
    sim_delay_open(r->bus, "1-1", 0, BASE_OK);
    sim_delay_close(r->bus, "1-1", 20);
    rig_queue_close(dev); // the core gives up waiting
    rig_settle(r);
    rig_advance(r, 20);
    CHECK_EQ(dev->closed, 1);
    CHECK_EQ(dev->opened, 2);
    CHECK_EQ(rig_open(rig_find(r, "1-1")), BASE_OK);
}

RIG_TEST(sim_bus_close_cleans, rig_begin_d1(r))
{
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_OK);
    CHECK_EQ(rig_ask(r->dev, "0203000081000000", NULL), 0);
    CHECK_EQ(rig_ask(r->dev, "0003010000000000", NULL), 0);
    unsigned resets = sim_faulty_counters(r->sim)->resets;
    sim_delay_close(r->bus, "1-1", 700);
    rig_queue_close(r->dev);
    rig_settle(r);
    CHECK_EQ(r->dev->closed, 0);
    CHECK_EQ(rig_deadline(r), r->now_us + 700);
    rig_advance(r, 700);
    CHECK_EQ(r->dev->closed, 1);
    CHECK_EQ(sim_faulty_counters(r->sim)->resets, resets + 1);
    CHECK_EQ(r->sim->config, 1);
    CHECK_EQ(r->sim->alternate[1], 0);
    CHECK_EQ(r->sim->halted, 0);
    CHECK_EQ(r->sim->toggle, 0);
    CHECK(!r->sim->remote_wakeup);
    CHECK_EQ(rig_open(rig_find(r, "1-1")), BASE_OK);
    sim_faulty_forget(r->sim, OUT);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(r->sim, OUT).bytes, 5); // the host's toggle was reset too
}

RIG_TEST(sim_bus_destroyed_with_urbs_and_events_on_the_way, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_urb(&t, r->dev, 0x81, NULL, 512);
    rig_submit(&t);
    r->backend->buffer_free(r->backend, t.urb.buffer, 512);
    rig_give(r, 0x83, "y", 1);
    CHECK_EQ(sim_plug(r->bus, "1-2", faulty(r)), BASE_OK);
}

static const struct sim_device_ops *faulty_ops;
static unsigned destroyed, destroyed_in_a_port;

static void watched_destroy(struct sim_device *d)
{
    destroyed++;
    destroyed_in_a_port += d->port != NULL;
    faulty_ops->destroy(d);
}

// A device that is destroyed has nobody any more to whom it could say that it has something.
TEST(sim_bus_destroys_devices_that_are_unplugged)
{
    struct rig rig;
    struct sim_device_ops watched;
    destroyed = destroyed_in_a_port = 0;
    rig_begin(&rig);
    struct sim_device *in = faulty(&rig), *out = faulty(&rig);
    faulty_ops = in->ops;
    watched = *faulty_ops;
    watched.destroy = watched_destroy;
    in->ops = out->ops = &watched;
    CHECK_EQ(sim_plug(rig.bus, "1-1", in), BASE_OK);
    CHECK_EQ(sim_plug(rig.bus, "1-2", out), BASE_OK);
    rig_settle(&rig);
    CHECK_EQ(sim_unplug(rig.bus, "1-2"), BASE_OK);
    rig_end(&rig);
    CHECK_EQ(destroyed, 2);
    CHECK_EQ(destroyed_in_a_port, 0);
}
