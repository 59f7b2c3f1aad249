// SPDX-License-Identifier: Apache-2.0
// The double behaves as the library's sources say (docs/esp-usb-host.md 7): enumeration, the
// order of things when a device goes, hubs, and the calls of the library as a whole.
#include "tests/firmware/usb_host_rig.h"

#include <string.h>

enum { BULK_IN = 0x81 };

// --- coming and going ----------------------------------------------------------------------------

HOST_TEST(double_enumerates_and_tells)
{
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
}

HOST_TEST(double_filter_keeps_devices_out)
{
    struct sim_faulty_options options = sim_faulty_d1;
    options.product = 0xdead;
    host_plug(r, 0, "1-1", sim_faulty_create(r->bus[0], &options));
    CHECK_EQ(r->event_count, 0);
    CHECK_EQ(usb_host_double_counts().channels[0], 1); // it lies there until it is pulled
    CHECK_EQ(sim_unplug(r->bus[0], "1-1"), BASE_OK);
    host_settle(r);
    CHECK_EQ(usb_host_double_counts().channels[0], 0);
}

// Root port: completions with NO_DEVICE, then DEV_GONE; the next device only after the close.
HOST_TEST(double_gone_from_a_root_port)
{
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
HOST_TEST(double_hub_goes_with_everything)
{
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
}

HOST_TEST(double_full_speed_behind_a_high_speed_hub_is_refused)
{
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
}

HOST_TEST(double_full_speed_hub_has_full_speed_devices)
{
    const struct sim_faulty_options full = {.speed = USB_SPEED_FULL, .product = 5, .interfaces = 1};
    plug_hub(r, USB_SPEED_FULL, 1);
    host_plug(r, 1, "2-1.2", sim_faulty_create(r->bus[1], &full));
    CHECK_EQ(r->event_count, 1);
    CHECK_EQ(usb_host_double_counts().channels[1], 3);
}

HOST_TEST(double_unopened_device_is_only_removed)
{
    host_plug(r, 0, "1-1", sim_faulty_create(r->bus[0], &sim_faulty_d1));
    CHECK_EQ(sim_unplug(r->bus[0], "1-1"), BASE_OK);
    host_settle(r);
    CHECK_EQ(r->event_count, 2);
    CHECK_EQ(r->events[1].event, USB_HOST_CLIENT_EVENT_DEV_REMOVED);
    CHECK_EQ(r->events[1].dev_removed.address, r->events[0].new_dev.address);
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
HOST_TEST(double_enumeration_is_cancelled_by_any_device)
{
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
}

// --- the rest of the interface -------------------------------------------------------------------

HOST_TEST(double_waits_say_timeout)
{
    uint32_t flags = 0xff;
    CHECK_EQ(usb_host_lib_handle_events(5, &flags), ESP_ERR_TIMEOUT);
    CHECK_EQ(flags, 0);
    CHECK_EQ(usb_host_client_handle_events(r->client, 5), ESP_ERR_TIMEOUT);
    CHECK_EQ(usb_host_client_unblock(r->client), ESP_OK);
    CHECK_EQ(usb_host_client_handle_events(r->client, 5), ESP_OK);
    CHECK_EQ(usb_host_lib_unblock(), ESP_OK);
    CHECK_EQ(usb_host_lib_handle_events(5, &flags), ESP_OK);
}

HOST_TEST(double_opens_and_closes_as_the_library_does)
{
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
}

HOST_TEST(double_device_that_is_enumerated_cannot_be_opened)
{
    usb_device_handle_t d;
    CHECK_EQ(sim_plug(r->bus[0], "1-1", sim_faulty_create(r->bus[0], &sim_faulty_d1)), BASE_OK);
    for (unsigned i = 0; i < 6; i++)
        host_turn(r);
    CHECK_EQ(usb_host_device_open(r->client, 1, &d), ESP_ERR_NOT_ALLOWED);
    host_settle(r);
    CHECK_EQ(usb_host_device_open(r->client, 1, &d), ESP_OK);
    CHECK_EQ(usb_host_device_close(r->client, d), ESP_OK);
}

// Power is switched for both ports, and comes back only when every device is closed.
HOST_TEST(double_root_port_power)
{
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
}
