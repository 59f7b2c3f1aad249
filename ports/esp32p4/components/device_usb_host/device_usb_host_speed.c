// SPDX-License-Identifier: Apache-2.0
#include "device_usb_host_speed.h"

#include "freertos/FreeRTOS.h"
#include "hal/usb_dwc_ll.h"

// The library's interrupt handler writes the same register (HCFG); it runs on this core.
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;

void device_usb_host_speed_full_only(void)
{
    usb_dwc_dev_t *controller = USB_DWC_LL_GET_HW(0);
    if (controller->hcfg_reg.fslssupp)
        return;
    portENTER_CRITICAL(&lock);
    usb_dwc_ll_hcfg_set_fsls_supp_only(controller);
    portEXIT_CRITICAL(&lock);
}

// GHWCFG3 has the width of the counter, 4 bits and up.
unsigned device_usb_host_packets_max(unsigned port)
{
    return (1u << (4 + USB_DWC_LL_GET_HW(port)->ghwcfg3_reg.pktsizewidth)) - 1;
}

bool device_usb_host_root_connected(unsigned port)
{
    return usb_dwc_ll_hprt_get_conn_status(USB_DWC_LL_GET_HW(port));
}
