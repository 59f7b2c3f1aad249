# SPDX-License-Identifier: Apache-2.0
set(http_esp ${CMAKE_SOURCE_DIR}/ports/esp32p4/components/http_esp)
usbip_tests(firmware_http_tests SOURCES ${http_esp}/http_esp.c ${http_esp}/http_esp_path.c
  http_double.c http_esp_test.c ../port/port_rig.c ../port/usbip_client.c
  ../support/tcp_client.c LIBS usbip_posix usbip_sim firmware_idf)
target_include_directories(firmware_http_tests PRIVATE ${http_esp})
target_compile_definitions(firmware_http_tests PRIVATE _GNU_SOURCE)
