// SPDX-License-Identifier: Apache-2.0
// What class codes mean, in words (usb.org, "Defined Class Codes"). Pure functions, any thread.
#pragma once

#include <stdint.h>

// "Mass storage, SCSI, bulk only"; NULL: not known.
const char *usb_class_name(uint8_t class, uint8_t subclass, uint8_t protocol);

// In one word what somebody would call it: "storage", "keyboard", "serial", "audio", "camera",
// "printer", "network", "debug", "hub", "key"; NULL: the codes do not say.
const char *usb_class_kind(uint8_t class, uint8_t subclass, uint8_t protocol);
