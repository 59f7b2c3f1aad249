// SPDX-License-Identifier: Apache-2.0
// The USB host library's header, beside the core's: both have enumerators USB_SPEED_*, and the
// library has macros for class codes that the core has as an enum. So the core's come first, and
// the library's speeds get another name here. Nobody else includes "usb/usb_host.h".
#pragma once

#include "usb/usb_descriptor.h"

#define USB_SPEED_LOW LIBRARY_SPEED_LOW
#define USB_SPEED_FULL LIBRARY_SPEED_FULL
#define USB_SPEED_HIGH LIBRARY_SPEED_HIGH
#include "usb/usb_host.h"
#undef USB_SPEED_LOW
#undef USB_SPEED_FULL
#undef USB_SPEED_HIGH
