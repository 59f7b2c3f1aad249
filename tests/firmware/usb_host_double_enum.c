// SPDX-License-Identifier: Apache-2.0
// The enumerator: one device at a time, one request per turn of the daemon.
#include "tests/firmware/usb_host_double_state.h"

#include <stdlib.h>
#include <string.h>

enum step {
    STEP_SHORT_DEVICE,
    STEP_SECOND_RESET,
    STEP_SET_ADDRESS,
    STEP_DEVICE,
    STEP_FILTER,
    STEP_SHORT_CONFIG,
    STEP_CONFIG,
    STEP_LANGUAGES,
    STEP_MANUFACTURER,
    STEP_PRODUCT,
    STEP_SERIAL,
    STEP_SET_CONFIGURATION,
    STEP_COMPLETE,
};

enum { LANGID_ENGLISH = 0x0409 };

// The configuration that the filter chose, as an index; strings are asked for only if there are
// languages.
static uint8_t config_index;
static bool has_english;

// Bytes that came, or -1.
static int get_descriptor(const struct usb_device_handle_s *d, uint8_t type, uint8_t index,
                          uint16_t langid, uint8_t *data, uint16_t size)
{
    const struct usb_setup s = {.bmRequestType = 0x80,
                                .bRequest = USB_REQ_GET_DESCRIPTOR,
                                .wValue = (uint16_t)(type << 8 | index),
                                .wIndex = langid,
                                .wLength = size};
    if (!d->port || d->port->dead)
        return -1;
    int n = sim_descriptor_get(d->port->device, &s, data, size);
    return n < 0 ? -1 : n;
}

static bool get_device(struct usb_device_handle_s *d, uint16_t size)
{
    uint8_t bytes[USB_DEVICE_DESC_SIZE] = {0};
    if (get_descriptor(d, USB_DT_DEVICE, 0, 0, bytes, size) != size || bytes[1] != USB_DT_DEVICE)
        return false;
    memcpy(&d->desc, bytes, sizeof d->desc);
    d->ep0.ep.max_packet_size = d->desc.bMaxPacketSize0;
    return d->desc.bMaxPacketSize0 >= 8 && d->desc.bMaxPacketSize0 <= 64;
}

// enum.c, get_next_free_dev_addr(): it asks by opening, and closes whatever it did not get.
static bool address_is_used(uint8_t address)
{
    BASE_LIST_FOR_EACH (const struct usb_device_handle_s, d, &double_library.devices, link) {
        if (d->address != address)
            continue;
        if (d->gone)
            double_fail("address %u is to be given to a device while one that is gone has it: the "
                        "library closes a handle that is none",
                        address);
        return true;
    }
    return false;
}

static bool set_address(struct usb_device_handle_s *d)
{
    struct double_library *lib = &double_library;
    while (address_is_used(lib->next_address))
        lib->next_address = lib->next_address < 127 ? lib->next_address + 1 : 1;
    d->address = lib->next_address;
    return true;
}

static bool filter(struct usb_device_handle_s *d)
{
    uint8_t value = 1;
    if (!double_library.filter) // CONFIG_USB_HOST_ENABLE_ENUM_FILTER_CALLBACK is on
        return false;
    if (!double_library.filter(&d->desc, &value))
        return false;
    config_index = value > 0 ? value - 1 : 0;
    return value > 0 && value <= d->desc.bNumConfigurations;
}

static bool get_config(struct usb_device_handle_s *d)
{
    uint8_t head[USB_CONFIG_DESC_SIZE];
    if (get_descriptor(d, USB_DT_CONFIG, config_index, 0, head, sizeof head) < 8)
        return false;
    uint16_t size = base_get_le16(head + 2);
    d->config = size >= sizeof head ? calloc(1, size) : NULL;
    return d->config && get_descriptor(d, USB_DT_CONFIG, config_index, 0, d->config, size) == size;
}

static bool get_short_config(struct usb_device_handle_s *d)
{
    uint8_t head[8];
    return get_descriptor(d, USB_DT_CONFIG, config_index, 0, head, sizeof head) == sizeof head &&
           head[1] == USB_DT_CONFIG && base_get_le16(head + 2) <= DOUBLE_CONTROL_MAX;
}

// A device without strings is enumerated without them.
static bool get_languages(struct usb_device_handle_s *d)
{
    uint8_t list[255];
    int n = get_descriptor(d, USB_DT_STRING, 0, 0, list, sizeof list);
    has_english = false;
    for (int at = 2; at + 1 < n; at += 2)
        has_english |= base_get_le16(list + at) == LANGID_ENGLISH;
    return true;
}

static bool get_string(struct usb_device_handle_s *d, unsigned which, uint8_t index)
{
    uint8_t bytes[255];
    int n = index && has_english
                ? get_descriptor(d, USB_DT_STRING, index, LANGID_ENGLISH, bytes, sizeof bytes)
                : -1;
    if (n < USB_STR_DESC_SIZE || bytes[0] != n || bytes[1] != USB_DT_STRING)
        return true;
    d->string[which] = calloc(1, (size_t)n);
    if (!d->string[which])
        return false;
    memcpy(d->string[which], bytes, (size_t)n);
    return true;
}

static bool set_configuration(struct usb_device_handle_s *d)
{
    uint8_t value = d->config[5];
    if (!d->port || d->port->dead)
        return false;
    return d->port->device->config == value || sim_state_set_config(d->port, value);
}

static bool step(struct usb_device_handle_s *d)
{
    switch ((enum step)d->step) {
    case STEP_SHORT_DEVICE:
        return get_device(d, 8);
    case STEP_SECOND_RESET:
        return d->port != NULL;
    case STEP_SET_ADDRESS:
        return d->port && !d->port->dead && set_address(d);
    case STEP_DEVICE:
        return get_device(d, USB_DEVICE_DESC_SIZE);
    case STEP_FILTER:
        return filter(d);
    case STEP_SHORT_CONFIG:
        return get_short_config(d);
    case STEP_CONFIG:
        return get_config(d);
    case STEP_LANGUAGES:
        return get_languages(d);
    case STEP_MANUFACTURER:
        return get_string(d, 0, d->desc.iManufacturer);
    case STEP_PRODUCT:
        return get_string(d, 1, d->desc.iProduct);
    case STEP_SERIAL:
        return get_string(d, 2, d->desc.iSerialNumber);
    case STEP_SET_CONFIGURATION:
        return set_configuration(d);
    default:
        return true;
    }
}

// The hub driver takes it: its status endpoint costs a channel.
static bool hub_starts(struct usb_device_handle_s *d)
{
    d->is_hub = d->desc.bDeviceClass == USB_CLASS_HUB;
    if (!d->is_hub || !double_take_channel(d->root))
        return false;
    d->hub_running = true;
    d->open_count++;
    return true;
}

static void complete(struct usb_device_handle_s *d)
{
    d->enum_lock = false;
    d->configured = true;
    double_device_close(d);
    double_library.enumerating = NULL;
    double_library.event = true;
    double_device_act(d, ACTION_NEW_DEVICE);
    (void)hub_starts(d);
}

// The port is disabled. On a hub the device is forgotten; on a root port it stays, useless, until
// it is pulled.
void double_enum_cancel(void)
{
    struct usb_device_handle_s *d = double_library.enumerating;
    if (!d)
        return;
    double_library.enumerating = NULL;
    d->enum_lock = false;
    d->socket->failed = true;
    double_device_close(d);
    if (d->hub && !d->gone)
        double_device_remove(d);
    double_library.event = true;
}

bool double_enum_step(void)
{
    struct usb_device_handle_s *d = double_library.enumerating;
    if (!d)
        return false;
    if (!step(d)) {
        double_enum_cancel();
        return true;
    }
    if (d->step++ == STEP_COMPLETE)
        complete(d);
    double_library.event = true;
    return true;
}
