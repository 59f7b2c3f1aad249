// SPDX-License-Identifier: Apache-2.0
// A client switches the configuration of a device that has two: from then on the other endpoints
// work, and only they.
#include "sim/device/sim_multi.h"
#include "tests/support/stage.h"

enum { LOOP_OUT = 2, LOOP_IN = 1, SECOND_OUT = 3, SECOND_IN = 3, MOUSE_IN = 1, SECOND = 1000000 };

static void begin(struct stage *st)
{
    CHECK(stage_open(st, NULL));
    stage_plug(st, "1-5", sim_multi_create(st->bus));
    (void)stage_attach(st, "1-5");
}

static uint32_t next_seqnum(void)
{
    static uint32_t seqnum = 1000;
    return ++seqnum;
}

static void set_configuration(struct stage_client *c, char value, int32_t status)
{
    const char setup[8] = {0, 9, value, 0, 0, 0, 0, 0};
    uint32_t n = next_seqnum();
    stage_control(c, n, setup);
    stage_expect_ret(c, n, false, status, 0);
}

static uint32_t submit_out(struct stage_client *c, uint32_t ep)
{
    uint32_t n = next_seqnum();
    stage_out(c, n, ep, "hello", 5);
    return n;
}

static uint32_t submit_in(struct stage_client *c, uint32_t ep, int32_t length)
{
    uint32_t n = next_seqnum();
    stage_in(c, n, ep, length);
    return n;
}

static void check_echo(struct stage_client *c, uint32_t out, uint32_t in)
{
    uint32_t n = submit_out(c, out);
    stage_expect_ret(c, n, false, USB_STATUS_OK, 5);
    n = submit_in(c, in, 512);
    CHECK_BYTES(stage_expect_ret(c, n, true, USB_STATUS_OK, 5), "hello", 5);
}

static void check_missing(struct stage_client *c, uint32_t out, uint32_t in)
{
    if (out)
        stage_expect_ret(c, submit_out(c, out), false, USB_STATUS_STALL, 0);
    if (in)
        stage_expect_ret(c, submit_in(c, in, 512), true, USB_STATUS_STALL, 0);
}

static void check_mouse(struct stage_client *c)
{
    uint32_t n = submit_in(c, MOUSE_IN, 8);
    stage_expect_silence(c);
    stage_advance(c->stage, SECOND);
    stage_expect_ret(c, n, true, USB_STATUS_OK, 3);
}

STAGE_TEST(configuration_switch_gives_the_other_endpoints, begin(st))
{
    struct stage_client *c = st->clients;
    for (unsigned i = 0; i < 3; i++) {
        check_echo(c, LOOP_OUT, LOOP_IN); // plugged in, it is in configuration 1
        check_missing(c, SECOND_OUT, SECOND_IN);
        set_configuration(c, 2, USB_STATUS_OK);
        check_echo(c, SECOND_OUT, SECOND_IN);
        check_missing(c, LOOP_OUT, 0);
        check_mouse(c); // the address of the loopback, and an interrupt endpoint now
        set_configuration(c, 1, USB_STATUS_OK);
    }
}

STAGE_TEST(configuration_zero_leaves_endpoint_zero, begin(st))
{
    struct stage_client *c = st->clients;
    set_configuration(c, 0, USB_STATUS_OK);
    check_missing(c, LOOP_OUT, LOOP_IN);
    check_missing(c, SECOND_OUT, SECOND_IN);
    stage_check_alive(c);
    set_configuration(c, 2, USB_STATUS_OK);
    check_echo(c, SECOND_OUT, SECOND_IN);
}

STAGE_TEST(configuration_that_is_not_there_changes_nothing, begin(st))
{
    struct stage_client *c = st->clients;
    set_configuration(c, 3, USB_STATUS_STALL);
    check_echo(c, LOOP_OUT, LOOP_IN);
    check_missing(c, SECOND_OUT, SECOND_IN);
}

// The next client finds the device as it was after plug-in.
STAGE_TEST(configuration_is_the_first_again_for_the_next_client, begin(st))
{
    struct stage_client *c = st->clients;
    set_configuration(c, 2, USB_STATUS_OK);
    stage_fin(c);
    CHECK(stage_closed(c));
    c = stage_attach(st, "1-5");
    check_echo(c, LOOP_OUT, LOOP_IN);
    check_missing(c, SECOND_OUT, SECOND_IN);
}
