# SPDX-License-Identifier: Apache-2.0
# The device backend of the chip on the double of its USB host library: its own tests, and the
# suites that every backend passes.
find_package(Threads REQUIRED)
file(GLOB usb_host_double_sources CONFIGURE_DEPENDS usb_host_double.c usb_host_double_claim.c
  usb_host_double_device.c usb_host_double_enum.c usb_host_double_hub.c usb_host_double_lib.c
  usb_host_double_pipe.c usb_host_double_transfer.c)
add_library(usb_host_double STATIC ${usb_host_double_sources})
target_compile_definitions(usb_host_double PUBLIC _GNU_SOURCE)
target_include_directories(usb_host_double PUBLIC idf)
target_link_libraries(usb_host_double PUBLIC usbip_sim Threads::Threads)

file(GLOB usb_host_tests CONFIGURE_DEPENDS usb_*_test.c)
usbip_tests(firmware_tests SOURCES ${usb_host_tests} LIBS usb_host_double)
