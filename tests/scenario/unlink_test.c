// SPDX-License-Identifier: Apache-2.0
// An UNLINK that overtakes its SUBMIT. Linux's vhci_hcd does it (seen with usbtest case 24): it
// flushes the URBs to submit, then those to unlink; an URB queued and killed in between is unlinked
// first.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"

enum { SECOND = 1000000 };

static void begin(struct stage *st)
{
    stage_open_d1(st, NULL);
    (void)stage_attach(st, "1-1");
}

STAGE_TEST(unlink_before_its_submit_takes_it_back, begin(st))
{
    struct stage_client *c = st->clients;
    stage_in(c, 24, 1, 512);
    stage_unlink(c, 33, 29);
    stage_unlink(c, 34, 31);
    stage_expect_silence(c);
    for (uint32_t n = 25; n <= 32; n++)
        stage_in(c, n, 1, 512);
    stage_expect_unlinked(c, 33, USB_STATUS_CANCELLED);
    stage_expect_unlinked(c, 34, USB_STATUS_CANCELLED);
    for (uint32_t n = 24; n <= 32; n++) {
        if (n == 29 || n == 31)
            continue; // never a RET_SUBMIT for them: the client would drop the device
        CHECK_EQ(sim_faulty_give(sim_find(st->bus, "1-1"), 0x81, &n, 4), BASE_OK);
        stage_settle(st);
        CHECK_BYTES(stage_expect_ret(c, n, true, 0, 4), &n, 4);
    }
    stage_check_alive(c);
}

STAGE_TEST(unlink_before_its_submit_waits_only_so_long, begin(st))
{
    struct stage_client *c = st->clients;
    stage_in(c, 24, 1, 512);
    stage_unlink(c, 33, 29);
    stage_advance(st, SECOND - 1);
    stage_expect_silence(c);
    stage_advance(st, 1);
    stage_expect_unlinked(c, 33, 0);
    stage_check_alive(c);
}

STAGE_TEST(unlink_before_its_submit_swallows_an_out_payload, begin(st))
{
    static const char data[4096];
    struct stage_client *c = st->clients;
    stage_unlink(c, 6, 5);
    stage_out(c, 5, 2, data, 4096);
    stage_expect_unlinked(c, 6, USB_STATUS_CANCELLED);
    CHECK_EQ(sim_faulty_received(sim_find(st->bus, "1-1"), 2).bytes, 0);
    stage_check_alive(c);
}

STAGE_TEST(unlink_before_a_refused_submit_comes_second, begin(st))
{
    struct stage_client *c = st->clients;
    stage_unlink(c, 6, 5);
    stage_in(c, 5, 1, 0x7fffffff);
    stage_expect_ret(c, 5, true, USB_STATUS_NO_MEMORY, 0);
    stage_advance(st, SECOND);
    stage_expect_unlinked(c, 6, 0);
}

STAGE_TEST(unlink_of_an_old_or_future_seqnum_is_answered_at_once, begin(st))
{
    struct stage_client *c = st->clients;
    stage_in(c, 24, 1, 512);
    stage_unlink(c, 25, 7);
    stage_expect_unlinked(c, 25, 0);
    stage_unlink(c, 26, 26);
    stage_expect_unlinked(c, 26, 0);
    stage_unlink(c, 27, 1000);
    stage_expect_unlinked(c, 27, 0);
}

STAGE_TEST(unlink_early_is_forgotten_with_the_session, begin(st))
{
    struct stage_client *c = st->clients;
    stage_unlink(c, 6, 5);
    stage_fin(c);
    stage_check_importable(st, "1-1");
}
