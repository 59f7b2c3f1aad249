// SPDX-License-Identifier: Apache-2.0
// What the library is shown of a device's configuration. It claims an interface as its own copy of
// the configuration has it, which is that of the enumeration, unmended and with every endpoint; so
// while it claims, it is given a short configuration instead: this setting of this interface, with
// the endpoints that are to be served. Two functions of the library that read its copy are replaced
// for that by the linker, see CMakeLists.txt. Client task.
#pragma once

#include "device_library.h"
#include "usb/usb_config.h"

// Borrowed by the library from the claim to the release. NULL: no memory. Freed with
// heap_caps_free().
usb_config_desc_t *device_view_create(uint8_t interface, uint8_t alternate,
                                      const struct usb_endpoint *ep, unsigned count);

// usb_host_interface_claim() of it.
esp_err_t device_view_claim(usb_host_client_handle_t client, usb_device_handle_t device,
                            const usb_config_desc_t *view);
