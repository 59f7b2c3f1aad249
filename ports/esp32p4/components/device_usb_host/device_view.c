// SPDX-License-Identifier: Apache-2.0
#include "device_view.h"

#include "esp_heap_caps.h"
#include "usb/usb_helpers.h"

#include <string.h>

enum { AT_INTERFACE = USB_DT_CONFIG_SIZE, AT_ENDPOINTS = AT_INTERFACE + USB_DT_INTERFACE_SIZE };

// --- in the library's way ------------------------------------------------------------------------

// Of usbh.c and usb_helpers.c; usb_host.c calls the first for a claim, usbh.c the second, with its
// own copy, for each endpoint of it.
esp_err_t __real_usbh_dev_get_config_desc(usb_device_handle_t device,
                                          const usb_config_desc_t **config);
esp_err_t __wrap_usbh_dev_get_config_desc(usb_device_handle_t device,
                                          const usb_config_desc_t **config);
const usb_ep_desc_t *
__real_usb_parse_endpoint_descriptor_by_address(const usb_config_desc_t *config, uint8_t interface,
                                                uint8_t alternate, uint8_t address, int *offset);
const usb_ep_desc_t *
__wrap_usb_parse_endpoint_descriptor_by_address(const usb_config_desc_t *config, uint8_t interface,
                                                uint8_t alternate, uint8_t address, int *offset);

// Neither is told for whom: so this task's claim. The daemon task asks the same of hubs meanwhile.
static _Thread_local const usb_config_desc_t *claimed;

esp_err_t __wrap_usbh_dev_get_config_desc(usb_device_handle_t device,
                                          const usb_config_desc_t **config)
{
    if (!claimed)
        return __real_usbh_dev_get_config_desc(device, config);
    *config = claimed;
    return ESP_OK;
}

const usb_ep_desc_t *
__wrap_usb_parse_endpoint_descriptor_by_address(const usb_config_desc_t *config, uint8_t interface,
                                                uint8_t alternate, uint8_t address, int *offset)
{
    return __real_usb_parse_endpoint_descriptor_by_address(claimed ? claimed : config, interface,
                                                           alternate, address, offset);
}

// --- views ---------------------------------------------------------------------------------------

static void put_endpoint(uint8_t at[USB_DT_ENDPOINT_SIZE], const struct usb_endpoint *ep)
{
    unsigned further = ep->packets_per_interval - 1u;
    at[0] = USB_DT_ENDPOINT_SIZE;
    at[1] = USB_DT_ENDPOINT;
    at[2] = ep->address;
    at[3] = ep->type;
    base_put_le16(at + 4, (uint16_t)(ep->max_packet_size | further << 11));
    at[6] = ep->bInterval;
}

usb_config_desc_t *device_view_create(uint8_t interface, uint8_t alternate,
                                      const struct usb_endpoint *ep, unsigned count)
{
    size_t size = AT_ENDPOINTS + (size_t)count * USB_DT_ENDPOINT_SIZE;
    uint8_t *bytes = heap_caps_calloc(1, size, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    if (!bytes)
        bytes = heap_caps_calloc(1, size, MALLOC_CAP_8BIT);
    if (!bytes)
        return NULL;
    const uint8_t config[] = {USB_DT_CONFIG_SIZE, USB_DT_CONFIG, 0, 0, 1, 1, 0, 0x80, 0};
    const uint8_t setting[] = {USB_DT_INTERFACE_SIZE, USB_DT_INTERFACE, interface, alternate,
                               (uint8_t)count};
    memcpy(bytes, config, sizeof config);
    base_put_le16(bytes + 2, (uint16_t)size);
    memcpy(bytes + AT_INTERFACE, setting, sizeof setting);
    for (unsigned i = 0; i < count; i++)
        put_endpoint(bytes + AT_ENDPOINTS + i * USB_DT_ENDPOINT_SIZE, &ep[i]);
    return (usb_config_desc_t *)bytes;
}

esp_err_t device_view_claim(usb_host_client_handle_t client, usb_device_handle_t device,
                            const usb_config_desc_t *view)
{
    const uint8_t *setting = (const uint8_t *)view + AT_INTERFACE;
    claimed = view;
    esp_err_t err = usb_host_interface_claim(client, device, setting[2], setting[3]);
    claimed = NULL;
    return err;
}
