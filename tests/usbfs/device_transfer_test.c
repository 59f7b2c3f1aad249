// SPDX-License-Identifier: Apache-2.0
// What the kernel's limits and libusb's make of URBs: parts, memory, and what ends a transfer.
#include "tests/usbfs/usbfs_rig.h"

#include <linux/usbdevice_fs.h>
#include <stdlib.h>
#include <string.h>

enum { BULK_IN = 0x81, BULK_OUT = 0x02, KB = 1024, LONG = 1500 * KB, URBS = 8 };

// As on controllers that cannot scatter: libusb cuts transfers, and marks the parts.
static void begin_plain(struct usbfs_rig *u)
{
    usbfs_rig_begin(u);
    u->host.kernel.capabilities &= ~(uint32_t)USBDEVFS_CAP_BULK_SCATTER_GATHER;
    u->host.kernel.capabilities |= USBDEVFS_CAP_BULK_CONTINUATION;
    rig_start(&u->r, sim_faulty_create(u->r.bus, &sim_faulty_d1), 0);
}

static void check_counts(const uint8_t *p, size_t size)
{
    for (size_t i = 0; i < size; i++)
        CHECK_EQ(p[i], i % SIM_FAULTY_STREAM_PERIOD);
}

static uint8_t *counting(size_t size)
{
    uint8_t *p = malloc(size);
    CHECK(p);
    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)(i % SIM_FAULTY_STREAM_PERIOD);
    return p;
}

static void check_long(struct usbfs_rig *u)
{
    uint8_t *data = counting(LONG + 5);
    CHECK_EQ(rig_write(u->r.dev, BULK_OUT, data, LONG + 5), LONG + 5);
    struct sim_faulty_received got = sim_faulty_received(u->r.sim, BULK_OUT);
    CHECK_EQ(got.bytes, LONG + 5);
    check_counts(got.data.data, LONG + 5);
    memset(data, 0, LONG);
    sim_faulty_stream(u->r.sim, BULK_IN, true);
    CHECK_EQ(rig_read(u->r.dev, BULK_IN, data, LONG), LONG);
    check_counts(data, LONG);
    free(data);
}

USBFS_TEST(usbfs_transfer_longer_than_a_part, usbfs_rig_begin_d1)
{
    check_long(u);
    CHECK(u->host.kernel.memory_most < 600 * KB);
}

USBFS_TEST(usbfs_transfer_longer_than_a_plain_part, begin_plain)
{
    check_long(u);
    CHECK(u->host.kernel.memory_most < 20 * KB);
}

// Three URBs; the first one's data ends just where a part does, and the next URB's begins there.
static void check_short(struct usbfs_rig *u, uint32_t part)
{
    struct rig_urb urbs[3];
    uint8_t *data = counting(part);
    for (unsigned i = 0; i < 3; i++)
        rig_urb(&urbs[i], u->r.dev, BULK_IN, NULL, 3 * part);
    for (unsigned i = 0; i < 3; i++)
        rig_queue_submit(&urbs[i]);
    rig_give(&u->r, BULK_IN, data, part);
    rig_give(&u->r, BULK_IN, NULL, 0); // a zero-length packet ends it
    rig_give(&u->r, BULK_IN, data, part - 1);
    rig_give(&u->r, BULK_IN, data, 7);
    rig_settle(&u->r);
    rig_check_urb(&urbs[0], USB_STATUS_OK, part);
    rig_check_urb(&urbs[1], USB_STATUS_OK, part - 1);
    rig_check_urb(&urbs[2], USB_STATUS_OK, 7);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_BYTES(urbs[i].urb.buffer, data, urbs[i].urb.actual_length);
        rig_release(&urbs[i]);
    }
    free(data);
}

USBFS_TEST(usbfs_transfer_short_at_the_end_of_a_part, usbfs_rig_begin_d1)
{
    check_short(u, 512 * KB);
}

USBFS_TEST(usbfs_transfer_short_at_the_end_of_a_plain_part, begin_plain)
{
    check_short(u, 16 * KB);
}

static int32_t flagged(struct usbfs_rig *u, uint8_t ep, uint32_t size, uint8_t flags)
{
    struct rig_urb urb;
    uint8_t *data = counting(size);
    rig_urb(&urb, u->r.dev, ep, ep & USB_DIR_IN ? NULL : data, size);
    urb.urb.flags = flags;
    rig_submit(&urb);
    CHECK(urb.done);
    int32_t status = urb.urb.status;
    rig_release(&urb);
    free(data);
    return status;
}

static void check_flags(struct usbfs_rig *u)
{
    CHECK_EQ(flagged(u, BULK_OUT, 1024 * KB, USB_URB_ZERO_PACKET), USB_STATUS_OK);
    struct sim_faulty_received got = sim_faulty_received(u->r.sim, BULK_OUT);
    CHECK_EQ(got.bytes, 1024 * KB);
    CHECK_EQ(got.packets, 2 * KB + 1); // one zero-length packet, at the very end
    rig_give(&u->r, BULK_IN, rig_pattern(), 20 * KB + 1);
    CHECK_EQ(flagged(u, BULK_IN, 1024 * KB, USB_URB_SHORT_NOT_OK), USB_STATUS_SHORT);
    rig_give(&u->r, BULK_IN, rig_pattern(), 20 * KB + 1);
    CHECK_EQ(flagged(u, BULK_IN, 1024 * KB, 0), USB_STATUS_OK);
}

USBFS_TEST(usbfs_transfer_flags, usbfs_rig_begin_d1)
{
    check_flags(u);
}

USBFS_TEST(usbfs_transfer_flags_with_plain_parts, begin_plain)
{
    check_flags(u);
}

// --- memory --------------------------------------------------------------------------------------

// More URBs than the kernel has memory for: they wait, and end in order. It is said once.
static void check_memory(struct usbfs_rig *u, uint64_t limit)
{
    struct rig_urb urbs[URBS];
    uint8_t *data = counting(URBS * 200 * KB);
    u->host.kernel.memory_limit = limit;
    sim_faulty_accept(u->r.sim, BULK_OUT, 0);
    for (unsigned i = 0; i < URBS; i++) {
        rig_urb(&urbs[i], u->r.dev, BULK_OUT, data + (size_t)i * 200 * KB, 200 * KB);
        rig_queue_submit(&urbs[i]);
    }
    rig_settle(&u->r);
    CHECK_EQ(u->r.urbs_done, 0);
    sim_faulty_accept(u->r.sim, BULK_OUT, UINT64_MAX);
    rig_advance(&u->r, RIG_SECOND_US);
    for (unsigned i = 0; i < URBS; i++) {
        rig_check_urb(&urbs[i], USB_STATUS_OK, 200 * KB);
        CHECK_EQ(urbs[i].order, i + 1);
        rig_release(&urbs[i]);
    }
    check_counts(sim_faulty_received(u->r.sim, BULK_OUT).data.data, URBS * 200 * KB);
    CHECK(u->host.kernel.memory_most <= limit);
    free(data);
}

USBFS_TEST(usbfs_transfer_waits_for_memory, usbfs_rig_begin_d1)
{
    check_memory(u, 500 * KB);
    CHECK_EQ(usbfs_rig_events(u, EVENT_USB_MEMORY_SHORT), 1);
    usbfs_rig_check_event(u, "raise /sys/module/usbcore/parameters/usbfs_memory_mb");
}

// Another device's transfers have the memory; what waits is taken back, or pulled.
USBFS_TEST(usbfs_transfer_waits_for_another_device, usbfs_rig_begin_d1)
{
    struct rig_urb first, urbs[2];
    u->host.kernel.memory_limit = 300 * KB;
    struct rig_device *other = rig_plug(&u->r, "1-2", sim_faulty_create(u->r.bus, &sim_faulty_d1));
    CHECK_EQ(rig_open(other), BASE_OK);
    rig_urb(&first, other, BULK_IN, NULL, 200 * KB);
    rig_submit(&first);
    for (unsigned i = 0; i < 2; i++) {
        rig_urb(&urbs[i], u->r.dev, BULK_IN, NULL, 200 * KB);
        rig_submit(&urbs[i]);
    }
    rig_give(&u->r, BULK_IN, "later", 5);
    rig_settle(&u->r);
    CHECK_EQ(u->r.urbs_done, 0);
    rig_cancel(&urbs[0]);
    rig_check_urb(&urbs[0], USB_STATUS_CANCELLED, 0);
    CHECK_EQ(sim_unplug(u->r.bus, "1-2"), BASE_OK);
    rig_settle(&u->r);
    rig_check_urb(&first, USB_STATUS_SHUTDOWN, 0);
    rig_check_urb(&urbs[1], USB_STATUS_OK, 5);
    rig_release(&first);
    rig_release(&urbs[0]);
    rig_release(&urbs[1]);
}

// Nobody has what is missing: then it is an error.
USBFS_TEST(usbfs_transfer_that_never_gets_memory, usbfs_rig_begin_d1)
{
    u->host.kernel.memory_limit = 100 * KB;
    rig_check_transfer(u->r.dev, BULK_IN, u->r.data, 200 * KB, USB_STATUS_NO_MEMORY, 0);
    CHECK_EQ(rig_write(u->r.dev, BULK_OUT, "hello", 5), 5);
}

USBFS_TEST(usbfs_transfer_plain_parts_wait_for_memory, begin_plain)
{
    check_memory(u, 100 * KB);
}
