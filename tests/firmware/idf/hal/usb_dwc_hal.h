// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware and the double use of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t rx_fifo_lines;
    uint32_t nptx_fifo_lines;
    uint32_t ptx_fifo_lines;
} usb_dwc_hal_fifo_config_t;

typedef struct {
    usb_dwc_hal_fifo_config_t fifo_config;
    struct {
        unsigned chan_num_total;
        unsigned hsphy_type;
        unsigned fifo_size;
    } constant_config;
} usb_dwc_hal_context_t;

bool usb_dwc_hal_fifo_config_is_valid(const usb_dwc_hal_context_t *hal,
                                      const usb_dwc_hal_fifo_config_t *config);
void usb_dwc_hal_set_fifo_config(usb_dwc_hal_context_t *hal,
                                 const usb_dwc_hal_fifo_config_t *config);
