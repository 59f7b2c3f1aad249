// SPDX-License-Identifier: Apache-2.0
// What crashes, hangs or corrupts the library fails a test: docs/esp-usb-host.md 3.9 and others.
#include "tests/firmware/usb_host_rig.h"

#include <string.h>

static usb_transfer_t *interface_1(struct host_rig *r, usb_device_handle_t d, int packets)
{
    CHECK_EQ(usb_host_interface_claim(r->client, d, 1, 1), ESP_OK);
    return host_iso_in(d, packets);
}

#define MUST_FAIL(id, words)                                                                       \
    static void id(struct host_rig *r);                                                            \
    TEST(double_fails_##id)                                                                        \
    {                                                                                              \
        host_must_fail(id, words);                                                                 \
    }                                                                                              \
    static void id(struct host_rig *r)

MUST_FAIL(interrupt_of_no_bytes, "no bytes corrupts memory")
{
    (void)usb_host_transfer_submit(host_transfer(host_d1(r), 0x83, 0));
}

MUST_FAIL(interrupt_of_33_packets, "33 packets")
{
    (void)usb_host_transfer_submit(host_transfer(host_d1(r), 0x83, 33 * 8));
}

MUST_FAIL(iso_over_64_frames, "over 64 frames")
{
    (void)usb_host_transfer_submit(interface_1(r, host_d1(r), 8)); // interval 8
}

MUST_FAIL(too_long_a_transfer, "more than the hardware counts")
{
    (void)usb_host_transfer_submit(host_transfer(host_d1(r), 0x02, 127 * 512 + 1));
}

MUST_FAIL(too_long_a_control_transfer, "more than the hardware counts")
{
    (void)usb_host_transfer_submit_control(
        r->client, host_control(host_d1(r), "\xc0\x01\0\0\0\0\0\x20", 8192));
}

MUST_FAIL(zero_pack_without_bytes, "two zero-length packets")
{
    usb_transfer_t *t = host_transfer(host_d1(r), 0x02, 0);
    t->flags = USB_TRANSFER_FLAG_ZERO_PACK;
    (void)usb_host_transfer_submit(t);
}

MUST_FAIL(control_in_not_rounded, "no multiple of the packet size")
{
    (void)usb_host_transfer_submit_control(
        r->client, host_control(host_d1(r), "\x80\x06\0\x01\0\0\x12\0", 18));
}

MUST_FAIL(set_address, "SET_ADDRESS")
{
    (void)usb_host_transfer_submit_control(r->client,
                                           host_control(host_d1(r), "\0\x05\x07\0\0\0\0\0", 0));
}

MUST_FAIL(change_in_flight, "changed after it was submitted")
{
    usb_transfer_t *t = host_transfer(host_d1(r), 0x81, 1024);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    t->num_bytes = 512;
    CHECK_EQ(sim_faulty_give(host_sim(r), 0x81, "a", 1), BASE_OK);
    host_settle(r);
}

static void close_it(usb_transfer_t *t)
{
    (void)usb_host_device_close(host_rig.client, t->device_handle);
}

MUST_FAIL(in_with_a_dirty_line, "dirty line of the cache")
{
    usb_transfer_t *t;
    CHECK_EQ(usb_host_transfer_alloc(512, 0, &t), ESP_OK);
    t->device_handle = host_d1(r);
    t->bEndpointAddress = 0x81;
    t->num_bytes = 512;
    t->callback = close_it;
    (void)usb_host_transfer_submit(t);
}

MUST_FAIL(in_of_no_bytes, "no room for the packet")
{
    (void)usb_host_transfer_submit(host_transfer(host_d1(r), 0x81, 0));
}

MUST_FAIL(free_in_flight, "in flight is freed")
{
    usb_transfer_t *t = host_transfer(host_d1(r), 0x81, 512);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    (void)usb_host_transfer_free(t);
}

MUST_FAIL(close_with_control_in_flight, "control transfers in flight")
{
    const struct sim_faulty_answer never = {.result = SIM_NAK};
    usb_device_handle_t d = host_d1(r);
    sim_faulty_answer(host_sim(r), 0x40, 0x55, &never);
    CHECK_EQ(usb_host_interface_release(r->client, d, 0), ESP_OK);
    CHECK_EQ(
        usb_host_transfer_submit_control(r->client, host_control(d, "\x40\x55\0\0\0\0\0\0", 0)),
        ESP_OK);
    (void)usb_host_device_close(r->client, d);
}

MUST_FAIL(close_in_a_control_callback, "control transfers in flight")
{
    usb_device_handle_t d = host_d1(r);
    CHECK_EQ(usb_host_interface_release(r->client, d, 0), ESP_OK);
    r->in_callback = close_it;
    CHECK_EQ(
        usb_host_transfer_submit_control(r->client, host_control(d, "\x80\x08\0\0\0\0\x01\0", 64)),
        ESP_OK);
    host_settle(r);
}

MUST_FAIL(handle_after_close, "after the device was freed")
{
    usb_device_info_t info;
    usb_device_handle_t d = host_d1(r);
    CHECK_EQ(sim_unplug(r->bus[0], "1-1"), BASE_OK);
    host_settle(r);
    host_leave(r, d);
    host_settle(r);
    (void)usb_host_device_info(d, &info);
}

MUST_FAIL(clear_before_the_client_knows, "cleared between its error and the client's turn")
{
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *t = host_transfer(d, 0x81, 512);
    CHECK_EQ(sim_faulty_fail(host_sim(r), 0x81, SIM_STALL), BASE_OK);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    CHECK_EQ(usb_host_endpoint_flush(d, 0x81), ESP_OK); // nothing to flush: no event
    CHECK_EQ(usb_host_endpoint_clear(d, 0x81), ESP_OK);
    host_settle(r);
}

MUST_FAIL(clear_without_flush, "cleared without a flush")
{
    usb_device_handle_t d = host_d1(r);
    CHECK_EQ(usb_host_transfer_submit(host_transfer(d, 0x81, 512)), ESP_OK);
    CHECK_EQ(usb_host_endpoint_halt(d, 0x81), ESP_OK);
    (void)usb_host_endpoint_clear(d, 0x81);
}

static void handle_again(usb_transfer_t *t)
{
    (void)t;
    (void)usb_host_client_handle_events(host_rig.client, 0);
}

MUST_FAIL(events_in_a_callback, "handles its own client's events")
{
    r->in_callback = handle_again;
    CHECK_EQ(usb_host_transfer_submit(host_transfer(host_d1(r), 0x02, 3)), ESP_OK);
    host_settle(r);
}

static void *halt_elsewhere(void *d)
{
    if (setjmp(host_failed) == 0)
        (void)usb_host_endpoint_halt(d, 0x81);
    return NULL;
}

TEST(double_fails_halt_from_another_task)
{
    pthread_t thread;
    struct host_rig *r = host_start();
    usb_device_handle_t d = host_d1(r);
    host_reason[0] = '\0';
    usb_host_double_on_failure(host_expected);
    CHECK_EQ(pthread_create(&thread, NULL, halt_elsewhere, d), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    usb_host_double_on_failure(host_stop_test);
    CHECK(strstr(host_reason, "another task"));
    usb_host_double_reset();
    host_destroy_buses(r);
}

MUST_FAIL(end_with_transfers, "transfers were not freed")
{
    (void)host_transfer(NULL, 0x81, 64);
    host_end(r);
}

MUST_FAIL(uninstall_left_out, "still installed")
{
    (void)r;
    usb_host_double_end();
}

MUST_FAIL(a_second_root_port, "one root port")
{
    host_plug(r, 0, "1-2", sim_faulty_create(r->bus[0], &sim_faulty_d1));
}
