// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.4, items 74, 78, 82, 84 and 86 with a host controller that takes its time to
// give an URB back: the client's UNLINK is answered in time all the same, and what comes later is
// swallowed.
#include "tests/conformance/fixture.h"

#include <string.h>

enum {
    BULK_IN = 1,
    INTERRUPT_IN = 3,
    PACKET = 512,
    KEPT = 16,
    IN_TIME_US = 200000, // the list's
    CANCELLED = USB_STATUS_CANCELLED,
};

// --- the backend ---------------------------------------------------------------------------------

// Cancels that were asked for and wait for give_back(). One test runs at a time.
static struct usb_urb *kept[KEPT];
static unsigned kept_count;
static void (*cancel_now)(struct usbip_backend *b, struct usb_urb *urb);

static void keep(struct usbip_backend *b, struct usb_urb *urb)
{
    (void)b;
    CHECK(kept_count < KEPT);
    kept[kept_count++] = urb;
}

static void be_slow(struct fixture *f)
{
    struct usbip_backend *b = stage_backend(&f->st);
    kept_count = 0;
    cancel_now = b->cancel;
    b->cancel = keep;
}

// The cancels take effect. Their URBs must not have come back by themselves.
static void give_back(struct fixture *f, unsigned want)
{
    CHECK_EQ(kept_count, want);
    while (kept_count > 0)
        cancel_now(stage_backend(&f->st), kept[--kept_count]);
    stage_settle(&f->st);
}

// --- requests ------------------------------------------------------------------------------------

static uint64_t patience(const struct fixture *f)
{
    uint64_t us = server_config(f->st.server)->session.unlink_us;
    CHECK(us > 0 && us <= IN_TIME_US);
    return us;
}

static void give(struct fixture *f, uint8_t ep, const char *text)
{
    fixture_give(f, ep, text, (uint32_t)strlen(text));
}

static void expect_text(struct stage_client *c, uint32_t seqnum, const char *text)
{
    int32_t size = (int32_t)strlen(text);
    CHECK_BYTES(stage_expect_ret(c, seqnum, true, USB_STATUS_OK, size), text, (size_t)size);
    stage_expect_silence(c);
}

// SUB-INTIN8 and UNLINK-15 are sent; the backend has been asked for the URB.
static struct stage_client *attach_and_unlink(struct fixture *f)
{
    struct stage_client *c = fixture_attach(f);
    be_slow(f);
    fixture_send(c, "SUB-INTIN8");
    fixture_send(c, "UNLINK-15");
    stage_expect_silence(c);
    CHECK_EQ(kept_count, 1);
    return c;
}

static void wait_for_answer(struct fixture *f, struct stage_client *c)
{
    stage_advance(&f->st, patience(f) - 1);
    stage_expect_silence(c);
    stage_advance(&f->st, 1);
    fixture_expect(c, "RET-UNLINK-16-RST");
    stage_expect_silence(c);
}

// --- one victim ----------------------------------------------------------------------------------

FIXTURE_TEST(conformance_074_comes_back_in_time)
{
    struct stage_client *c = attach_and_unlink(f);
    stage_advance(&f->st, patience(f) / 2);
    give_back(f, 1);
    fixture_expect(c, "RET-UNLINK-16-RST");
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_expect_silence(c);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_074_comes_back_late)
{
    struct stage_client *c = attach_and_unlink(f);
    wait_for_answer(f, c);
    stage_check_alive(c);
    give_back(f, 1);
    stage_expect_silence(c);
    stage_in(c, 100, INTERRUPT_IN, 8);
    give(f, 0x83, "report");
    expect_text(c, 100, "report");
    stage_check_alive(c);
}

// What it took before it could be stopped is lost by protocol, but never given to another one.
FIXTURE_TEST(conformance_074_completes_late)
{
    struct stage_client *c = attach_and_unlink(f);
    wait_for_answer(f, c);
    give(f, 0x83, "late");
    stage_expect_silence(c);
    stage_in(c, 100, INTERRUPT_IN, 8);
    give(f, 0x83, "next");
    expect_text(c, 100, "next");
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_074_completes_meanwhile)
{
    struct stage_client *c = attach_and_unlink(f);
    give(f, 0x83, "report");
    CHECK_BYTES(stage_expect_ret(c, 15, true, USB_STATUS_OK, 6), "report", 6);
    fixture_expect(c, "RET-UNLINK-16-0");
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_expect_silence(c);
    stage_check_alive(c);
}

// The client takes the seqnum for free.
FIXTURE_TEST(conformance_074_seqnum_again_before_it_is_back)
{
    struct stage_client *c = attach_and_unlink(f);
    wait_for_answer(f, c);
    fixture_send(c, "SUB-INTIN8");
    give(f, 0x83, "old");
    stage_expect_silence(c);
    give(f, 0x83, "new");
    expect_text(c, 15, "new");
    fixture_exchange(c, "UNLINK-15", "RET-UNLINK-16-0");
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_078_unlink_twice_while_it_waits)
{
    struct stage_client *c = attach_and_unlink(f);
    stage_unlink(c, 116, 15);
    stage_advance(&f->st, patience(f) - 1);
    stage_expect_silence(c);
    stage_advance(&f->st, 1);
    fixture_expect(c, "RET-UNLINK-16-RST");
    stage_expect_unlinked(c, 116, USB_STATUS_OK);
    stage_unlink(c, 117, 15);
    stage_expect_unlinked(c, 117, USB_STATUS_OK);
    give_back(f, 1);
    stage_expect_silence(c);
    stage_check_alive(c);
}

// --- neighbours, control, the end ----------------------------------------------------------------

FIXTURE_TEST(conformance_082_neighbours_of_a_late_one)
{
    static const char *const texts[] = {"first", "second", "third", "fourth"};
    struct stage_client *c = fixture_attach(f);
    be_slow(f);
    for (uint32_t i = 0; i < 4; i++)
        stage_in(c, 1 + i, BULK_IN, PACKET);
    stage_unlink(c, 100, 2);
    stage_advance(&f->st, patience(f));
    stage_expect_unlinked(c, 100, CANCELLED);
    for (uint32_t i = 0; i < 4; i++) {
        give(f, 0x81, texts[i]);
        if (i != 1) // taken by the one that nobody wants any more
            expect_text(c, 1 + i, texts[i]);
        stage_expect_silence(c);
    }
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_084_late_control)
{
    const struct sim_faulty_answer never = {.result = SIM_NAK};
    sim_faulty_answer(f->d1, 0x40, 0x55, &never);
    struct stage_client *c = fixture_attach(f);
    be_slow(f);
    stage_control(c, 100, "\x40\x55\x00\x00\x00\x00\x00\x00");
    stage_unlink(c, 101, 100);
    stage_advance(&f->st, patience(f));
    stage_expect_unlinked(c, 101, CANCELLED);
    fixture_send(c, "SUB-DEVDESC64"); // endpoint 0 is not free yet
    stage_expect_silence(c);
    give_back(f, 1);
    fixture_expect(c, "RET-DEVDESC64");
    stage_check_alive(c);
}

// The device is given up only when the backend has let go of the URB; an import waits for that.
FIXTURE_TEST(conformance_086_close_before_it_is_back)
{
    struct stage_client *c = attach_and_unlink(f);
    wait_for_answer(f, c);
    stage_in(c, 100, BULK_IN, PACKET);
    stage_fin(c);
    CHECK(stage_closed(c));
    c = fixture_connect(f);
    fixture_send(c, "OP-IMPORT");
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_expect_silence(c);
    give_back(f, 2); // the late one, and the one that was pending at the end
    CHECK_EQ(c->in_size, FIXTURE_IMPORT_REPLY_SIZE);
    stage_take(c, c->in_size);
    c->devid = FIXTURE_DEVID;
    fixture_check_bulk_in(f->d1, c);
    stage_check_alive(c);
}
