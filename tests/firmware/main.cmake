# SPDX-License-Identifier: Apache-2.0
# All of the firmware in one program, with simulated devices.
set(port ${CMAKE_SOURCE_DIR}/ports/esp32p4)
file(GLOB main_sources CONFIGURE_DEPENDS ${port}/main/*.c ${port}/components/board/*.c
  ${port}/components/console_esp/*.c ${port}/components/http_esp/*.c ${port}/components/network/*.c
  ${port}/components/crypto_mbedtls/*.c ${port}/components/store_nvs/*.c)
list(FILTER main_sources EXCLUDE REGEX board_dma) # registers of the chip
file(GLOB main_doubles CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/network_double*.c)
firmware_sdkconfig(${CMAKE_BINARY_DIR}/sdkconfig_main ESP_CONSOLE_UART_NUM=0 USBIP_TCP_PORT=0
  USBIP_BUTTON_GPIO=20 USBIP_SIM_DEVICES=y USBIP_HOSTNAME="no_host_name"
  USBIP_VBUS_HS_GPIO=35 USBIP_VBUS_FS_GPIO=21)
usbip_tests(firmware_main_tests SOURCES ${main_sources} ${main_doubles} main_test.c lwip_time_test.c
  console_double.c crypto_double.c gpio_double.c http_double.c main_backup.c main_login.c mbedtls_double.c nvs_double.c task_double.c ../port/usbip_client.c
  ../port/child.c ../port/hanging_calls.c ../port/http_client.c ../port/program_rig.c ../port/settings_folder.c
  ../support/tcp_client.c
  LIBS gnutls mbedcrypto device_usb_host_on_double usbip_posix usbip_settings usbip_sim usbip_web firmware_idf)
target_include_directories(firmware_main_tests BEFORE PRIVATE ${CMAKE_BINARY_DIR}/sdkconfig_main)
target_include_directories(firmware_main_tests PRIVATE . ${port}/main ${port}/components/board
  ${port}/components/console_esp ${port}/components/http_esp ${port}/components/network
  ${port}/components/crypto_mbedtls ${port}/components/store_nvs)
target_compile_definitions(firmware_main_tests PRIVATE _GNU_SOURCE)
target_link_options(firmware_main_tests PRIVATE -Wl,--wrap=posix_loop_wake -Wl,--wrap=device_usb_host_create
  -Wl,--wrap=network_devices -Wl,--wrap=network_held)
add_dependencies(firmware_main_tests usbip-server) # started as a child process
