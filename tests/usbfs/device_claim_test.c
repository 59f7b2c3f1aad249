// SPDX-License-Identifier: Apache-2.0
// Import and giving back: drivers, permission, whoever else has the device, and a device that dies
// at each call.
#include "tests/usbfs/usbfs_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BULK_IN = 0x81, BULK_OUT = 0x02, INTERFACES = 2 };

static void check_drivers(struct usbfs_rig *u, int driver)
{
    for (unsigned i = 0; i < INTERFACES; i++)
        CHECK_EQ(usbfs_driver(&u->host.kernel, "1-1", i), driver);
}

static void begin_closed(struct usbfs_rig *u)
{
    usbfs_rig_begin(u);
    u->r.sim = sim_faulty_create(u->r.bus, &sim_faulty_d1);
    u->r.dev = rig_plug(&u->r, "1-1", u->r.sim);
}

static void check_works(struct usbfs_rig *u)
{
    uint8_t back[5];
    CHECK_EQ(rig_write(u->r.dev, BULK_OUT, "hello", 5), 5);
    rig_give(&u->r, BULK_IN, "world", 5);
    CHECK_EQ(rig_read(u->r.dev, BULK_IN, back, 5), 5);
    CHECK_BYTES(back, "world", 5);
}

static void check_opens(struct usbfs_rig *u)
{
    CHECK_EQ(rig_open(u->r.dev), BASE_OK);
    check_drivers(u, USBFS_DRIVER_USBFS);
    check_works(u);
    rig_close(u->r.dev);
    check_drivers(u, USBFS_DRIVER_KERNEL);
    CHECK_EQ(usbfs_open_files(&u->host.kernel), 0);
}

USBFS_TEST(usbfs_claim_takes_the_drivers_away_and_gives_back, begin_closed)
{
    check_drivers(u, USBFS_DRIVER_KERNEL); // being there is not enough
    check_opens(u);
    check_opens(u);
}

// Whatever a session has made of it.
USBFS_TEST(usbfs_claim_gives_back_what_was_changed, begin_closed)
{
    CHECK_EQ(rig_open(u->r.dev), BASE_OK);
    rig_change(u->r.dev, USB_SET_INTERFACE, 1, 1);
    CHECK_EQ(sim_faulty_fail(u->r.sim, BULK_IN, SIM_STALL), BASE_OK);
    rig_check_transfer(u->r.dev, BULK_IN, u->r.data, 512, USB_STATUS_STALL, 0);
    rig_close(u->r.dev);
    check_drivers(u, USBFS_DRIVER_KERNEL);
    CHECK_EQ(u->r.sim->alternate[1], 0);
    CHECK_EQ(u->r.sim->halted, 0);
    CHECK_EQ(rig_open(u->r.dev), BASE_OK);
    rig_change(u->r.dev, USB_SET_CONFIGURATION, 0, 0);
    CHECK_EQ(u->r.sim->config, 0);
    rig_close(u->r.dev);
    CHECK_EQ(u->r.sim->config, 1);
    check_drivers(u, USBFS_DRIVER_KERNEL);
    check_opens(u);
}

// The server ends with sessions that nobody has closed.
USBFS_TEST(usbfs_claim_gives_back_at_the_end_of_the_server, begin_closed)
{
    CHECK_EQ(rig_open(u->r.dev), BASE_OK);
    rig_change(u->r.dev, USB_SET_INTERFACE, 1, 1);
    check_drivers(u, USBFS_DRIVER_USBFS);
    u->r.dev->open = false;
    device_libusb_destroy(u->host.libusb);
    u->host.libusb = NULL;
    check_drivers(u, USBFS_DRIVER_KERNEL);
    u->r.turns = NULL;
    u->r.backend = sim_bus_backend(u->r.bus);
}

USBFS_TEST(usbfs_claim_without_permission, begin_closed)
{
    u->host.kernel.no_permission = true;
    CHECK_EQ(rig_open(u->r.dev), BASE_ERR_IO);
    usbfs_rig_check_event(u, "udev rule: SUBSYSTEM==\"usb\"");
    check_drivers(u, USBFS_DRIVER_KERNEL);
    u->host.kernel.no_permission = false;
    check_opens(u);
}

USBFS_TEST(usbfs_claim_of_what_another_program_has, begin_closed)
{
    char path[100];
    unsigned number = 1;
    struct usbdevfs_disconnect_claim dc = {.interface = number};
    snprintf(path, sizeof path, "%s/dev/bus/usb/001/%03u", u->host.kernel.tree.root,
             u->r.dev->info.devnum);
    int fd = open(path, O_RDWR);
    CHECK(fd >= 0);
    CHECK_EQ(ioctl(fd, USBDEVFS_DISCONNECT_CLAIM, &dc), 0);
    CHECK_EQ(rig_open(u->r.dev), BASE_ERR_BUSY);
    usbfs_rig_check_event(u, "another program on this host has it");
    CHECK_EQ(usbfs_driver(&u->host.kernel, "1-1", 0), USBFS_DRIVER_KERNEL); // given back
    CHECK_EQ(usbfs_driver(&u->host.kernel, "1-1", 1), USBFS_DRIVER_USBFS);
    CHECK_EQ(ioctl(fd, USBDEVFS_RELEASEINTERFACE, &number), 0);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(rig_open(u->r.dev), BASE_OK);
    check_works(u);
}

USBFS_TEST(usbfs_claim_of_what_a_driver_keeps, begin_closed)
{
    u->host.kernel.driver_keeps = true;
    CHECK_EQ(rig_open(u->r.dev), BASE_ERR_BUSY);
    CHECK_EQ(usbfs_rig_events(u, EVENT_DEVICE_CLAIM_FAILED), 1);
    check_drivers(u, USBFS_DRIVER_KERNEL);
    u->host.kernel.driver_keeps = false;
    check_opens(u);
}

// --- every call ----------------------------------------------------------------------------------

static void change(struct rig_device *d, enum usb_control_type type, uint8_t interface,
                   uint8_t value)
{
    const struct usb_control_op op = {.type = type, .value = value, .interface = interface};
    if (d->present)
        rig_queue_change(d, &op);
    rig_advance(d->rig, RIG_SECOND_US);
}

static void submit(struct rig_urb *u, const struct rig_device *d)
{
    u->done = !d->present;
    if (d->present)
        rig_submit(u);
}

static void finish(struct rig_urb *u)
{
    if (!u->done)
        rig_queue_cancel(u);
    rig_advance(u->rig, RIG_SECOND_US);
    CHECK(u->done);
    rig_release(u);
}

// A whole session, of which anything may fail. The number of calls to the node.
static unsigned run_session(struct usbfs_rig *u)
{
    struct rig_device *d = u->r.dev;
    unsigned begin = u->host.kernel.calls;
    struct rig_urb in, out;
    rig_queue_open(d);
    rig_advance(&u->r, RIG_SECOND_US);
    if (!d->present || !d->open)
        return u->host.kernel.calls - begin;
    rig_urb(&out, d, BULK_OUT, rig_pattern(), 1500);
    rig_urb(&in, d, BULK_IN, NULL, 512);
    submit(&in, d);
    submit(&out, d);
    change(d, USB_SET_INTERFACE, 1, 1);
    change(d, USB_CLEAR_HALT, 0, BULK_OUT);
    finish(&in);
    finish(&out);
    change(d, USB_RESET_DEVICE, 0, 0);
    change(d, USB_SET_CONFIGURATION, 0, 1);
    if (d->present)
        rig_queue_close(d);
    rig_advance(&u->r, RIG_SECOND_US);
    return u->host.kernel.calls - begin;
}

static void check_whole(struct usbfs_rig *u)
{
    struct usbfs *k = &u->host.kernel;
    k->fault_at = 0;
    CHECK_EQ(usbfs_open_files(k), 0);
    CHECK_EQ(k->memory, 0);
    if (!rig_find(&u->r, "1-1")) {
        CHECK_EQ(sim_replug(u->r.bus, "1-1"), BASE_OK);
        rig_advance(&u->r, RIG_SECOND_US);
    }
    CHECK(rig_find(&u->r, "1-1"));
    check_opens(u);
}

USBFS_TEST(usbfs_claim_device_dies_at_each_call, begin_closed)
{
    unsigned calls = run_session(u);
    CHECK(calls > 25);
    for (unsigned n = 1; n <= calls; n++) {
        check_context("call", n);
        u->host.kernel.fault_dies = "1-1";
        u->host.kernel.fault_at = u->host.kernel.calls + n;
        (void)run_session(u);
        CHECK(!rig_find(&u->r, "1-1"));
        check_whole(u);
    }
}

USBFS_TEST(usbfs_claim_each_call_fails, begin_closed)
{
    static const int errors[] = {EIO, ENOMEM, EBUSY, EINVAL, EPIPE, ETIMEDOUT, EHOSTUNREACH};
    unsigned calls = run_session(u);
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++) {
        for (unsigned n = 1; n <= calls; n++) {
            check_context("call", i * 1000 + n);
            u->host.kernel.fault = errors[i];
            u->host.kernel.fault_at = u->host.kernel.calls + n;
            (void)run_session(u);
            check_whole(u);
        }
    }
}

// --- the same port -------------------------------------------------------------------------------

// A boot loader: same place, another device. The session has ended, and it is listed again.
USBFS_TEST(usbfs_claim_comes_back_as_another_one, usbfs_rig_begin_d1)
{
    struct rig_urb in;
    const struct sim_faulty_options loader = {
        .speed = USB_SPEED_HIGH, .product = 0xb007, .interfaces = INTERFACES};
    rig_urb(&in, u->r.dev, BULK_IN, NULL, 512);
    rig_submit(&in);
    uint8_t devnum = u->r.dev->info.devnum;
    CHECK_EQ(sim_unplug(u->r.bus, "1-1"), BASE_OK);
    u->r.sim = sim_faulty_create(u->r.bus, &loader);
    CHECK_EQ(sim_plug(u->r.bus, "1-1", u->r.sim), BASE_OK);
    rig_advance(&u->r, RIG_SECOND_US);
    CHECK_EQ(rig_finish(&in), USB_STATUS_SHUTDOWN);
    CHECK_EQ(u->r.dev->unplugged, 1);
    CHECK(u->r.dev->present && !u->r.dev->open);
    CHECK(u->r.dev->info.devnum != devnum);
    CHECK_EQ(base_get_le16(u->r.dev->device_descriptor + 10), 0xb007);
    check_opens(u);
}

// Between reset and claim, as a reset can end.
static void replace(void *ctx, unsigned long request)
{
    struct usbfs_rig *u = ctx;
    if (request != USBDEVFS_RESET)
        return;
    u->host.kernel.hook = NULL;
    CHECK_EQ(sim_unplug(u->r.bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(u->r.bus, "1-1"), BASE_OK);
}

USBFS_TEST(usbfs_claim_reset_ends_with_a_new_number, usbfs_rig_begin_d1)
{
    struct usb_control_op op = {.type = USB_RESET_DEVICE};
    u->host.kernel.hook = replace;
    u->host.kernel.hook_ctx = u;
    rig_queue_change(u->r.dev, &op);
    rig_advance(&u->r, RIG_SECOND_US);
    CHECK_EQ(u->r.dev->unplugged, 1);
    CHECK(u->r.dev->present && !u->r.dev->open);
    check_opens(u);
}

USBFS_TEST(usbfs_claim_reset_keeps_the_session, usbfs_rig_begin_d1)
{
    rig_change(u->r.dev, USB_SET_INTERFACE, 1, 1);
    unsigned resets = sim_faulty_counters(u->r.sim)->resets;
    rig_change(u->r.dev, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(sim_faulty_counters(u->r.sim)->resets, resets + 1);
    CHECK_EQ(u->r.sim->alternate[1], 1);
    check_drivers(u, USBFS_DRIVER_USBFS);
    check_works(u);
    CHECK_EQ(u->r.dev->unplugged, 0);
}
