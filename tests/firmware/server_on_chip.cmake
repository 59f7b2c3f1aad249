# SPDX-License-Identifier: Apache-2.0
# For tests/system: the product with the chip's device backend, on its double, in place of libusb's.
add_executable(server_on_chip server_on_chip.c $<TARGET_OBJECTS:usbip_program>)
target_compile_definitions(server_on_chip PRIVATE _GNU_SOURCE)
target_link_libraries(server_on_chip PRIVATE device_usb_host_on_double usbip_linux usbip_web)
