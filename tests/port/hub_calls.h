// SPDX-License-Identifier: Apache-2.0
// A hub behind every file to which usbfs's requests are made by this executable's own code: the
// linker puts it in front of ioctl() (--wrap). One for all; a test sets it up anew.
#pragma once

#include <stdint.h>

struct hub_calls {
    uint16_t characteristics;       // wHubCharacteristics
    int error;                      // requests to switch fail with it
    unsigned asked;                 // requests of any kind
    uint32_t off, claimed;          // bits of ports
    unsigned claims, claims_at_off; // at_off: the port was claimed when it was switched off
};

extern struct hub_calls hub_calls;
