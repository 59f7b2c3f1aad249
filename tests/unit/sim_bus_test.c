// SPDX-License-Identifier: Apache-2.0
// Plugging, pulling, claiming: the life of devices on the bus.
#include "tests/unit/sim_host.h"

#include <string.h>

enum { OUT = 0x02 };

static struct sim_device *faulty(struct host *h)
{
    struct sim_device *d = sim_faulty_create(h->bus, &sim_faulty_d1);
    CHECK(d);
    return d;
}

static void plug(struct host *h, const char *busid)
{
    CHECK_EQ(sim_plug(h->bus, busid, faulty(h)), BASE_OK);
}

static void plug_hub(struct host *h, const char *busid, unsigned ports)
{
    struct sim_device *d = sim_hub_create(h->bus, ports);
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

// --- plugging ------------------------------------------------------------------------------------

TEST(sim_bus_plugged_tells_all)
{
    struct host h;
    host_begin(&h);
    plug_hub(&h, "1-2", 4);
    plug(&h, "1-2.1");
    host_settle(&h);
    CHECK_EQ(h.event_count, 2);
    check_event(&h, 0, BACKEND_PLUGGED, "1-2");
    check_event(&h, 1, BACKEND_PLUGGED, "1-2.1");
    const struct usb_device_info *hub = &host_device(&h, "1-2")->info;
    CHECK(hub->is_hub);
    CHECK_STR(hub->path, "/sys/devices/sim/usb1/1-2");
    CHECK_EQ(hub->devnum, 2); // 1 is the root hub
    CHECK_EQ(usb_device_check(hub), BASE_OK);
    const struct usb_device_info *info = &host_device(&h, "1-2.1")->info;
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
    CHECK(sim_find(h.bus, "1-2.1")->config == 1);
    host_end(&h);
}

TEST(sim_bus_busids)
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
    struct host h;
    host_begin(&h);
    struct sim_device *d = faulty(&h);
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(sim_plug(h.bus, bad[i], d), BASE_ERR_INVALID);
    CHECK_EQ(sim_plug(h.bus, "1-7.1", d), BASE_ERR_NOT_FOUND);
    CHECK_EQ(sim_plug(h.bus, "1-255", d), BASE_OK);
    struct sim_device *other = faulty(&h);
    CHECK_EQ(sim_plug(h.bus, "1-255", other), BASE_ERR_BUSY);
    CHECK_EQ(sim_plug(h.bus, "1-255.1", other), BASE_ERR_NOT_FOUND); // no hub
    plug_hub(&h, "1-2", 4);
    CHECK_EQ(sim_plug(h.bus, "1-2.5", other), BASE_ERR_NOT_FOUND); // no such port
    CHECK_EQ(sim_plug(h.bus, "1-2.4", other), BASE_OK);
    CHECK(sim_find(h.bus, "1-255") == d);
    CHECK(sim_find(h.bus, "1-2.4") == other);
    CHECK(!sim_find(h.bus, "1-25"));
    host_end(&h);
}

TEST(sim_bus_strings_are_cut_between_characters)
{
    static char manufacturer[128], product[128];
    struct host h;
    struct usb_device_info *info;
    struct sim_descriptors desc;
    static const char *const strings[] = {manufacturer, product, NULL};
    host_begin(&h);
    for (unsigned i = 0; i < 126; i += 2) // 2 bytes each: an odd room cuts one
        memcpy(manufacturer + i, "\xc3\xa4", 2);
    memset(product, 'p', 100);
    struct sim_device *d = faulty(&h);
    desc = *d->desc;
    desc.strings = strings;
    d->desc = &desc;
    CHECK_EQ(sim_plug(h.bus, "1-1", d), BASE_OK);
    host_settle(&h);
    info = &host_device(&h, "1-1")->info;
    CHECK_EQ(strlen(info->manufacturer), USB_NAME_SIZE - 2);
    CHECK_EQ(strlen(info->product), USB_NAME_SIZE - 1);
    CHECK_STR(info->serial, "");
    host_end(&h);
}

TEST(sim_bus_broken_descriptors_are_shown_as_they_are)
{
    static const uint8_t config[] = {9, 2, 200, 0, 255, 1,   0, 0x80, 50,
                                     9, 4, 0,   0, 1,   255, 0, 0,    0};
    struct sim_faulty_options o = sim_faulty_d1;
    struct host h;
    uint8_t data[200];
    host_begin(&h);
    plug(&h, "1-1");
    CHECK_EQ(sim_unplug(h.bus, "1-1"), BASE_OK);
    o.configs[0] = config; // says 200 bytes, has 18
    o.config_sizes[0] = sizeof config;
    struct host_device *dev = host_start(&h, "1-1", sim_faulty_create(h.bus, &o));
    CHECK_EQ(dev->info.config[0].size, sizeof config);
    CHECK_EQ(usb_device_check(&dev->info), BASE_ERR_INVALID);
    CHECK_EQ(dev->info.active_config, 0);
    CHECK_EQ(host_request(&h, dev, "800600020000c800", data), sizeof config);
    CHECK_EQ(host_request(&h, dev, "8200000000000200", data), 2);
    CHECK_EQ(host_request(&h, dev, "0009010000000000", NULL), USB_STATUS_STALL);
    CHECK_EQ(host_out(&h, dev, OUT, data, 8), USB_STATUS_PROTOCOL);
    host_end(&h);
}

TEST(sim_bus_no_memory_for_a_port)
{
    struct host h;
    host_begin(&h);
    struct sim_device *d = faulty(&h);
    h.fail_from = h.allocs + 1;
    CHECK_EQ(sim_plug(h.bus, "1-1", d), BASE_ERR_NOMEM);
    CHECK(!sim_find(h.bus, "1-1"));
    CHECK(!sim_hub_create(h.bus, 4));
    CHECK(!sim_faulty_create(h.bus, &sim_faulty_d1));
    CHECK(!sim_bus_create(&h.alloc, 2));
    sim_bus_destroy(NULL);
    CHECK(!h.backend->buffer_alloc(h.backend, 100));
    host_settle(&h);
    CHECK_EQ(h.event_count, 0);
    h.fail_from = 0;
    CHECK_EQ(sim_plug(h.bus, "1-1", d), BASE_OK);
    host_settle(&h);
    CHECK_EQ(h.event_count, 1);
    h.fail_from = h.allocs + 1; // what follows needs none
    CHECK_EQ(sim_unplug(h.bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(h.bus, "1-1"), BASE_OK);
    host_settle(&h);
    host_open(&h, "1-1");
    host_end(&h);
}

TEST(sim_bus_numbers_are_unique_and_come_back_late)
{
    struct host h;
    host_begin(&h);
    plug(&h, "1-1");
    plug(&h, "1-2");
    host_settle(&h);
    uint8_t last = host_device(&h, "1-1")->info.devnum;
    for (unsigned i = 0; i < 300; i++) {
        CHECK_EQ(sim_unplug(h.bus, "1-1"), BASE_OK);
        CHECK_EQ(sim_replug(h.bus, "1-1"), BASE_OK);
        host_settle(&h);
        uint8_t now = host_device(&h, "1-1")->info.devnum;
        CHECK(now != last && now >= 2 && now <= 127);
        CHECK(now != host_device(&h, "1-2")->info.devnum);
        last = now;
    }
    host_end(&h);
}

static void port_name(char *to, unsigned port)
{
    to[0] = '1', to[1] = '-';
    to[2] = (char)('0' + port / 100), to[3] = (char)('0' + port / 10 % 10);
    to[4] = (char)('0' + port % 10), to[5] = '\0';
}

TEST(sim_bus_full)
{
    struct host h;
    struct backend_event ev;
    char busid[8];
    unsigned plugged = 0;
    host_begin(&h);
    for (unsigned i = 100; i < 225; i++) {
        port_name(busid, i);
        plug(&h, busid);
    }
    struct sim_device *d = faulty(&h);
    CHECK_EQ(sim_plug(h.bus, "1-1", d), BASE_ERR_LIMIT);
    d->ops->destroy(d);
    CHECK_EQ(sim_unplug(h.bus, "1-150"), BASE_OK);
    CHECK_EQ(sim_replug(h.bus, "1-150"), BASE_OK);
    while (h.backend->take_event(h.backend, h.now_us, &ev))
        plugged += ev.type == BACKEND_PLUGGED;
    CHECK_EQ(plugged, 125);
    host_end(&h);
}

TEST(sim_bus_two_side_by_side)
{
    struct host h;
    host_begin(&h);
    plug(&h, "1-1");
    struct sim_bus *other = sim_bus_create(&h.alloc, 9);
    CHECK(other);
    struct sim_device *d = sim_faulty_create(other, &sim_faulty_d1);
    CHECK_EQ(sim_plug(other, "1-1", d), BASE_ERR_INVALID);
    CHECK_EQ(sim_plug(other, "9-1", d), BASE_OK);
    struct backend_event ev;
    CHECK(sim_bus_backend(other)->take_event(sim_bus_backend(other), 0, &ev));
    CHECK_STR(ev.info->path, "/sys/devices/sim/usb9/9-1");
    host_settle(&h);
    CHECK_EQ(h.event_count, 1);
    sim_bus_destroy(other);
    host_end(&h);
}

// --- claiming ------------------------------------------------------------------------------------

TEST(sim_bus_open_takes_its_time_and_may_fail)
{
    struct host h;
    host_begin(&h);
    plug(&h, "1-1");
    host_settle(&h);
    struct host_device *dev = host_device(&h, "1-1");
    sim_delay_open(h.bus, "1-1", 3000000, BASE_ERR_BUSY);
    h.now_us += 500; // the clock stands where the last event was taken
    h.backend->open(h.backend, dev->handle);
    host_settle(&h);
    CHECK_EQ(host_deadline(&h), h.now_us + 3000000);
    host_advance(&h, 2999999);
    CHECK_EQ(dev->opened, 0);
    host_advance(&h, 1);
    CHECK_EQ(dev->opened, 1);
    CHECK_EQ(dev->open_result, BASE_ERR_BUSY);
    sim_delay_open(h.bus, "1-1", 0, BASE_ERR_IO);
    h.backend->open(h.backend, dev->handle);
    host_settle(&h);
    CHECK_EQ(dev->opened, 2);
    CHECK_EQ(dev->open_result, BASE_ERR_IO);
    sim_delay_open(h.bus, "1-1", UINT64_MAX, BASE_OK); // never
    h.backend->open(h.backend, dev->handle);
    host_advance(&h, 3600000000);
    CHECK_EQ(dev->opened, 2);
    sim_delay_open(h.bus, "1-1", 0, BASE_OK);
    sim_delay_close(h.bus, "1-1", 20);
    h.backend->close(h.backend, dev->handle); // the core gives up waiting
    host_settle(&h);
    host_advance(&h, 20);
    CHECK_EQ(dev->closed, 1);
    CHECK_EQ(dev->opened, 2);
    host_open(&h, "1-1");
    host_end(&h);
}

TEST(sim_bus_close_cleans)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 5), USB_STATUS_OK);
    CHECK_EQ(host_request(&s.h, s.dev, "0203000081000000", NULL), 0);
    CHECK_EQ(host_request(&s.h, s.dev, "0003010000000000", NULL), 0);
    unsigned resets = sim_faulty_counters(s.d)->resets;
    sim_delay_close(s.h.bus, "1-1", 700);
    s.h.backend->close(s.h.backend, s.dev->handle);
    host_settle(&s.h);
    CHECK_EQ(s.dev->closed, 0);
    CHECK_EQ(host_deadline(&s.h), s.h.now_us + 700);
    host_advance(&s.h, 700);
    CHECK_EQ(s.dev->closed, 1);
    CHECK_EQ(sim_faulty_counters(s.d)->resets, resets + 1);
    CHECK_EQ(s.d->config, 1);
    CHECK_EQ(s.d->alternate[1], 0);
    CHECK_EQ(s.d->halted, 0);
    CHECK_EQ(s.d->toggle, 0);
    CHECK(!s.d->remote_wakeup);
    host_open(&s.h, "1-1");
    sim_faulty_forget(s.d, OUT);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 5), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(s.d, OUT).bytes, 5); // the host's toggle was reset too
    stand_end(&s);
}

TEST(sim_bus_destroyed_with_urbs_and_events_on_the_way)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    host_urb(&s.h, &t, s.dev, 0x81, USB_BULK, 512, NULL);
    host_submit(&s.h, &t);
    s.h.backend->buffer_free(s.h.backend, t.u.buffer, 512);
    CHECK_EQ(sim_faulty_give(s.d, 0x83, "y", 1), BASE_OK);
    CHECK_EQ(sim_plug(s.h.bus, "1-2", faulty(&s.h)), BASE_OK);
    stand_end(&s);
}
