// SPDX-License-Identifier: Apache-2.0
// Hubs and ports of a made sysfs, through the backend's contract, and their power: by the kernel's
// file, and by requests to the hub.
#include "ports/linux/device_libusb.h"
#include "ports/linux/sysfs_hub.h"
#include "tests/port/hub_calls.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"
#include "tests/support/sysfs_tree.h"
#include "usb/usb_descriptor_bytes.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>

enum { SINGLE = 0x09, GANGED = 0x08, FIXED = 0x0a };

#define PCI "/sys/devices/pci0000:00/0000:00:01.0"
#define VHCI "/sys/devices/platform/vhci_hcd.0"

struct hubs {
    struct sysfs_tree tree;
    struct heap_meter heap;
    struct eventlog *log;
    struct device_libusb *host;
    uint64_t now_us;
    unsigned wakes; // without the worker's thread
    bool threaded;
    sem_t woken;
};

static void wake(void *ctx)
{
    struct hubs *s = ctx;
    if (s->threaded)
        (void)sem_post(&s->woken);
    else
        s->wakes++;
}

static uint64_t clock_us(void *ctx)
{
    return ((struct hubs *)ctx)->now_us;
}

static void put_hub(struct hubs *s, const char *name, const char *folder, unsigned busnum,
                    const char *mbit, unsigned ports)
{
    char path[300];
    const struct {
        const char *file;
        unsigned value;
    } numbers[] = {{"maxchild", ports}, {"busnum", busnum}, {"devnum", 1}};
    for (unsigned i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, numbers[i].file);
        sysfs_tree_put(&s->tree, path, "%u\n", numbers[i].value);
    }
    snprintf(path, sizeof path, "%s/speed", folder);
    sysfs_tree_put(&s->tree, path, "%s\n", mbit);
    snprintf(path, sizeof path, "%s/product", folder);
    sysfs_tree_put(&s->tree, path, "xHCI Host Controller\n");
    snprintf(path, sizeof path, "/sys/bus/usb/devices/%s", name);
    sysfs_tree_link(&s->tree, path, folder);
}

// The file that switches a port, with what it says; or only the folder, as before Linux 6.0.
static void put_port(struct hubs *s, const char *path, const char *disable)
{
    char file[300];
    snprintf(file, sizeof file, "%s/%s", path, disable ? "disable" : "connect_type");
    sysfs_tree_put(&s->tree, file, "%s\n", disable ? disable : "hotplug");
}

static void begin(struct hubs *s)
{
    const char *why;
    *s = (struct hubs){.now_us = 1000000};
    hub_calls = (struct hub_calls){.characteristics = SINGLE};
    heap_meter_begin(&s->heap);
    sysfs_tree_make(&s->tree);
    sysfs_tree_put(&s->tree, "/dev/bus/usb/003/001", "a node");
    sysfs_tree_put(&s->tree, "/dev/bus/usb/004/001", "a node");
    s->log = eventlog_create(&s->heap.alloc, 16);
    const struct device_libusb_config config = {
        .root = s->tree.root, .log = s->log, .wake = wake, .now_us = clock_us, .ctx = s};
    s->host = device_libusb_create(&config, &why);
    CHECK(s->host != NULL);
}

static void end(struct hubs *s)
{
    device_libusb_destroy(s->host);
    eventlog_destroy(s->log);
    sysfs_tree_remove(&s->tree);
    CHECK_EQ(s->heap.blocks, 0);
}

#define HUB_TEST(id) TEST_WITH(id, struct hubs, s, begin(s), end(s))

static struct usbip_backend *backend(struct hubs *s)
{
    return device_libusb_backend(s->host);
}

static void look(struct hubs *s)
{
    s->now_us += 10000000;
    (void)device_libusb_turn(s->host);
}

static bool has_port(struct hubs *s, const char *name)
{
    struct backend_port p;
    return backend(s)->port(backend(s), name, &p);
}

static void expect_port(struct hubs *s, const char *name, enum backend_power power, bool on)
{
    struct backend_port p;
    check_context("port", (unsigned)name[2]);
    CHECK(backend(s)->port(backend(s), name, &p));
    CHECK_EQ(p.power, power);
    CHECK_EQ(p.on, on);
}

static void expect_switch(struct hubs *s, const char *name, bool on, enum base_err result)
{
    struct backend_event ev;
    unsigned wakes = s->wakes;
    backend(s)->port_power(backend(s), name, on);
    CHECK(!backend(s)->take_event(backend(s), s->now_us, &ev)); // the worker's work
    look(s);
    CHECK(s->wakes > wakes);
    CHECK(backend(s)->take_event(backend(s), s->now_us, &ev));
    CHECK_EQ(ev.type, BACKEND_PORT_POWER);
    CHECK_STR(ev.port, name);
    CHECK_EQ(ev.result, result);
    CHECK(!backend(s)->take_event(backend(s), s->now_us, &ev));
}

static void expect_file(struct hubs *s, const char *hub, uint8_t number, int on)
{
    CHECK_EQ(sysfs_hub_port_on(s->tree.root, hub, number), on);
}

// --- who is there --------------------------------------------------------------------------------

HUB_TEST(libusb_hub_buses_and_ports)
{
    struct backend_bus bus;
    CHECK(!backend(s)->bus(backend(s), 0, &bus));
    put_hub(s, "usb3", PCI "/usb3", 3, "480", 2);
    put_hub(s, "usb4", PCI "/usb4", 4, "10000", 1);
    put_hub(s, "3-2", PCI "/usb3/3-2", 3, "480", 4);
    put_hub(s, "3-2.4", PCI "/usb3/3-2/3-2.4", 3, "480", 4);
    look(s);
    unsigned seen = 0;
    for (unsigned i = 0; backend(s)->bus(backend(s), i, &bus); i++) {
        seen |= 1u << bus.busnum;
        CHECK_STR(bus.name, "xHCI Host Controller");
        CHECK_EQ(bus.ports, bus.busnum == 3 ? 2 : 1);
        CHECK_EQ(bus.speed, bus.busnum == 3 ? USB_SPEED_HIGH : USB_SPEED_SUPER);
    }
    CHECK_EQ(seen, 1u << 3 | 1u << 4);
    CHECK(has_port(s, "3-1") && has_port(s, "3-2") && has_port(s, "4-1"));
    CHECK(has_port(s, "3-2.1") && has_port(s, "3-2.4") && has_port(s, "3-2.4.4"));
    CHECK(!has_port(s, "3-3") && !has_port(s, "3-2.5") && !has_port(s, "3-1.1"));
    CHECK(!has_port(s, "3-0") && !has_port(s, "usb3") && !has_port(s, "3-2.") && !has_port(s, ""));
    sysfs_tree_device_gone(&s->tree, "3-2");
    look(s);
    CHECK(!has_port(s, "3-2.1") && has_port(s, "3-2"));
}

HUB_TEST(libusb_hub_ports_of_a_device)
{
    static const uint8_t device[USB_DT_DEVICE_SIZE] = {
        18, 1, USB_LE16(0x0200), USB_CLASS_HUB, 0, 1, 64, USB_LE16(0x1209), USB_LE16(6), 0, 1, 0, 0,
        0,  1};
    static const uint8_t config[] = {USB_CONFIG_BYTES(18, 1, 1, 0, 0xe0, 0),
                                     USB_INTERFACE_BYTES(0, 0, 0, USB_CLASS_HUB, 0, 0, 0)};
    const struct usb_device_info info = {.busid = "3-1",
                                         .busnum = 3,
                                         .devnum = 2,
                                         .speed = USB_SPEED_HIGH,
                                         .active_config = 1,
                                         .config_count = 1,
                                         .device_descriptor = {device, sizeof device},
                                         .config = {{config, sizeof config}}};
    struct backend_event ev;
    sysfs_tree_device(&s->tree, &info);
    look(s);
    CHECK(backend(s)->take_event(backend(s), s->now_us, &ev));
    CHECK_EQ(backend(s)->hub_ports(backend(s), ev.device), 0); // its driver is still to come
    sysfs_tree_put(&s->tree, PCI "/usb3/3-1/maxchild", "7\n");
    look(s);
    CHECK_EQ(backend(s)->hub_ports(backend(s), ev.device), 7);
}

// Whoever asks the hubs of vhci_hcd may wait for himself.
HUB_TEST(libusb_hub_of_usbip_is_never_asked)
{
    struct backend_bus bus;
    put_hub(s, "usb3", VHCI "/usb3", 3, "480", 8);
    put_port(s, VHCI "/usb3/3-0:1.0/usb3-port1", "0");
    look(s);
    CHECK(backend(s)->bus(backend(s), 0, &bus));
    CHECK_STR(bus.name, "devices over USB/IP");
    expect_port(s, "3-1", BACKEND_POWER_UNKNOWN, true);
    CHECK_EQ(hub_calls.asked, 0);
}

// --- power ---------------------------------------------------------------------------------------

static void put_two_ports(struct hubs *s, const char *disable)
{
    put_hub(s, "usb3", PCI "/usb3", 3, "480", 2);
    put_port(s, PCI "/usb3/3-0:1.0/usb3-port1", disable);
    put_port(s, PCI "/usb3/3-0:1.0/usb3-port2", disable);
}

HUB_TEST(libusb_hub_power_by_the_kernels_file)
{
    put_two_ports(s, "0");
    look(s);
    expect_port(s, "3-1", BACKEND_POWER_SINGLE, true);
    expect_switch(s, "3-1", false, BASE_OK);
    expect_file(s, "usb3", 1, 0);
    expect_file(s, "usb3", 2, 1);
    expect_port(s, "3-1", BACKEND_POWER_SINGLE, false);
    expect_port(s, "3-2", BACKEND_POWER_SINGLE, true);
    expect_switch(s, "3-1", true, BASE_OK);
    expect_file(s, "usb3", 1, 1);
    CHECK_EQ(hub_calls.claims, 0);
}

HUB_TEST(libusb_hub_power_that_was_off_before)
{
    put_hub(s, "usb3", PCI "/usb3", 3, "480", 1);
    put_hub(s, "3-1", PCI "/usb3/3-1", 3, "480", 1);
    put_port(s, PCI "/usb3/3-1/3-1:1.0/3-1-port1", "1");
    look(s);
    expect_port(s, "3-1.1", BACKEND_POWER_SINGLE, false);
    expect_switch(s, "3-1.1", true, BASE_OK);
    expect_file(s, "3-1", 1, 1);
}

// A socket has a port at each speed, and power as long as one of them has.
HUB_TEST(libusb_hub_power_of_a_socket_with_two_speeds)
{
    struct backend_port p;
    put_hub(s, "usb3", PCI "/usb3", 3, "480", 1);
    put_hub(s, "usb4", PCI "/usb4", 4, "5000", 1);
    put_port(s, PCI "/usb3/3-0:1.0/usb3-port1", "0");
    put_port(s, PCI "/usb4/4-0:1.0/usb4-port1", "0");
    sysfs_tree_link(&s->tree, PCI "/usb3/3-0:1.0/usb3-port1/peer", PCI "/usb4/4-0:1.0/usb4-port1");
    sysfs_tree_link(&s->tree, PCI "/usb4/4-0:1.0/usb4-port1/peer", PCI "/usb3/3-0:1.0/usb3-port1");
    look(s);
    CHECK(backend(s)->port(backend(s), "4-1", &p));
    CHECK_STR(p.twin, "3-1");
    expect_switch(s, "4-1", false, BASE_OK);
    expect_file(s, "usb3", 1, 0);
    expect_file(s, "usb4", 1, 0);
    expect_port(s, "3-1", BACKEND_POWER_SINGLE, false);
    expect_switch(s, "3-1", true, BASE_OK);
    expect_file(s, "usb4", 1, 1);
}

// Linux before 6.0: while the port is off it is claimed, or the kernel would switch it on again.
HUB_TEST(libusb_hub_power_by_requests)
{
    put_two_ports(s, NULL);
    hub_calls.off = 1 << 2; // somebody else did that
    look(s);
    expect_port(s, "3-1", BACKEND_POWER_SINGLE, true);
    expect_port(s, "3-2", BACKEND_POWER_SINGLE, false);
    expect_switch(s, "3-1", false, BASE_OK);
    CHECK_EQ(hub_calls.off, 1 << 1 | 1 << 2);
    CHECK_EQ(hub_calls.claims_at_off, 1);
    CHECK_EQ(hub_calls.claimed, 1 << 1);
    expect_switch(s, "3-1", false, BASE_OK); // again
    expect_switch(s, "3-1", true, BASE_OK);
    CHECK_EQ(hub_calls.off, 1 << 2);
    CHECK_EQ(hub_calls.claimed, 0);
    expect_switch(s, "3-1", false, BASE_OK); // and stays so at the end: no descriptor is left
}

HUB_TEST(libusb_hub_power_that_fails)
{
    put_two_ports(s, NULL);
    look(s);
    hub_calls.error = EPIPE;
    expect_switch(s, "3-1", false, BASE_ERR_IO);
    hub_calls.error = EPERM;
    expect_switch(s, "3-1", false, BASE_ERR_UNSUPPORTED);
    hub_calls.error = ENODEV;
    expect_switch(s, "3-1", false, BASE_ERR_GONE);
    expect_port(s, "3-1", BACKEND_POWER_SINGLE, true);
    hub_calls.error = 0;
    expect_switch(s, "3-9", false, BASE_ERR_GONE);
    sysfs_tree_delete(&s->tree, "/sys/bus/usb/devices/usb3");
    look(s);
    expect_switch(s, "3-1", true, BASE_ERR_GONE);
}

HUB_TEST(libusb_hub_power_of_other_kinds)
{
    static const struct {
        uint16_t characteristics;
        enum backend_power power;
    } kinds[] = {{GANGED, BACKEND_POWER_GANGED},
                 {FIXED, BACKEND_POWER_FIXED},
                 {0x0b, BACKEND_POWER_FIXED},
                 {0x29, BACKEND_POWER_SINGLE}};
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        hub_calls.characteristics = kinds[i].characteristics;
        put_two_ports(s, "0");
        look(s);
        expect_port(s, "3-1", kinds[i].power, true);
        sysfs_tree_delete(&s->tree, "/sys/bus/usb/devices/usb3");
        look(s);
    }
    sysfs_tree_delete(&s->tree, "/dev/bus/usb/003");
    put_two_ports(s, "0");
    look(s);
    expect_port(s, "3-1", BACKEND_POWER_UNKNOWN, true); // nobody may ask it
}

// With the worker's thread, the loop looking on.
HUB_TEST(libusb_hub_power_switched_by_the_worker)
{
    struct backend_event ev;
    struct timespec limit;
    put_two_ports(s, "0");
    CHECK_EQ(sem_init(&s->woken, 0, 0), 0);
    s->threaded = true;
    CHECK(device_libusb_start(s->host));
    for (unsigned i = 0; i < 50; i++) {
        backend(s)->port_power(backend(s), "3-1", i % 2);
        (void)clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_sec += 20;
        while (!backend(s)->take_event(backend(s), s->now_us, &ev)) {
            CHECK(has_port(s, "3-2"));
            CHECK_EQ(sem_timedwait(&s->woken, &limit), 0);
        }
        CHECK_EQ(ev.result, BASE_OK);
        expect_port(s, "3-1", BACKEND_POWER_SINGLE, i % 2);
    }
    device_libusb_stop(s->host);
    s->threaded = false;
    CHECK_EQ(sem_destroy(&s->woken), 0);
}
