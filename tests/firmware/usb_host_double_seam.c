// SPDX-License-Identifier: Apache-2.0
// What the firmware's linker replaces, in an object of its own as in the library: how
// configurations are read (usbh.c, usb_helpers.c), and how a controller's memory is divided
// (usb_dwc_hal.c).
#include "tests/firmware/usb_host_double_state.h"

#include "hal/usb_dwc_hal.h"
#include "usb/usb_helpers.h"

bool usb_dwc_hal_fifo_config_is_valid(const usb_dwc_hal_context_t *hal,
                                      const usb_dwc_hal_fifo_config_t *config)
{
    return config->rx_fifo_lines + config->nptx_fifo_lines + config->ptx_fifo_lines <=
           hal->constant_config.fifo_size;
}

void usb_dwc_hal_set_fifo_config(usb_dwc_hal_context_t *hal,
                                 const usb_dwc_hal_fifo_config_t *config)
{
    if (!usb_dwc_hal_fifo_config_is_valid(hal, config))
        double_fail("the HAL asserts: FIFOs of more than %u lines", hal->constant_config.fifo_size);
    hal->fifo_config = *config;
}

esp_err_t usbh_dev_get_config_desc(usb_device_handle_t device, const usb_config_desc_t **config)
{
    *config = (const usb_config_desc_t *)double_device(device)->config;
    return ESP_OK;
}

static void begin(struct usb_walk *w, const usb_config_desc_t *config)
{
    const struct base_span bytes = {(const uint8_t *)config, config->wTotalLength};
    usb_walk_begin(w, bytes, USB_SPEED_UNKNOWN);
}

const uint8_t *double_find_setting(const usb_config_desc_t *config, uint8_t number,
                                   uint8_t alternate)
{
    struct usb_walk w;
    begin(&w, config);
    while (usb_walk_next(&w)) {
        const uint8_t *d = w.descriptor.data;
        if (d[1] == USB_DT_INTERFACE && d[2] == number && d[3] == alternate)
            return d;
    }
    return NULL;
}

const uint8_t *double_find_endpoint(const usb_config_desc_t *config, const uint8_t *setting,
                                    unsigned index)
{
    struct usb_walk w;
    bool inside = false;
    begin(&w, config);
    while (usb_walk_next(&w)) {
        const uint8_t *d = w.descriptor.data;
        if (d[1] == USB_DT_INTERFACE)
            inside = d == setting;
        if (inside && d[1] == USB_DT_ENDPOINT && w.descriptor.size >= USB_DT_ENDPOINT_SIZE &&
            index-- == 0)
            return d;
    }
    return NULL;
}

const usb_ep_desc_t *usb_parse_endpoint_descriptor_by_address(const usb_config_desc_t *config_desc,
                                                              uint8_t bInterfaceNumber,
                                                              uint8_t bAlternateSetting,
                                                              uint8_t bEndpointAddress, int *offset)
{
    const uint8_t *setting = double_find_setting(config_desc, bInterfaceNumber, bAlternateSetting);
    (void)offset;
    for (unsigned i = 0; setting && i < setting[4]; i++) {
        const uint8_t *d = double_find_endpoint(config_desc, setting, i);
        if (!d || d[2] == bEndpointAddress)
            return (const usb_ep_desc_t *)d;
    }
    return NULL;
}
