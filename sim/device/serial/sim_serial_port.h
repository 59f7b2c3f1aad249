// SPDX-License-Identifier: Apache-2.0
// One port of a simulated serial device: its data and its line. Loop thread.
#pragma once

#include "sim/device/sim_echo.h"
#include "sim_serial.h"

enum {
    SIM_SERIAL_DATA_PACKET = 64,
    SIM_SERIAL_NOTICE_PACKET = 16,
    SIM_SERIAL_NOTICES = 16, // kept
    SIM_SERIAL_CODING_SIZE = 7,
};

struct sim_serial_port {
    struct sim_device *device;
    uint8_t interface; // of its notifications
    uint8_t notice_in; // endpoint address
    struct sim_echo data;

    uint8_t coding[SIM_SERIAL_CODING_SIZE]; // as on the wire
    uint8_t lines;                          // DTR, RTS
    uint64_t break_end_us;                  // 0: no break
    uint8_t notice[SIM_SERIAL_NOTICES];     // UART states to tell, oldest first
    unsigned notice_count;
};

// Number `index` of `device`.
void sim_serial_port_init(struct sim_serial_port *p, struct sim_device *device, unsigned index);

// The host comes: empty, lines inactive. And a bus reset: also the line coding.
void sim_serial_port_restart(struct sim_serial_port *p);
void sim_serial_port_reset(struct sim_serial_port *p);

// What sim_device_ops ask of a device; `ep` and the request are this port's.
int sim_serial_port_in(struct sim_serial_port *p, uint8_t ep, uint8_t *buf, uint32_t max);
int sim_serial_port_setup(struct sim_serial_port *p, const struct usb_setup *setup, uint8_t *data,
                          uint32_t len);

void sim_serial_port_line(const struct sim_serial_port *p, struct sim_serial_line *line);
