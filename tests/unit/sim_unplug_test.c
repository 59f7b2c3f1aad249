// SPDX-License-Identifier: Apache-2.0
// Pulling devices at any moment, and putting them back.
#include "tests/support/rig.h"

enum { IN = 0x81, OUT = 0x02 };

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

// --- pulling -------------------------------------------------------------------------------------

RIG_TEST(sim_unplug_gives_all_urbs_back_first, rig_begin_d1(r))
{
    struct rig_urb in[2], iso, control;
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    static const struct sim_faulty_answer waits = {.result = SIM_NAK};
    sim_faulty_answer(r->sim, 0x40, 0x77, &waits);
    rig_control_urb(&control, r->dev, "4077000000000000", NULL);
    rig_submit(&control);
    rig_give(r, IN, rig_pattern(), 512);
    for (unsigned i = 0; i < 2; i++) {
        rig_urb(&in[i], r->dev, IN, NULL, 1024);
        rig_submit(&in[i]);
    }
    rig_urb(&iso, r->dev, 0x84, NULL, 384);
    iso.urb.packet_count = 2;
    iso.packets[0].length = iso.packets[1].length = iso.packets[1].offset = 192;
    rig_submit(&iso);
    rig_advance(r, 1125);
    const struct usb_control_op op = {.type = USB_CLEAR_HALT, .value = IN};
    rig_queue_change(r->dev, &op);
    rig_settle(r);
    rig_forget(r);
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
    CHECK(!r->sim->port);
    rig_settle(r);
    CHECK_EQ(r->event_count, 5);
    rig_check_event(r, 4, BACKEND_UNPLUGGED, "1-1");
    CHECK_EQ(in[0].urb.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(in[0].urb.actual_length, 512);
    CHECK_EQ(in[1].urb.status, USB_STATUS_NO_DEVICE);
    CHECK(in[1].order == in[0].order + 1);
    CHECK_EQ(control.urb.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(iso.urb.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(iso.urb.actual_length, 192);
    CHECK_EQ(iso.packets[1].status, USB_STATUS_XDEV);
    CHECK_EQ(r->dev->controls, 1); // only the first: the second needs no answer any more
    CHECK(rig_deadline(r) == UINT64_MAX);
    rig_release(&in[0]);
    rig_release(&in[1]);
    rig_release(&iso);
    rig_release(&control);
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_ERR_NOT_FOUND);
    CHECK_EQ(sim_unplug(r->bus, "1-9"), BASE_ERR_NOT_FOUND);
}

RIG_TEST(sim_unplug_results_from_before_the_unplug_stay, rig_begin_d1(r))
{
    struct rig_urb t;
    struct backend_event ev;
    rig_give(r, IN, "x", 1);
    rig_give(r, 0x83, "y", 1);
    struct rig_urb other;
    rig_urb(&t, r->dev, IN, NULL, 512);
    rig_urb(&other, r->dev, 0x83, NULL, 8);
    rig_queue_submit(&other);
    rig_queue_submit(&t);
    CHECK(rig_take(r, &ev));
    CHECK(ev.urb == &other.urb);
    CHECK_EQ(other.urb.status, USB_STATUS_OK);
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK); // in between two events
    rig_settle(r);
    CHECK_EQ(t.urb.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(r->dev->unplugged, 1);
    rig_release(&t);
    rig_release(&other);
}

RIG_TEST(sim_unplug_what_is_asked_of_a_device_that_has_left, rig_begin_d1(r))
{
    const struct usb_control_op op = {.type = USB_CLEAR_HALT, .value = IN};
    struct rig_urb t, iso;
    rig_forget(r);
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK); // the core does not know yet
    rig_urb(&t, r->dev, OUT, rig_pattern(), 512);
    rig_urb(&iso, r->dev, 0x84, NULL, 192);
    iso.urb.packet_count = 1;
    iso.packets[0] = (struct usb_iso_packet){.length = 192, .status = 7};
    rig_queue_submit(&t);
    rig_queue_submit(&iso);
    rig_queue_cancel(&t);
    rig_queue_change(r->dev, &op);
    rig_queue_close(r->dev);
    rig_queue_open(r->dev);
    rig_settle(r);
    CHECK_EQ(t.urb.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(iso.urb.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(iso.packets[0].status, USB_STATUS_XDEV);
    CHECK_EQ(r->event_count, 4);
    rig_check_event(r, 2, BACKEND_UNPLUGGED, "1-1");
    rig_check_event(r, 3, BACKEND_PLUGGED, "1-1");
    CHECK_EQ(sim_faulty_received(r->sim, OUT).packets, 0);
    CHECK_EQ(rig_open(rig_find(r, "1-1")), BASE_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_OK);
    rig_release(&t);
    rig_release(&iso);
}

RIG_TEST(sim_unplug_while_something_is_pending, rig_begin(r))
{
    plug(r, "1-1");
    rig_settle(r);
    struct rig_device *dev = rig_find(r, "1-1");
    sim_delay_open(r->bus, "1-1", 1000, BASE_OK);
    rig_queue_open(dev);
    rig_settle(r);
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK); // opening
    rig_advance(r, 5000);
    CHECK_EQ(dev->opened, 0);
    CHECK_EQ(dev->unplugged, 1);
    CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK);
    sim_delay_open(r->bus, "1-1", 0, BASE_OK);
    sim_delay_close(r->bus, "1-1", 1000);
    rig_settle(r);
    CHECK_EQ(rig_open(rig_find(r, "1-1")), BASE_OK);
    rig_queue_close(dev);
    rig_settle(r);
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK); // closing
    rig_advance(r, 5000);
    CHECK_EQ(dev->closed, 0);
    CHECK_EQ(dev->unplugged, 2);
}

RIG_TEST(sim_unplug_between_a_pipe_change_and_its_answer, rig_begin_d1(r))
{
    const struct usb_control_op op = {.type = USB_RESET_DEVICE};
    rig_queue_change(r->dev, &op);
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK);
    rig_settle(r);
    CHECK(r->dev->present);
    CHECK_EQ(r->dev->controls, 0);
}

RIG_TEST(sim_unplug_too_short_a_visit_is_not_reported, rig_begin(r))
{
    plug(r, "1-1");
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
    rig_settle(r);
    CHECK_EQ(r->event_count, 0);
    CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_ERR_BUSY);
    CHECK_EQ(sim_replug(r->bus, "1-3"), BASE_ERR_NOT_FOUND);
    rig_settle(r);
    CHECK_EQ(r->event_count, 1);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
        CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK);
    }
    rig_settle(r);
    CHECK_EQ(r->event_count, 3); // away and back, once
}

RIG_TEST(sim_unplug_replug_keeps_busid_and_content_and_cleans_the_rest, rig_begin_d1(r))
{
    uint8_t devnum = r->dev->info.devnum;
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_OK); // DATA1 now
    CHECK_EQ(rig_ask(r->dev, "0203000081000000", NULL), 0);          // halted
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
    rig_settle(r);
    CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK);
    rig_settle(r);
    CHECK(r->dev->present);
    CHECK(r->dev->info.devnum != devnum);
    CHECK(sim_find(r->bus, "1-1") == r->sim);
    CHECK_EQ(r->sim->alternate[1], 0);
    CHECK_EQ(r->sim->halted, 0);
    CHECK_EQ(rig_open(rig_find(r, "1-1")), BASE_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 6), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(r->sim, OUT).bytes, 11);
}

RIG_TEST(sim_unplug_another_device_in_the_same_port, rig_begin_d1(r))
{
    struct sim_faulty_options o = sim_faulty_d1;
    uint64_t blocks = r->heap.blocks;
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
    o.product = 0xb007; // came back as its boot loader
    CHECK_EQ(sim_plug(r->bus, "1-1", sim_faulty_create(r->bus, &o)), BASE_OK);
    CHECK_EQ(r->heap.blocks, blocks); // the first one is gone for good
    rig_settle(r);
    CHECK_EQ(r->dev->unplugged, 1);
    CHECK_EQ(base_get_le16(r->dev->info.device_descriptor.data + 10), 0xb007);
}

RIG_TEST(sim_unplug_a_device_that_vanishes, rig_begin(r))
{
    struct rig_urb t[2];
    struct rig_device *dev = rig_start(r, sim_faulty_create_mode(r->bus, SIM_FAULTY_VANISH), 0);
    for (unsigned i = 0; i < 2; i++) {
        rig_urb(&t[i], dev, i ? OUT : IN, NULL, 512);
        rig_queue_submit(&t[i]);
    }
    rig_settle(r);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(t[i].urb.status, USB_STATUS_NO_DEVICE);
        rig_release(&t[i]);
    }
    CHECK_EQ(dev->unplugged, 1);
    sim_vanish(sim_find(r->bus, "1-1")); // is not there
    CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK);
    rig_settle(r);
    CHECK(dev->present);
}
