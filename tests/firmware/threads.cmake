# SPDX-License-Identifier: Apache-2.0
# Where threads meet on the chip; also under the thread sanitizer.
usbip_tests(firmware_thread_tests SOURCES threads_device_test.c LIBS device_usb_host_on_double)
