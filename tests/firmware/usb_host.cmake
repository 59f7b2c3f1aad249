# SPDX-License-Identifier: Apache-2.0
# The device backend of the chip on the double of its USB host library: its own tests, and the
# suites that every backend passes.
find_package(Threads REQUIRED)
file(GLOB usb_host_double_sources CONFIGURE_DEPENDS usb_host_double.c usb_host_double_claim.c
  usb_host_double_device.c usb_host_double_enum.c usb_host_double_hub.c usb_host_double_lib.c
  usb_host_double_pipe.c usb_host_double_seam.c
  usb_host_double_transfer.c)
add_library(usb_host_double STATIC ${usb_host_double_sources})
target_compile_definitions(usb_host_double PUBLIC _GNU_SOURCE)
target_include_directories(usb_host_double PUBLIC idf)
target_link_libraries(usb_host_double PUBLIC usbip_sim Threads::Threads)

# The real backend, on the double.
set(device_usb_host ${CMAKE_SOURCE_DIR}/ports/esp32p4/components/device_usb_host)
file(GLOB device_sources CONFIGURE_DEPENDS ${device_usb_host}/*.c)
list(REMOVE_ITEM device_sources ${device_usb_host}/device_usb_host_speed.c) # a register of the chip
add_library(device_usb_host_on_double STATIC ${device_sources} device_rig.c idf_double.c)
target_include_directories(device_usb_host_on_double PUBLIC ${device_usb_host})
target_link_libraries(device_usb_host_on_double PUBLIC usb_host_double test_check)
# As in the firmware (device_usb_host/CMakeLists.txt).
foreach(replaced usbh_dev_get_config_desc usb_parse_endpoint_descriptor_by_address
    usb_dwc_hal_set_fifo_config)
  target_link_options(device_usb_host_on_double INTERFACE "LINKER:--wrap=${replaced}"
    "LINKER:--undefined=__wrap_${replaced}")
endforeach()

# The double's own tests, and the backend's.
file(GLOB usb_host_tests CONFIGURE_DEPENDS usb_*_test.c device_*_test.c)
list(FILTER usb_host_tests EXCLUDE REGEX device_payload_test) # has a program of its own
usbip_tests(firmware_tests SOURCES ${usb_host_tests} device_world.c usb_host_rig.c
  ../support/rig.c ../support/rig_urb.c ../support/stories.c LIBS device_usb_host_on_double)

# firmware_suite(NAME SUITE SOURCES...): the tests of all backends, with the chip's.
function(firmware_suite name suite)
  usbip_tests(${name} SOURCES ${ARGN} ../support/stage.c ../support/stage_client.c ../support/stage_delay.c
    stage_backend_usb_host.c not_applicable.c LIBS device_usb_host_on_double usbip_sim)
  target_compile_definitions(${name} PRIVATE SUITE="${suite}")
  target_link_options(${name} PRIVATE -Wl,--wrap=sim_plug -Wl,--wrap=sim_unplug
    -Wl,--wrap=sim_replug -Wl,--wrap=sim_find -Wl,--wrap=sim_delay_open
    -Wl,--wrap=sim_delay_close -Wl,--wrap=sim_delay_control)
endfunction()
file(GLOB conformance_suite CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/conformance/*.c)
firmware_suite(firmware_conformance_tests conformance ${conformance_suite}
  ${CMAKE_SOURCE_DIR}/tests/golden/vectors.c ${CMAKE_SOURCE_DIR}/tests/golden/golden.c)
file(GLOB scenario_suite CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/scenario/*.c)
firmware_suite(firmware_scenario_tests scenario ${scenario_suite})

# With real threads, for the thread sanitizer.
usbip_tests(firmware_usb_thread_tests SOURCES threads_test.c ${CMAKE_SOURCE_DIR}/tests/port/usbip_client.c
  ${CMAKE_SOURCE_DIR}/tests/support/threads.c
  ${CMAKE_SOURCE_DIR}/tests/support/tcp_client.c LIBS device_usb_host_on_double usbip_posix)
