// SPDX-License-Identifier: Apache-2.0
// The double behaves as the library's sources say (usb-host facts section 11): pipes, statuses,
// claims, enumeration and the order of things when a device goes.
#include "tests/firmware/usb_host_rig.h"

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

TEST(double_refuses_as_the_library_does)
{
    struct host_rig *r = host_start();
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
    host_end(r);
}

TEST(double_moves_bulk_and_control)
{
    struct host_rig *r = host_start();
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
    host_end(r);
}

// An error halts, cancels the rest and stays until it is cleared; no byte is told.
TEST(double_error_takes_the_queue_along)
{
    struct host_rig *r = host_start();
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
    host_end(r);
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

TEST(double_miscounts_interrupt_packets)
{
    struct host_rig *r = host_start();
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *t = host_transfer(d, INTERRUPT_IN, 32);
    CHECK_EQ(sim_faulty_give(host_sim(r), INTERRUPT_IN, "0123456789", 10), BASE_OK);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    host_settle(r);
    host_check_done(t, USB_TRANSFER_STATUS_COMPLETED, 8 * 2 - 2 + 2);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    host_leave(r, d);
    host_end(r);
}

// Claiming begins with DATA0 on the host's side only, CLEAR_FEATURE(HALT) on the device's only.
TEST(double_has_two_toggles)
{
    struct host_rig *r = host_start();
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
    host_end(r);
}

TEST(double_endpoint_of_another_alternate_is_an_error)
{
    struct host_rig *r = host_start();
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *t;
    CHECK_EQ(usb_host_interface_claim(r->client, d, 1, 1), ESP_OK); // the device is still at 0
    CHECK_EQ(usb_host_transfer_alloc(192 * 7, 7, &t), ESP_OK);
    t->device_handle = d;
    t->bEndpointAddress = 0x84;
    t->callback = host_done;
    t->num_bytes = 192 * 7;
    for (unsigned i = 0; i < 7; i++)
        t->isoc_packet_desc[i].num_bytes = 192;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    host_advance(r, 20000);
    host_check_done(t, USB_TRANSFER_STATUS_ERROR, 0);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    CHECK_EQ(usb_host_interface_release(r->client, d, 1), ESP_OK);
    host_leave(r, d);
    host_end(r);
}

static esp_err_t released;

static void release_in_callback(usb_transfer_t *t)
{
    released = usb_host_interface_release(host_rig.client, t->device_handle, 0);
}

TEST(double_release_fails_in_a_callback)
{
    struct host_rig *r = host_start();
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *t = host_transfer(d, BULK_OUT, 1);
    r->in_callback = release_in_callback;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    host_settle(r);
    CHECK_EQ(released, ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    host_leave(r, d);
    host_end(r);
}

// --- claims --------------------------------------------------------------------------------------

TEST(double_claims_conflict_by_endpoint)
{
    struct host_rig *r = host_start();
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
    host_end(r);
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
TEST(double_fifos_limit_packets)
{
    struct host_rig *r = host_start();
    CHECK_EQ(double_library.root[0].in_max, 2040);
    CHECK_EQ(double_library.root[0].periodic_out_max, 512);
    CHECK_EQ(double_library.root[1].in_max, 408);
    CHECK_EQ(double_library.root[1].periodic_out_max, 128);
    const struct sim_faulty_options full = {.speed = USB_SPEED_FULL, .product = 5, .interfaces = 2};
    host_plug(r, 1, "2-1", sim_faulty_create(r->bus[1], &full));
    usb_device_handle_t d = host_open(r, 1);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 1, 1), ESP_ERR_NOT_SUPPORTED); // 192 > 128
    CHECK_EQ(usb_host_device_close(r->client, d), ESP_OK);
    host_end(r);
}

// --- coming and going ----------------------------------------------------------------------------

TEST(double_enumerates_and_tells)
{
    struct host_rig *r = host_start();
    usb_device_info_t info;
    const usb_device_desc_t *desc;
    const usb_config_desc_t *config;
    usb_device_handle_t d = host_d1(r);
    CHECK_EQ(r->event_count, 1);
    CHECK_EQ(usb_host_device_info(d, &info), ESP_OK);
    CHECK_EQ(info.speed, IDF_USB_SPEED_HIGH);
    CHECK_EQ(info.bConfigurationValue, 1);
    CHECK(!info.parent.dev_hdl);
    CHECK_EQ(info.parent.port_num, 0);
    CHECK(info.str_desc_product);
    CHECK_EQ(info.str_desc_product->bLength, 2 + 2 * strlen("Faulty device"));
    CHECK_EQ(usb_host_get_device_descriptor(d, &desc), ESP_OK);
    CHECK_EQ(desc->idVendor, 0x1209);
    CHECK_EQ(usb_host_get_active_config_descriptor(d, &config), ESP_OK);
    CHECK_EQ(config->bNumInterfaces, 2);
    host_leave(r, d);
    host_end(r);
}

TEST(double_filter_keeps_devices_out)
{
    struct host_rig *r = host_start();
    struct sim_faulty_options options = sim_faulty_d1;
    options.product = 0xdead;
    host_plug(r, 0, "1-1", sim_faulty_create(r->bus[0], &options));
    CHECK_EQ(r->event_count, 0);
    CHECK_EQ(usb_host_double_counts().channels[0], 1); // it lies there until it is pulled
    CHECK_EQ(sim_unplug(r->bus[0], "1-1"), BASE_OK);
    host_settle(r);
    CHECK_EQ(usb_host_double_counts().channels[0], 0);
    host_end(r);
}

// Root port: completions with NO_DEVICE, then DEV_GONE; the next device only after the close.
TEST(double_gone_from_a_root_port)
{
    struct host_rig *r = host_start();
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *t = host_transfer(d, BULK_IN, 512), *control;
    const struct sim_faulty_answer never = {.result = SIM_NAK};
    sim_faulty_answer(host_sim(r), 0x40, 0x55, &never);
    control = host_control(d, "\x40\x55\0\0\0\0\0\0", 0);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    CHECK_EQ(usb_host_transfer_submit_control(r->client, control), ESP_OK);
    CHECK_EQ(sim_unplug(r->bus[0], "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(r->bus[0], "1-1"), BASE_OK);
    host_settle(r);
    host_check_done(t, USB_TRANSFER_STATUS_NO_DEVICE, 0);
    host_check_done(control, USB_TRANSFER_STATUS_NO_DEVICE, 0);
    CHECK_EQ(r->events_at_first_done, 1);
    CHECK_EQ(r->event_count, 2);
    CHECK_EQ(r->events[1].event, USB_HOST_CLIENT_EVENT_DEV_GONE);
    CHECK(r->events[1].dev_gone.dev_hdl == d);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_endpoint_halt(d, BULK_IN), ESP_OK);
    CHECK_EQ(usb_host_endpoint_clear(d, BULK_IN), ESP_ERR_INVALID_STATE);
    host_settle(r);
    CHECK_EQ(r->event_count, 2); // what was plugged in again is not seen yet
    host_leave(r, d);
    host_settle(r);
    CHECK_EQ(r->event_count, 3);
    CHECK_EQ(r->events[2].event, USB_HOST_CLIENT_EVENT_NEW_DEV);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    CHECK_EQ(usb_host_transfer_free(control), ESP_OK);
    host_end(r);
}

static struct sim_device *plug_hub(struct host_rig *r, enum usb_speed speed, unsigned root)
{
    struct sim_device *hub = sim_hub_create(r->bus[root], 4);
    CHECK(hub);
    hub->speed = speed;
    host_plug(r, root, root == 0 ? "1-1" : "2-1", hub);
    return hub;
}

static void gone_from_hub(bool errors, usb_transfer_status_t status)
{
    struct host_rig *r = host_begin();
    r->config.errors_before_gone = errors;
    host_install(r, 32);
    plug_hub(r, USB_SPEED_HIGH, 0);
    CHECK_EQ(r->event_count, 0); // hubs are nobody's business
    host_plug(r, 0, "1-1.3", sim_faulty_create(r->bus[0], &sim_faulty_d1));
    usb_device_handle_t d = host_open(r, r->events[0].new_dev.address);
    usb_device_info_t info;
    CHECK_EQ(usb_host_device_info(d, &info), ESP_OK);
    CHECK(!info.parent.dev_hdl);
    CHECK_EQ(info.parent.port_num, 3);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 0, 0), ESP_OK);
    usb_transfer_t *t = host_transfer(d, BULK_IN, 512), *u = host_transfer(d, BULK_IN, 512);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    CHECK_EQ(usb_host_transfer_submit(u), ESP_OK);
    CHECK_EQ(sim_unplug(r->bus[0], "1-1.3"), BASE_OK);
    host_settle(r);
    host_check_done(t, status, 0);
    host_check_done(u, USB_TRANSFER_STATUS_CANCELED, 0);
    CHECK_EQ(r->event_count, 2);
    host_leave(r, d);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    CHECK_EQ(usb_host_transfer_free(u), ESP_OK);
    host_end(r);
}

TEST(double_gone_from_a_hub)
{
    gone_from_hub(false, USB_TRANSFER_STATUS_CANCELED);
}

TEST(double_gone_from_a_hub_with_errors)
{
    gone_from_hub(true, USB_TRANSFER_STATUS_ERROR);
}

// The hub goes before what is behind it; its own client hears nothing, and it is freed last.
TEST(double_hub_goes_with_everything)
{
    struct host_rig *r = host_start();
    int count = 0;
    uint8_t addresses[8];
    plug_hub(r, USB_SPEED_HIGH, 0);
    host_plug(r, 0, "1-1.3", sim_faulty_create(r->bus[0], &sim_faulty_d1));
    CHECK_EQ(usb_host_device_addr_list_fill(8, addresses, &count), ESP_OK);
    CHECK_EQ(count, 2);
    usb_device_handle_t hub = host_open(r, addresses[0]), d = host_open(r, addresses[1]);
    CHECK_EQ(sim_unplug(r->bus[0], "1-1"), BASE_OK);
    host_settle(r);
    CHECK_EQ(r->event_count, 2);
    CHECK(r->events[1].dev_gone.dev_hdl == d);
    CHECK_EQ(usb_host_device_close(r->client, d), ESP_OK);
    host_settle(r);
    CHECK_EQ(usb_host_double_counts().channels[0], 1); // the hub: its client has it open
    CHECK_EQ(sim_replug(r->bus[0], "1-1"), BASE_OK);
    host_settle(r);
    CHECK_EQ(r->event_count, 2);
    CHECK_EQ(usb_host_device_close(r->client, hub), ESP_OK);
    host_settle(r);
    CHECK_EQ(r->event_count, 3);
    host_end(r);
}

TEST(double_full_speed_behind_a_high_speed_hub_is_refused)
{
    struct host_rig *r = host_start();
    const struct sim_faulty_options full = {.speed = USB_SPEED_FULL, .product = 5, .interfaces = 1};
    uint8_t addresses[8];
    int count = 0;
    plug_hub(r, USB_SPEED_HIGH, 0);
    host_plug(r, 0, "1-1.2", sim_faulty_create(r->bus[0], &full));
    CHECK_EQ(r->event_count, 0);
    CHECK_EQ(usb_host_device_addr_list_fill(8, addresses, &count), ESP_OK);
    CHECK_EQ(count, 1);
    usb_device_handle_t hub = host_open(r, addresses[0]);
    usb_transfer_t *t = host_control(hub, "\xa3\0\0\0\x02\0\x04\0", 64);
    CHECK_EQ(usb_host_transfer_submit_control(r->client, t), ESP_OK);
    host_settle(r);
    host_check_done(t, USB_TRANSFER_STATUS_COMPLETED, 12);
    CHECK_EQ(t->data_buffer[8], 0x01); // connected, not enabled
    CHECK_EQ(t->data_buffer[9], 0x01); // powered, full speed
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    CHECK_EQ(usb_host_device_close(r->client, hub), ESP_OK);
    host_end(r);
}

TEST(double_full_speed_hub_has_full_speed_devices)
{
    struct host_rig *r = host_start();
    const struct sim_faulty_options full = {.speed = USB_SPEED_FULL, .product = 5, .interfaces = 1};
    plug_hub(r, USB_SPEED_FULL, 1);
    host_plug(r, 1, "2-1.2", sim_faulty_create(r->bus[1], &full));
    CHECK_EQ(r->event_count, 1);
    CHECK_EQ(usb_host_double_counts().channels[1], 3);
    host_end(r);
}

TEST(double_unopened_device_is_only_removed)
{
    struct host_rig *r = host_start();
    host_plug(r, 0, "1-1", sim_faulty_create(r->bus[0], &sim_faulty_d1));
    CHECK_EQ(sim_unplug(r->bus[0], "1-1"), BASE_OK);
    host_settle(r);
    CHECK_EQ(r->event_count, 2);
    CHECK_EQ(r->events[1].event, USB_HOST_CLIENT_EVENT_DEV_REMOVED);
    CHECK_EQ(r->events[1].dev_removed.address, r->events[0].new_dev.address);
    host_end(r);
}

TEST(double_event_queue_drops)
{
    struct host_rig *r = host_begin();
    host_install(r, 1);
    CHECK_EQ(sim_plug(r->bus[0], "1-1", sim_faulty_create(r->bus[0], &sim_faulty_d1)), BASE_OK);
    for (unsigned i = 0; i < 30; i++)
        CHECK_EQ(usb_host_lib_handle_events(0, NULL), ESP_OK);
    CHECK_EQ(sim_unplug(r->bus[0], "1-1"), BASE_OK);
    for (unsigned i = 0; i < 30; i++)
        CHECK_EQ(usb_host_lib_handle_events(0, NULL), ESP_OK);
    host_settle(r);
    CHECK_EQ(r->event_count, 1);
    CHECK_EQ(usb_host_double_counts().events_dropped, 1);
    host_end(r);
}

// A device that leaves takes along whatever is being enumerated on any port (enum.c, enum_cancel).
TEST(double_enumeration_is_cancelled_by_any_device)
{
    struct host_rig *r = host_start();
    plug_hub(r, USB_SPEED_HIGH, 0);
    host_plug(r, 0, "1-1.1", sim_faulty_create(r->bus[0], &sim_faulty_d1));
    CHECK_EQ(sim_plug(r->bus[0], "1-1.2", sim_faulty_create(r->bus[0], &sim_faulty_d1)), BASE_OK);
    for (unsigned i = 0; i < 4; i++)
        host_turn(r);
    CHECK_EQ(sim_unplug(r->bus[0], "1-1.1"), BASE_OK);
    host_settle(r);
    CHECK_EQ(usb_host_double_counts().devices, 1);
    CHECK_EQ(sim_unplug(r->bus[0], "1-1.2"), BASE_OK);
    CHECK_EQ(sim_replug(r->bus[0], "1-1.2"), BASE_OK);
    host_settle(r);
    CHECK_EQ(usb_host_double_counts().devices, 2);
    host_end(r);
}

// --- the rest of the interface -------------------------------------------------------------------

TEST(double_waits_say_timeout)
{
    struct host_rig *r = host_start();
    uint32_t flags = 0xff;
    CHECK_EQ(usb_host_lib_handle_events(5, &flags), ESP_ERR_TIMEOUT);
    CHECK_EQ(flags, 0);
    CHECK_EQ(usb_host_client_handle_events(r->client, 5), ESP_ERR_TIMEOUT);
    CHECK_EQ(usb_host_client_unblock(r->client), ESP_OK);
    CHECK_EQ(usb_host_client_handle_events(r->client, 5), ESP_OK);
    CHECK_EQ(usb_host_lib_unblock(), ESP_OK);
    CHECK_EQ(usb_host_lib_handle_events(5, &flags), ESP_OK);
    host_end(r);
}

TEST(double_opens_and_closes_as_the_library_does)
{
    struct host_rig *r = host_start();
    usb_device_handle_t d = host_d1(r), again;
    uint8_t address = r->events[0].new_dev.address;
    CHECK_EQ(usb_host_device_open(r->client, 0, &again), ESP_ERR_INVALID_ARG);
    CHECK_EQ(usb_host_device_open(r->client, 99, &again), ESP_ERR_NOT_FOUND);
    CHECK_EQ(usb_host_device_open(r->client, address, &again), ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_client_deregister(r->client), ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_device_free_all(), ESP_ERR_INVALID_STATE); // there is a client
    CHECK_EQ(usb_host_uninstall(), ESP_ERR_INVALID_STATE);
    host_leave(r, d);
    CHECK_EQ(usb_host_device_close(r->client, d), ESP_ERR_NOT_FOUND);
    host_end(r);
}

TEST(double_device_that_is_enumerated_cannot_be_opened)
{
    struct host_rig *r = host_start();
    usb_device_handle_t d;
    CHECK_EQ(sim_plug(r->bus[0], "1-1", sim_faulty_create(r->bus[0], &sim_faulty_d1)), BASE_OK);
    for (unsigned i = 0; i < 6; i++)
        host_turn(r);
    CHECK_EQ(usb_host_device_open(r->client, 1, &d), ESP_ERR_NOT_ALLOWED);
    host_settle(r);
    CHECK_EQ(usb_host_device_open(r->client, 1, &d), ESP_OK);
    CHECK_EQ(usb_host_device_close(r->client, d), ESP_OK);
    host_end(r);
}

// Power is switched for both ports, and comes back only when every device is closed.
TEST(double_root_port_power)
{
    struct host_rig *r = host_start();
    usb_device_handle_t d = host_d1(r);
    CHECK_EQ(usb_host_lib_set_root_port_power(true), ESP_ERR_INVALID_STATE);
    CHECK_EQ(usb_host_lib_set_root_port_power(false), ESP_OK);
    host_settle(r);
    CHECK_EQ(r->events[1].event, USB_HOST_CLIENT_EVENT_DEV_GONE);
    CHECK_EQ(usb_host_lib_set_root_port_power(true), ESP_ERR_INVALID_STATE);
    host_leave(r, d);
    host_settle(r);
    CHECK_EQ(r->event_count, 2);
    CHECK_EQ(usb_host_lib_set_root_port_power(true), ESP_OK);
    host_settle(r);
    CHECK_EQ(r->event_count, 3);
    host_end(r);
}

TEST(double_isochronous_packets_lie_where_they_were_asked_for)
{
    static const int16_t script[] = {192, 5, 0, -1, 192, 1, 2};
    struct host_rig *r = host_start();
    usb_device_handle_t d = host_d1(r);
    usb_transfer_t *control = host_control(d, "\x01\x0b\x01\x00\x01\x00\x00\x00", 0), *t;
    CHECK_EQ(usb_host_transfer_submit_control(r->client, control), ESP_OK);
    host_settle(r);
    host_check_done(control, USB_TRANSFER_STATUS_COMPLETED, 8);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 1, 1), ESP_OK);
    CHECK_EQ(usb_host_transfer_alloc(192 * 7, 7, &t), ESP_OK);
    t->device_handle = d;
    t->bEndpointAddress = 0x84;
    t->callback = host_done;
    t->num_bytes = 192 * 7;
    for (unsigned i = 0; i < 7; i++)
        t->isoc_packet_desc[i].num_bytes = 192;
    sim_faulty_iso(host_sim(r), 0x84, script, 7);
    CHECK_EQ(usb_host_transfer_submit(t), ESP_OK);
    host_advance(r, 20000);
    host_check_done(t, USB_TRANSFER_STATUS_COMPLETED, 192 + 5 + 192 + 1 + 2);
    CHECK_EQ(t->isoc_packet_desc[1].actual_num_bytes, 5);
    CHECK_EQ(t->isoc_packet_desc[3].status, USB_TRANSFER_STATUS_ERROR);
    CHECK_EQ(t->data_buffer[192 * 4], 0xa4);
    t->num_bytes = 192 * 6;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_INVALID_ARG); // the sum
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    CHECK_EQ(usb_host_transfer_alloc(192 * 9, 9, &t), ESP_OK); // 72 microframes
    t->device_handle = d;
    t->bEndpointAddress = 0x84;
    t->callback = host_done;
    CHECK_EQ(usb_host_transfer_submit(t), ESP_ERR_INVALID_SIZE);
    CHECK_EQ(usb_host_transfer_free(t), ESP_OK);
    CHECK_EQ(usb_host_transfer_free(control), ESP_OK);
    CHECK_EQ(usb_host_interface_release(r->client, d, 1), ESP_OK);
    host_leave(r, d);
    host_end(r);
}
