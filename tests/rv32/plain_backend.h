// SPDX-License-Identifier: Apache-2.0
// Devices that do nothing but keep their URBs, or give them back at once: what is measured is the
// core. What does not work ends the program. One thread.
#pragma once

#include "server/server.h"
#include "wire/wire_op.h"

#include <stdbool.h>
#include <stdint.h>

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            plain_backend_failed(__FILE__, __LINE__, #condition);                                  \
    } while (0)
_Noreturn void plain_backend_failed(const char *file, int line, const char *condition);

enum { PLAIN_DEVICES_MAX = 32, PLAIN_EVENTS = 4 * PLAIN_DEVICES_MAX };

struct plain_backend {
    struct usbip_backend backend;
    bool keeps; // URBs, for ever
    uint32_t urbs;
    struct usb_device_info info[PLAIN_DEVICES_MAX];
    struct backend_event events[PLAIN_EVENTS];
    unsigned first, end;
};

// `devices` of them, 1-1 and so on, at high speed with that configuration. Borrows it for ever, as
// nothing of this is freed.
struct plain_backend *plain_backend_create(unsigned devices, struct base_span config, bool keeps);

// OP_REQ_IMPORT for one of them, by its place in `info`.
void plain_backend_import(uint8_t bytes[WIRE_OP_IMPORT_SIZE], const struct plain_backend *b,
                          unsigned index);
