// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    volatile union {
        struct {
            uint32_t fslspclksel : 2;
            uint32_t fslssupp : 1;
            uint32_t reserved : 29;
        };
        uint32_t val;
    } hcfg_reg;
    volatile union {
        struct {
            uint32_t xfersizewidth : 4;
            uint32_t pktsizewidth : 3;
            uint32_t reserved : 25;
        };
        uint32_t val;
    } ghwcfg3_reg;
} usb_dwc_dev_t;

extern usb_dwc_dev_t USB_DWC_HS, USB_DWC_FS;

#define USB_DWC_LL_GET_HW(num) (((num) == 1) ? &USB_DWC_FS : &USB_DWC_HS)

void usb_dwc_ll_hcfg_set_fsls_supp_only(usb_dwc_dev_t *hw);
bool usb_dwc_ll_hprt_get_conn_status(usb_dwc_dev_t *hw);
