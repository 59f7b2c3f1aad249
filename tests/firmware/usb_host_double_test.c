// SPDX-License-Identifier: Apache-2.0
// The double behaves as the library's sources say (docs/esp-usb-host.md 7): pipes, statuses and
// claims.
#include "tests/firmware/usb_host_rig.h"
#include "usb/usb_descriptor_bytes.h"

#include <string.h>

enum { BULK_OUT = 0x02, BULK_IN = 0x81, INTERRUPT_IN = 0x83 };

// --- transfers -----------------------------------------------------------------------------------

TEST(double_rounds_buffers_to_cache_lines)
{
    struct host_rig *r = host_start();
    usb_transfer_t *t = host_transfer(NULL, 1, 65);
    CHECK_EQ(t->data_buffer_size, 128);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    CHECK_EQ(usb_host_transfer_free(NULL), ESP_OK);
    host_end(r);
}

HOST_TEST(double_refuses_as_the_library_does)
{
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *t = host_transfer(d, BULK_IN, 512);
    t->num_bytes = 500;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_INVALID_ARG); // IN: whole packets
    t->num_bytes = 1024;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_INVALID_ARG); // more than the buffer has
    t->num_bytes = 512;
    t->bEndpointAddress = 0x85;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_NOT_FOUND);
    t->bEndpointAddress = 0;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_INVALID_ARG);
    t->bEndpointAddress = BULK_IN;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_NOT_FINISHED);
    CHECK_EQ(usb_host_endpoint_halt(d, 0), ESP_ERR_INVALID_ARG); // endpoint 0 is the library's
    CHECK_EQ(usb_host_endpoint_flush(d, BULK_IN), ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_endpoint_clear(d, BULK_IN), ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_interface_release(r->client, d, 0), ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_endpoint_halt(d, BULK_IN), ESP_OK);
    CHECK_EQ(usb_host_endpoint_halt(d, BULK_IN), ESP_OK);
    CHECK_EQ(usb_host_endpoint_flush(d, BULK_IN), ESP_OK);
    CHECK_EQ(r->done_count, 0); // callbacks come in the client's turn only
    host_settle(r);
    host_check_done(t, USB_TRANSFER_STATUS_CANCELED, 0);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_INVALID_STATE); // still halted
    CHECK_EQ(usb_host_endpoint_clear(d, BULK_IN), ESP_OK);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    host_leave(r, d);
}

HOST_TEST(double_moves_bulk_and_control)
{
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *out = host_transfer(d, BULK_OUT, 3), *in = host_transfer(d, BULK_IN, 512);
    usb_transfer_t *control = host_control(d, "\x80\x06\0\x01\0\0\x12\0", 64);
    memcpy(out->data_buffer, "abc", 3);
    CHECK_EQ(sim_faulty_give(host_sim(r), BULK_IN, "hello", 5), BASE_OK);
    CHECK_EQ(usb_host_transfer_submit_control(r->client, control), ESP_OK);
    CHECK_EQ(usb_host_transfer_submit(in), ESP_OK);
    CHECK_EQ(usb_host_transfer_submit(out), ESP_OK);
    host_turn(r);
    host_check_done(in, USB_TRANSFER_STATUS_COMPLETED, 5); // endpoints before control
    host_check_done(out, USB_TRANSFER_STATUS_COMPLETED, 3);
    host_check_done(control, USB_TRANSFER_STATUS_COMPLETED, 8 + 18);
    CHECK_BYTES(in->data_buffer, "hello", 5);
    CHECK_BYTES(sim_faulty_received(host_sim(r), BULK_OUT).data.data, "abc", 3);
    CHECK_EQ(control->data_buffer[9], USB_DT_DEVICE);
    CHECK_EQ(usb_host_transfer_free(in), ESP_OK);
    CHECK_EQ(usb_host_transfer_free(out), ESP_OK);
    CHECK_EQ(usb_host_transfer_free(control), ESP_OK);
    host_leave(r, d);
}

// An error halts, cancels the rest and stays until it is cleared; no byte is told.
HOST_TEST(double_error_takes_the_queue_along)
{
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *t[3];
    uint8_t block[512] = {1};
    for (unsigned i = 0; i < 3; i++) {
        t[i] = host_transfer(d, BULK_IN, 1024);
        CHECK_EQ(usb_host_transfer_submit(t[i]), ESP_OK);
    }
    CHECK_EQ(sim_faulty_give(host_sim(r), BULK_IN, block, sizeof block), BASE_OK);
    CHECK_EQ(sim_faulty_fail(host_sim(r), BULK_IN, SIM_ERROR), BASE_OK);
    CHECK_EQ(sim_faulty_give(host_sim(r), BULK_IN, "next", 4), BASE_OK);
    host_settle(r);
    host_check_done(t[0], USB_TRANSFER_STATUS_ERROR, 0); // 512 bytes had come
    host_check_done(t[1], USB_TRANSFER_STATUS_CANCELED, 0);
    host_check_done(t[2], USB_TRANSFER_STATUS_CANCELED, 0);
    CHECK_EQ(usb_host_endpoint_clear(d, BULK_IN), ESP_OK);
    CHECK_EQ(usb_host_transfer_submit(t[0]), ESP_OK);
    host_settle(r);
    host_check_done(t[0], USB_TRANSFER_STATUS_COMPLETED, 4);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(usb_host_transfer_free(t[i]), ESP_OK);
    host_leave(r, d);
}

TEST(double_control_stall_lets_the_next_go)
{
    struct host_rig *r = host_begin();
    r->config.control_refused_after_error = true;
    host_install(r, 32);
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *bad = host_control(d, "\x40\x77\0\0\0\0\0\0", 0);
    usb_transfer_t *good = host_control(d, "\x80\x08\0\0\0\0\x01\0", 64);
    CHECK_EQ(usb_host_transfer_submit_control(r->client, bad), ESP_OK);
    CHECK_EQ(usb_host_transfer_submit_control(r->client, good), ESP_ERR_INVALID_STATE); // halted
    host_settle(r);
    host_check_done(bad, USB_TRANSFER_STATUS_STALL, 0);
    CHECK_EQ(usb_host_transfer_submit_control(r->client, good), ESP_OK);
    host_settle(r);
    host_check_done(good, USB_TRANSFER_STATUS_COMPLETED, 9);
    CHECK_EQ(usb_host_transfer_free(bad), ESP_OK);
    CHECK_EQ(usb_host_transfer_free(good), ESP_OK);
    host_leave(r, d);
    host_end(r);
}

HOST_TEST(double_miscounts_interrupt_packets)
{
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *t = host_transfer(d, INTERRUPT_IN, 32);
    CHECK_EQ(sim_faulty_give(host_sim(r), INTERRUPT_IN, "0123456789", 10), BASE_OK);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    host_settle(r);
    host_check_done(t, USB_TRANSFER_STATUS_COMPLETED, 8 * 2 - 2 + 2);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    host_leave(r, d);
}

// Claiming begins with DATA0 on the host's side only, CLEAR_FEATURE(HALT) on the device's only.
HOST_TEST(double_has_two_toggles)
{
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *t = host_transfer(d, BULK_OUT, 1);
    usb_transfer_t *control = host_control(d, "\x02\x01\0\0\x02\0\0\0", 0);
    for (unsigned i = 0; i < 3; i++) {
        if (i == 1)
            CHECK_EQ(usb_host_transfer_submit_control(r->client, control), ESP_OK);
        if (i == 2) {
            CHECK_EQ(usb_host_interface_release(r->client, d, 0), ESP_OK);
            CHECK_EQ(usb_host_interface_claim(r->client, d, 0, 0), ESP_OK);
        }
        host_settle(r);
        CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
        host_settle(r);
    }
    // 1: taken; 2: the device expects DATA0 again and drops it; 3: both begin with DATA0.
    CHECK_EQ(sim_faulty_received(host_sim(r), BULK_OUT).packets, 2);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    CHECK_EQ(usb_host_transfer_free(control), ESP_OK);
    host_leave(r, d);
}

HOST_TEST(double_endpoint_of_another_alternate_is_an_error)
{
    usb_device_handle_t d = host_d1(r);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 1, 1), ESP_OK); // the device is still at 0
    usb_transfer_t *t = host_iso_in(d, 7);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    host_advance(r, 20000);
    host_check_done(t, USB_TRANSFER_STATUS_ERROR, 0);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    CHECK_EQ(usb_host_interface_release(r->client, d, 1), ESP_OK);
    host_leave(r, d);
}

static esp_err_t released;

static void release_in_callback(usb_transfer_t *t)
{
    released = usb_host_interface_release(host_rig.client, t->device_handle, 0);
}

HOST_TEST(double_release_fails_in_a_callback)
{
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *t = host_transfer(d, BULK_OUT, 1);
    r->in_callback = release_in_callback;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    host_settle(r);
    CHECK_EQ(released, ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_double_counts().slow_releases, 0);
    r->in_callback = NULL;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    CHECK_EQ(usb_host_lib_handle_events(0, NULL), ESP_OK); // it is over, and the client to be told
    CHECK_EQ(usb_host_interface_release(r->client, d, 0), ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_double_counts().slow_releases, 1);
    host_settle(r);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    host_leave(r, d);
}

HOST_TEST(double_isochronous_packets_lie_where_they_were_asked_for)
{
    static const int16_t script[] = {192, 5, 0, -1, 192, 1, 2};
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *control = host_control(d, "\x01\x0b\x01\x00\x01\x00\x00\x00", 0), *t;
    CHECK_EQ(usb_host_transfer_submit_control(r->client, control), ESP_OK);
    host_settle(r);
    host_check_done(control, USB_TRANSFER_STATUS_COMPLETED, 8);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 1, 1), ESP_OK);
    t = host_iso_in(d, 7);
    sim_faulty_iso(host_sim(r), 0x84, script, 7);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    host_advance(r, 20000);
    host_check_done(t, USB_TRANSFER_STATUS_COMPLETED, 192 + 5 + 96 + 192 + 1 + 2);
    CHECK_EQ(t->isoc_packet_desc[1].actual_num_bytes, 5);
    CHECK_EQ(t->isoc_packet_desc[3].status, USB_TRANSFER_STATUS_ERROR);
    CHECK_EQ(t->isoc_packet_desc[3].actual_num_bytes, 96); // as far as it came
    CHECK_EQ(t->data_buffer[192 * 4], 0xa4);
    t->num_bytes = 192 * 6;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_INVALID_ARG); // the sum
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    t = host_iso_in(d, 9); // 72 microframes
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_INVALID_SIZE);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    CHECK_EQ(usb_host_transfer_free(control), ESP_OK);
    CHECK_EQ(usb_host_interface_release(r->client, d, 1), ESP_OK);
    host_leave(r, d);
}

// --- claims --------------------------------------------------------------------------------------

HOST_TEST(double_claims_conflict_by_endpoint)
{
    usb_device_handle_t d = host_d1(r);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 0, 0), ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 0, 1), ESP_ERR_NOT_FOUND);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 1, 0), ESP_OK); // no endpoints: any number of
    CHECK_EQ(usb_host_interface_claim(r->client, d, 1, 0), ESP_OK); // times
    CHECK_EQ(usb_host_device_close(r->client, d), ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_interface_release(r->client, d, 1), ESP_OK);
    CHECK_EQ(usb_host_interface_release(r->client, d, 1), ESP_OK);
    CHECK_EQ(usb_host_interface_release(r->client, d, 1), ESP_ERR_NOT_FOUND);
    host_leave(r, d);
}

TEST(double_channels_run_out)
{
    struct host_rig *r = host_begin();
    r->config.channels[0] = 5; // endpoint 0 and 3 of interface 0: one is left
    host_install(r, 32);
    usb_device_handle_t d = host_d1(r);
    CHECK_EQ(usb_host_double_counts().channels[0], 4);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 1, 1), ESP_ERR_NOT_SUPPORTED);
    CHECK_EQ(usb_host_double_counts().channels[0], 4); // all or nothing
    host_leave(r, d);
    host_end(r);
}

// FIFO sizes: with both ports the default ones, whatever was asked for.
// As device_fifo.c divides them, with both ports in use.
HOST_TEST(double_fifos_limit_packets)
{
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(25, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 1, 1, 2, 0, 0),
        USB_ENDPOINT_BYTES(0x05, 1, 257, 1),
    };
    const struct sim_faulty_options full = {.speed = USB_SPEED_FULL,
                                            .product = 5,
                                            .configs = {config},
                                            .config_sizes = {sizeof config}};
    CHECK_EQ(double_library.root[0].in_max, 1528);
    CHECK_EQ(double_library.root[0].out_max, 1024);
    CHECK_EQ(double_library.root[0].periodic_out_max, 1024);
    CHECK_EQ(double_library.root[1].in_max, 408);
    CHECK_EQ(double_library.root[1].out_max, 128);
    CHECK_EQ(double_library.root[1].periodic_out_max, 256);
    host_plug(r, 1, "2-1", sim_faulty_create(r->bus[1], &full));
    usb_device_handle_t d = host_open(r, 1);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 0, 0), ESP_ERR_NOT_SUPPORTED);
    CHECK_EQ(usb_host_device_close(r->client, d), ESP_OK);
}
