# SPDX-License-Identifier: Apache-2.0
usbip_tests(firmware_payload_tests SOURCES device_payload_test.c LIBS device_usb_host_on_double)
