// SPDX-License-Identifier: Apache-2.0
// Control transfers as long as the controller can do them in one piece, and beyond.
#include "device_parts.h"
#include "idf_double.h"
#include "tests/firmware/device_world.h"

#include <stdio.h>

enum { DEVICE_IN = 0xc002, DEVICE_OUT = 0x4001, DESCRIPTOR = 0x8006, STRING_1 = 0x0301 };
enum { OLD_MAX = 127 * 64, NEW_MAX = 1023 * 64 };

// A control transfer with that wLength, which ends so.
static void check(struct rig_device *d, unsigned request, unsigned value, unsigned length,
                  int32_t status, uint32_t actual)
{
    struct rig_urb u;
    char setup[64];
    bool in = request >> 15;
    (void)snprintf(setup, sizeof setup, "%04x%02x%02x0000%02x%02x", request, value & 0xff,
                   value >> 8, length & 0xff, length >> 8);
    rig_control_urb(&u, d, setup, in ? NULL : rig_pattern());
    rig_submit(&u);
    rig_check_urb(&u, status, actual);
    if (in)
        CHECK_BYTES(u.urb.buffer, rig_pattern(), actual);
    rig_release(&u);
}

static void check_events(const struct world *w, unsigned count, uint32_t bytes, uint32_t most)
{
    struct eventlog_event last;
    CHECK_EQ(device_rig_events(&w->chip, EVENT_CONTROL_TOO_LONG, &last), count);
    if (count == 0)
        return;
    CHECK_EQ(last.what.control_too_long.bytes, bytes);
    CHECK_EQ(last.what.control_too_long.most, most);
}

// D1, which has 65535 bytes to give.
static struct rig_device *plug(struct world *w)
{
    static struct sim_faulty_answer answer = {.size = 65535};
    answer.data = rig_pattern();
    struct rig_device *d = world_d1(w);
    sim_faulty_answer(world_sim(w), DEVICE_IN >> 8, DEVICE_IN & 0xff, &answer);
    CHECK_EQ(rig_open(d), BASE_OK);
    return d;
}

WORLD_TEST(device_control_longest_of_every_revision, world_begin(w))
{
    struct rig_device *d = plug(w);
    check(d, DEVICE_IN, 0, OLD_MAX, USB_STATUS_OK, OLD_MAX);
    check(d, DEVICE_OUT, 0, OLD_MAX, USB_STATUS_OK, OLD_MAX);
    CHECK_BYTES(sim_faulty_control_data(world_sim(w)).data, rig_pattern(), OLD_MAX);
    check_events(w, 0, 0, 0);
    check(d, DEVICE_IN, 0, OLD_MAX + 1, USB_STATUS_OVERFLOW, OLD_MAX);
    check_events(w, 1, OLD_MAX + 1, OLD_MAX);
    check(d, DEVICE_OUT, 0, 20480, USB_STATUS_INVALID, 0);
    check_events(w, 2, 20480, OLD_MAX);
    check(d, DEVICE_IN, 0, 20481, USB_STATUS_OVERFLOW, OLD_MAX);
    check(d, DEVICE_OUT, 0, 20481, USB_STATUS_INVALID, 0);
    check_events(w, 2, 20480, OLD_MAX); // once in a session
    rig_close(d);
    CHECK_EQ(rig_open(d), BASE_OK);
    check(d, DEVICE_OUT, 0, 20481, USB_STATUS_INVALID, 0);
    check_events(w, 3, 20481, OLD_MAX);
    rig_close(d);
}

// From revision 3 on the high-speed controller counts further; the memory is taken for each.
WORLD_TEST(device_control_longest_of_revision_3, world_prepare(w))
{
    w->library.packets_max[0] = 1023;
    world_start(w);
    struct rig_device *d = plug(w);
    unsigned transfers = usb_host_double_counts().transfers;
    check(d, DEVICE_IN, 0, NEW_MAX, USB_STATUS_OK, NEW_MAX);
    check(d, DEVICE_OUT, 0, NEW_MAX, USB_STATUS_OK, NEW_MAX);
    check_events(w, 0, 0, 0);
    check(d, DEVICE_IN, 0, 65535, USB_STATUS_OVERFLOW, NEW_MAX);
    check_events(w, 1, 65535, NEW_MAX);
    CHECK_EQ(usb_host_double_counts().transfers, transfers);
    idf_double_limit_heap(IDF_HEAP_INTERNAL, 64 * 1024);
    check(d, DEVICE_IN, 0, NEW_MAX, USB_STATUS_NO_MEMORY, 0);
    check(d, DEVICE_IN, 0, OLD_MAX, USB_STATUS_OK, OLD_MAX);
    idf_double_limit_heap(IDF_HEAP_INTERNAL, SIZE_MAX);
    rig_close(d);
}

// Clients make do with the beginning of a descriptor, and would give up the device for an error.
WORLD_TEST(device_control_cuts_a_descriptor, world_begin(w))
{
    struct sim_faulty_options options = sim_faulty_d1;
    options.string = (struct base_span){rig_pattern(), 9000};
    struct rig_device *d = rig_plug(&w->rig, "1-1", sim_faulty_create(w->bus[0], &options));
    CHECK_EQ(rig_open(d), BASE_OK);
    check(d, DESCRIPTOR, STRING_1, 9000, USB_STATUS_OK, OLD_MAX);
    check_events(w, 1, 9000, OLD_MAX);
    rig_close(d);
}

// All of the pool is with others, which may keep it for ever.
WORLD_TEST(device_control_does_not_wait_for_the_pool, world_begin(w))
{
    struct device_usb_host *h = w->chip.host;
    struct rig_device *d = plug(w);
    usb_transfer_t *lent[DEVICE_POOL_COUNT];
    unsigned transfers = usb_host_double_counts().transfers;
    for (unsigned i = 0; i < DEVICE_POOL_COUNT; i++)
        lent[i] = device_pool_get(h, 0);
    check(d, DEVICE_IN, 0, 4096, USB_STATUS_OK, 4096);
    check(d, DEVICE_OUT, 0, 4096, USB_STATUS_OK, 4096);
    CHECK_EQ(usb_host_double_counts().transfers, transfers);
    for (unsigned i = 0; i < DEVICE_POOL_COUNT; i++)
        device_pool_put(h, lent[i]);
    rig_close(d);
}
