# SPDX-License-Identifier: Apache-2.0
set(http_esp ${CMAKE_SOURCE_DIR}/ports/esp32p4/components/http_esp)
file(GLOB http_esp_sources CONFIGURE_DEPENDS ${http_esp}/*.c)
usbip_tests(firmware_http_tests SOURCES ${http_esp_sources}
  http_double.c mbedtls_double.c http_esp_test.c ../port/port_rig.c ../port/usbip_client.c
  ../support/tcp_client.c LIBS gnutls usbip_posix usbip_sim firmware_idf)
target_include_directories(firmware_http_tests PRIVATE ${http_esp})
target_compile_definitions(firmware_http_tests PRIVATE _GNU_SOURCE)

# The tests of all adapters, with other routes in place of the server's.
usbip_tests(firmware_http_adapter_tests SOURCES ${http_esp_sources}
  http_double.c http_adapter_esp.c mbedtls_double.c ../http/http_adapter_test.c
  ../http/http_fake_api.c ../http/http_form_test.c ../http/http_job_test.c ../http/http_live_test.c ../http/http_stream_test.c ../port/port_rig.c
  ../port/usbip_client.c ../support/tcp_client.c LIBS gnutls usbip_posix usbip_sim firmware_idf)
target_include_directories(firmware_http_adapter_tests PRIVATE ${http_esp})
target_compile_definitions(firmware_http_adapter_tests PRIVATE _GNU_SOURCE)
