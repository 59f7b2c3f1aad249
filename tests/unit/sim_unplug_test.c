// SPDX-License-Identifier: Apache-2.0
// Pulling devices at any moment, and putting them back.
#include "tests/unit/sim_host.h"

enum { IN = 0x81, OUT = 0x02 };

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

static void check_event(const struct host *h, unsigned i, enum backend_event_type type,
                        const char *busid)
{
    CHECK(i < h->event_count);
    CHECK_EQ(h->events[i].type, type);
    CHECK_STR(h->events[i].busid, busid);
}

// --- pulling -------------------------------------------------------------------------------------

TEST(sim_unplug_gives_all_urbs_back_first)
{
    struct stand s;
    struct host_urb in[2], iso, control;
    stand_begin(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    static const struct sim_faulty_answer waits = {.result = SIM_NAK};
    sim_faulty_answer(s.d, 0x40, 0x77, &waits);
    host_control_urb(&s.h, &control, s.dev, "4077000000000000", NULL);
    host_submit(&s.h, &control);
    CHECK_EQ(sim_faulty_give(s.d, IN, host_pattern(), 512), BASE_OK);
    for (unsigned i = 0; i < 2; i++) {
        host_urb(&s.h, &in[i], s.dev, IN, USB_BULK, 1024, NULL);
        host_submit(&s.h, &in[i]);
    }
    host_urb(&s.h, &iso, s.dev, 0x84, USB_ISOCHRONOUS, 384, NULL);
    iso.u.packet_count = 2;
    iso.packets[0].length = iso.packets[1].length = iso.packets[1].offset = 192;
    host_submit(&s.h, &iso);
    host_advance(&s.h, 1125);
    const struct usb_control_op op = {.type = USB_CLEAR_HALT, .value = IN};
    s.h.backend->control(s.h.backend, s.dev->handle, &op);
    host_settle(&s.h);
    host_forget(&s.h);
    CHECK_EQ(sim_unplug(s.h.bus, "1-1"), BASE_OK);
    CHECK(!s.d->port);
    host_settle(&s.h);
    CHECK_EQ(s.h.event_count, 5);
    check_event(&s.h, 4, BACKEND_UNPLUGGED, "1-1");
    CHECK_EQ(in[0].u.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(in[0].u.actual_length, 512);
    CHECK_EQ(in[1].u.status, USB_STATUS_NO_DEVICE);
    CHECK(in[1].order == in[0].order + 1);
    CHECK_EQ(control.u.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(iso.u.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(iso.u.actual_length, 192);
    CHECK_EQ(iso.packets[1].status, USB_STATUS_XDEV);
    CHECK_EQ(s.dev->controls, 1); // only the first: the second needs no answer any more
    CHECK(host_deadline(&s.h) == UINT64_MAX);
    host_free(&s.h, &in[0]);
    host_free(&s.h, &in[1]);
    host_free(&s.h, &iso);
    host_free(&s.h, &control);
    CHECK_EQ(sim_unplug(s.h.bus, "1-1"), BASE_ERR_NOT_FOUND);
    CHECK_EQ(sim_unplug(s.h.bus, "1-9"), BASE_ERR_NOT_FOUND);
    stand_end(&s);
}

TEST(sim_unplug_results_from_before_the_unplug_stay)
{
    struct stand s;
    struct host_urb t;
    struct backend_event ev;
    stand_begin(&s);
    CHECK_EQ(sim_faulty_give(s.d, IN, "x", 1), BASE_OK);
    CHECK_EQ(sim_faulty_give(s.d, 0x83, "y", 1), BASE_OK);
    struct host_urb other;
    host_urb(&s.h, &t, s.dev, IN, USB_BULK, 512, NULL);
    host_urb(&s.h, &other, s.dev, 0x83, USB_INTERRUPT, 8, NULL);
    s.h.backend->submit(s.h.backend, &other.u);
    s.h.backend->submit(s.h.backend, &t.u);
    CHECK(s.h.backend->take_event(s.h.backend, s.h.now_us, &ev));
    CHECK(ev.urb == &other.u);
    CHECK_EQ(other.u.status, USB_STATUS_OK);
    CHECK_EQ(sim_unplug(s.h.bus, "1-1"), BASE_OK); // in between two events
    other.done = true;
    host_settle(&s.h);
    CHECK_EQ(t.u.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(s.dev->unplugged, 1);
    host_free(&s.h, &t);
    host_free(&s.h, &other);
    stand_end(&s);
}

TEST(sim_unplug_what_is_asked_of_a_device_that_has_left)
{
    const struct usb_control_op op = {.type = USB_CLEAR_HALT, .value = IN};
    struct stand s;
    struct host_urb t, iso;
    stand_begin(&s);
    host_forget(&s.h);
    CHECK_EQ(sim_unplug(s.h.bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(s.h.bus, "1-1"), BASE_OK); // the core does not know yet
    host_urb(&s.h, &t, s.dev, OUT, USB_BULK, 512, host_pattern());
    host_urb(&s.h, &iso, s.dev, 0x84, USB_ISOCHRONOUS, 192, NULL);
    iso.u.packet_count = 1;
    iso.packets[0] = (struct usb_iso_packet){.length = 192, .status = 7};
    s.h.backend->submit(s.h.backend, &t.u);
    s.h.backend->submit(s.h.backend, &iso.u);
    s.h.backend->cancel(s.h.backend, &t.u);
    s.h.backend->control(s.h.backend, s.dev->handle, &op);
    s.h.backend->close(s.h.backend, s.dev->handle);
    s.h.backend->open(s.h.backend, s.dev->handle);
    host_settle(&s.h);
    CHECK_EQ(t.u.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(iso.u.status, USB_STATUS_NO_DEVICE);
    CHECK_EQ(iso.packets[0].status, USB_STATUS_XDEV);
    CHECK_EQ(s.h.event_count, 4);
    check_event(&s.h, 2, BACKEND_UNPLUGGED, "1-1");
    check_event(&s.h, 3, BACKEND_PLUGGED, "1-1");
    CHECK_EQ(sim_faulty_received(s.d, OUT).packets, 0);
    host_open(&s.h, "1-1");
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 5), USB_STATUS_OK);
    host_free(&s.h, &t);
    host_free(&s.h, &iso);
    stand_end(&s);
}

TEST(sim_unplug_while_something_is_pending)
{
    struct host h;
    host_begin(&h);
    plug(&h, "1-1");
    host_settle(&h);
    struct host_device *dev = host_device(&h, "1-1");
    sim_delay_open(h.bus, "1-1", 1000, BASE_OK);
    h.backend->open(h.backend, dev->handle);
    host_settle(&h);
    CHECK_EQ(sim_unplug(h.bus, "1-1"), BASE_OK); // opening
    host_advance(&h, 5000);
    CHECK_EQ(dev->opened, 0);
    CHECK_EQ(dev->unplugged, 1);
    CHECK_EQ(sim_replug(h.bus, "1-1"), BASE_OK);
    sim_delay_open(h.bus, "1-1", 0, BASE_OK);
    sim_delay_close(h.bus, "1-1", 1000);
    host_settle(&h);
    host_open(&h, "1-1");
    h.backend->close(h.backend, dev->handle);
    host_settle(&h);
    CHECK_EQ(sim_unplug(h.bus, "1-1"), BASE_OK); // closing
    host_advance(&h, 5000);
    CHECK_EQ(dev->closed, 0);
    CHECK_EQ(dev->unplugged, 2);
    host_end(&h);
}

TEST(sim_unplug_between_a_pipe_change_and_its_answer)
{
    const struct usb_control_op op = {.type = USB_RESET_DEVICE};
    struct stand s;
    stand_begin(&s);
    s.h.backend->control(s.h.backend, s.dev->handle, &op);
    CHECK_EQ(sim_unplug(s.h.bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(s.h.bus, "1-1"), BASE_OK);
    host_settle(&s.h);
    CHECK(s.dev->present);
    CHECK_EQ(s.dev->controls, 0);
    stand_end(&s);
}

TEST(sim_unplug_too_short_a_visit_is_not_reported)
{
    struct host h;
    host_begin(&h);
    plug(&h, "1-1");
    CHECK_EQ(sim_unplug(h.bus, "1-1"), BASE_OK);
    host_settle(&h);
    CHECK_EQ(h.event_count, 0);
    CHECK_EQ(sim_replug(h.bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(h.bus, "1-1"), BASE_ERR_BUSY);
    CHECK_EQ(sim_replug(h.bus, "1-3"), BASE_ERR_NOT_FOUND);
    host_settle(&h);
    CHECK_EQ(h.event_count, 1);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(sim_unplug(h.bus, "1-1"), BASE_OK);
        CHECK_EQ(sim_replug(h.bus, "1-1"), BASE_OK);
    }
    host_settle(&h);
    CHECK_EQ(h.event_count, 3); // away and back, once
    host_end(&h);
}

TEST(sim_unplug_replug_keeps_busid_and_content_and_cleans_the_rest)
{
    struct stand s;
    stand_begin(&s);
    uint8_t devnum = s.dev->info.devnum;
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 5), USB_STATUS_OK); // DATA1 now
    CHECK_EQ(host_request(&s.h, s.dev, "0203000081000000", NULL), 0);       // halted
    CHECK_EQ(sim_unplug(s.h.bus, "1-1"), BASE_OK);
    host_settle(&s.h);
    CHECK_EQ(sim_replug(s.h.bus, "1-1"), BASE_OK);
    host_settle(&s.h);
    CHECK(s.dev->present);
    CHECK(s.dev->info.devnum != devnum);
    CHECK(sim_find(s.h.bus, "1-1") == s.d);
    CHECK_EQ(s.d->alternate[1], 0);
    CHECK_EQ(s.d->halted, 0);
    host_open(&s.h, "1-1");
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 6), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(s.d, OUT).bytes, 11);
    stand_end(&s);
}

TEST(sim_unplug_another_device_in_the_same_port)
{
    struct sim_faulty_options o = sim_faulty_d1;
    struct stand s;
    stand_begin(&s);
    unsigned blocks = s.h.blocks;
    CHECK_EQ(sim_unplug(s.h.bus, "1-1"), BASE_OK);
    o.product = 0xb007; // came back as its boot loader
    CHECK_EQ(sim_plug(s.h.bus, "1-1", sim_faulty_create(s.h.bus, &o)), BASE_OK);
    CHECK_EQ(s.h.blocks, blocks); // the first one is gone for good
    host_settle(&s.h);
    CHECK_EQ(s.dev->unplugged, 1);
    CHECK_EQ(base_get_le16(s.dev->info.device_descriptor.data + 10), 0xb007);
    stand_end(&s);
}

TEST(sim_unplug_a_device_that_vanishes)
{
    struct host h;
    struct host_urb t[2];
    host_begin(&h);
    struct host_device *dev =
        host_start(&h, "1-1", sim_faulty_create_mode(h.bus, SIM_FAULTY_VANISH));
    for (unsigned i = 0; i < 2; i++) {
        host_urb(&h, &t[i], dev, i ? OUT : IN, USB_BULK, 512, NULL);
        h.backend->submit(h.backend, &t[i].u);
    }
    host_settle(&h);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(t[i].u.status, USB_STATUS_NO_DEVICE);
        host_free(&h, &t[i]);
    }
    CHECK_EQ(dev->unplugged, 1);
    sim_vanish(sim_find(h.bus, "1-1")); // is not there
    CHECK_EQ(sim_replug(h.bus, "1-1"), BASE_OK);
    host_settle(&h);
    CHECK(dev->present);
    host_end(&h);
}
