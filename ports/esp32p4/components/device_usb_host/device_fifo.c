// SPDX-License-Identifier: Apache-2.0
#include "device_fifo.h"

#include "hal/usb_dwc_hal.h"

// 896 lines: packets of 1024 bytes each way, and of 1528 bytes for what comes in. 200 lines: 408
// bytes come in, two bulk packets, and isochronous OUT of 256 bytes: stereo at 48 kHz, and some.
struct device_fifo device_fifo(bool full_speed_controller)
{
    if (full_speed_controller)
        return (struct device_fifo){.rx = 104, .nonperiodic = 32, .periodic = 64};
    return (struct device_fifo){.rx = 384, .nonperiodic = 256, .periodic = 256};
}

// Its only caller is the driver's port reset. The linker puts this in between, see CMakeLists.txt.
void __real_usb_dwc_hal_set_fifo_config(usb_dwc_hal_context_t *hal,
                                        const usb_dwc_hal_fifo_config_t *config);
void __wrap_usb_dwc_hal_set_fifo_config(usb_dwc_hal_context_t *hal,
                                        const usb_dwc_hal_fifo_config_t *config);

void __wrap_usb_dwc_hal_set_fifo_config(usb_dwc_hal_context_t *hal,
                                        const usb_dwc_hal_fifo_config_t *config)
{
    struct device_fifo f = device_fifo(hal->constant_config.hsphy_type == 0);
    const usb_dwc_hal_fifo_config_t ours = {
        .rx_fifo_lines = f.rx,
        .nptx_fifo_lines = f.nonperiodic,
        .ptx_fifo_lines = f.periodic,
    };
    bool fits = usb_dwc_hal_fifo_config_is_valid(hal, &ours);
    __real_usb_dwc_hal_set_fifo_config(hal, fits ? &ours : config);
}
