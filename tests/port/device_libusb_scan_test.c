// SPDX-License-Identifier: Apache-2.0
// Devices that come, change and go in a made sysfs, through the backend's contract; without the
// worker's thread. Nothing is opened here: tests/system does that with real ones.
#include "ports/linux/device_libusb.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"
#include "tests/support/sysfs_tree.h"
#include "usb/usb_descriptor_bytes.h"

#include <stdio.h>

struct scan {
    struct sysfs_tree tree;
    struct heap_meter heap;
    struct eventlog *log;
    struct device_libusb *host;
    uint64_t now_us;
    unsigned wakes;
};

static const uint8_t device_bytes[USB_DT_DEVICE_SIZE] = {
    18, 1, USB_LE16(0x0200), 0, 0, 0, 64, USB_LE16(0x1209), USB_LE16(2), 0, 1, 0, 0, 0, 1};
static const uint8_t config_bytes[] = {USB_CONFIG_BYTES(18, 1, 1, 0, 0xc0, 0),
                                       USB_INTERFACE_BYTES(0, 0, 0, 255, 0, 0, 0)};

static void wake(void *ctx)
{
    ((struct scan *)ctx)->wakes++;
}

static uint64_t clock_us(void *ctx)
{
    return ((struct scan *)ctx)->now_us;
}

static void begin(struct scan *s)
{
    const char *why;
    *s = (struct scan){.now_us = 1000000};
    heap_meter_begin(&s->heap);
    sysfs_tree_make(&s->tree);
    s->log = eventlog_create(&s->heap.alloc, 16);
    const struct device_libusb_config config = {
        .root = s->tree.root, .log = s->log, .wake = wake, .now_us = clock_us, .ctx = s};
    s->host = device_libusb_create(&config, &why);
    CHECK(s->host != NULL);
}

static void end(struct scan *s)
{
    device_libusb_destroy(s->host);
    eventlog_destroy(s->log);
    sysfs_tree_remove(&s->tree);
    CHECK_EQ(s->heap.blocks, 0);
}

#define SCAN_TEST(id) TEST_WITH(id, struct scan, s, begin(s), end(s))

static void plug(struct scan *s, uint8_t devnum, uint8_t config)
{
    const struct usb_device_info info = {
        .busid = "3-1",
        .busnum = 3,
        .devnum = devnum,
        .speed = USB_SPEED_HIGH,
        .active_config = config,
        .config_count = 1,
        .device_descriptor = {device_bytes, sizeof device_bytes},
        .config = {{config_bytes, sizeof config_bytes}},
        .product = "Thing",
    };
    sysfs_tree_device(&s->tree, &info);
}

// Later than any time that it waits for by itself.
static void look(struct scan *s)
{
    s->now_us += 10000000;
    (void)device_libusb_turn(s->host);
}

static bool take(struct scan *s, struct backend_event *ev)
{
    struct usbip_backend *b = device_libusb_backend(s->host);
    return b->take_event(b, s->now_us, ev);
}

static void check_plugged(struct scan *s, uint8_t devnum, enum usb_obstacle obstacle)
{
    struct backend_event ev;
    CHECK(take(s, &ev));
    CHECK_EQ(ev.type, BACKEND_PLUGGED);
    CHECK_STR(ev.info->busid, "3-1");
    CHECK_EQ(ev.info->devnum, devnum);
    CHECK_EQ(ev.info->obstacle, obstacle);
}

static void check_unplugged(struct scan *s)
{
    struct backend_event ev;
    CHECK(take(s, &ev));
    CHECK_EQ(ev.type, BACKEND_UNPLUGGED);
}

static void check_nothing(struct scan *s)
{
    struct backend_event ev;
    CHECK(!take(s, &ev));
}

SCAN_TEST(libusb_scan_comes_and_goes)
{
    look(s);
    check_nothing(s);
    plug(s, 4, 1);
    look(s);
    CHECK_EQ(s->wakes, 1);
    check_plugged(s, 4, USB_OBSTACLE_NONE);
    look(s);
    check_nothing(s);
    sysfs_tree_device_gone(&s->tree, "3-1");
    look(s);
    check_unplugged(s);
    check_nothing(s);
    look(s);
    check_nothing(s);
}

// The old one has left before the new one is there, whatever was missed in between.
SCAN_TEST(libusb_scan_comes_back_at_once)
{
    plug(s, 4, 1);
    look(s);
    check_plugged(s, 4, USB_OBSTACLE_NONE);
    sysfs_tree_device_gone(&s->tree, "3-1");
    plug(s, 5, 1);
    look(s);
    check_unplugged(s);
    check_plugged(s, 5, USB_OBSTACLE_NONE);
    check_nothing(s);
}

SCAN_TEST(libusb_scan_waits_until_it_is_configured)
{
    plug(s, 4, 0);
    CHECK(device_libusb_turn(s->host) < s->now_us + 1000000);
    check_nothing(s);
    sysfs_tree_device_gone(&s->tree, "3-1");
    plug(s, 4, 1);
    look(s);
    check_plugged(s, 4, USB_OBSTACLE_NONE);
}

SCAN_TEST(libusb_scan_one_that_stays_unconfigured)
{
    plug(s, 4, 0);
    (void)device_libusb_turn(s->host);
    check_nothing(s);
    look(s);
    check_plugged(s, 4, USB_OBSTACLE_NONE);
}

static void plug_disk(struct scan *s)
{
    char path[300];
    plug(s, 4, 1);
    snprintf(path, sizeof path, "%s/3-1:1.0/block/sda/dev", sysfs_tree_folder("3-1"));
    sysfs_tree_put(&s->tree, path, "8:0\n");
    snprintf(path, sizeof path, "%s/3-1:1.0/block/sda", sysfs_tree_folder("3-1"));
    sysfs_tree_link(&s->tree, "/sys/class/block/sda", path);
}

static void mount_disk(struct scan *s)
{
    sysfs_tree_put(&s->tree, "/proc/self/mountinfo", "36 35 8:0 / /mnt rw - vfat /dev/sda rw\n");
}

SCAN_TEST(libusb_scan_this_host_begins_and_ends_to_use_it)
{
    plug_disk(s);
    look(s);
    check_plugged(s, 4, USB_OBSTACLE_NONE);
    mount_disk(s);
    look(s);
    check_unplugged(s);
    check_plugged(s, 4, USB_OBSTACLE_MOUNTED);
    sysfs_tree_put(&s->tree, "/proc/self/mountinfo", "%s", "");
    look(s);
    check_unplugged(s);
    check_plugged(s, 4, USB_OBSTACLE_NONE);
}

// No node in /dev, and one that is no device: an answer, and an event that says why.
static void check_open_fails(struct scan *s, enum base_err want, const char *word)
{
    struct usbip_backend *b = device_libusb_backend(s->host);
    struct backend_event ev;
    char text[300];
    plug(s, 4, 1);
    look(s);
    CHECK(take(s, &ev));
    void *device = ev.device;
    for (unsigned i = 0; i < 2; i++) { // and again: nothing is left of the first time
        b->open(b, device);
        (void)device_libusb_turn(s->host);
        CHECK(take(s, &ev));
        CHECK_EQ(ev.type, BACKEND_OPENED);
        CHECK(ev.device == device);
        CHECK_EQ(ev.result, want);
    }
    const struct eventlog_event *e = eventlog_next(s->log, 0);
    CHECK(e != NULL);
    (void)eventlog_text(e, text, sizeof text);
    CHECK_STR(text, word);
}

static void check_opened(struct scan *s, void *device, enum base_err want)
{
    struct usbip_backend *b = device_libusb_backend(s->host);
    struct backend_event ev;
    b->open(b, device);
    (void)device_libusb_turn(s->host);
    CHECK(take(s, &ev));
    CHECK_EQ(ev.type, BACKEND_OPENED);
    CHECK_EQ(ev.result, want);
}

// What was mounted since it was listed stays with the host; what was listed as mounted is opened,
// because the core does that only for an owner who wants it.
SCAN_TEST(libusb_open_what_this_host_uses)
{
    struct backend_event ev;
    plug_disk(s);
    look(s);
    CHECK(take(s, &ev));
    mount_disk(s);
    check_opened(s, ev.device, BASE_ERR_BUSY);
    check_unplugged(s);
    CHECK(take(s, &ev));
    CHECK_EQ(ev.info->obstacle, USB_OBSTACLE_MOUNTED);
    check_opened(s, ev.device, BASE_ERR_GONE); // it came as far as its node, which is not there
    const struct eventlog_event *e = eventlog_next(s->log, 0);
    CHECK_EQ(e->what.device_claim_failed.reason, EVENT_CLAIM_IN_USE);
    e = eventlog_next(s->log, e->number);
    CHECK_EQ(e->what.device_claim_failed.reason, EVENT_CLAIM_GONE);
}

SCAN_TEST(libusb_open_without_a_node)
{
    check_open_fails(s, BASE_ERR_GONE, "3-1 cannot be opened: it went away");
}

SCAN_TEST(libusb_open_what_is_no_device)
{
    sysfs_tree_put(&s->tree, "/dev/bus/usb/003/004", "no device");
    check_open_fails(
        s, BASE_ERR_IO,
        "3-1 cannot be opened: the kernel, or its driver for the device, does not give it");
}

SCAN_TEST(libusb_end_with_events_that_nobody_took)
{
    plug(s, 4, 1);
    look(s);
    sysfs_tree_device_gone(&s->tree, "3-1");
    plug(s, 5, 1);
    look(s);
}
