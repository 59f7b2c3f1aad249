# SPDX-License-Identifier: Apache-2.0
# Network, button and VBUS of the firmware, on doubles of what they use.
set(network ${CMAKE_SOURCE_DIR}/ports/esp32p4/components/network)
set(network_board ${CMAKE_SOURCE_DIR}/ports/esp32p4/components/board)
file(GLOB network_sources CONFIGURE_DEPENDS ${network}/*.c)
file(GLOB network_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/network_*.c
  ${CMAKE_CURRENT_LIST_DIR}/board_button_*.c ${CMAKE_CURRENT_LIST_DIR}/board_vbus_*.c
  ${CMAKE_CURRENT_LIST_DIR}/gpio_double.c)
usbip_tests(firmware_network_tests SOURCES ${network_tests} ${network_sources}
  ${network_board}/board_button.c ${network_board}/board_button_gpio.c ${network_board}/board_vbus.c
  LIBS usbip_posix usbip_core firmware_idf)
target_include_directories(firmware_network_tests PRIVATE ${network} ${network_board})
target_compile_definitions(firmware_network_tests PRIVATE _GNU_SOURCE)
