# SPDX-License-Identifier: Apache-2.0
# Network, button and VBUS of the firmware, on doubles of what they use.
set(network ${CMAKE_SOURCE_DIR}/ports/esp32p4/components/network)
set(network_board ${CMAKE_SOURCE_DIR}/ports/esp32p4/components/board)
file(GLOB network_double CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/network_double*.c)
file(GLOB network_sources CONFIGURE_DEPENDS ${network}/*.c)
file(GLOB network_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/network_*.c)
list(REMOVE_ITEM network_tests ${CMAKE_CURRENT_LIST_DIR}/network_thread_test.c)

usbip_tests(firmware_network_tests SOURCES ${network_tests} ${network_sources}
  ${CMAKE_CURRENT_LIST_DIR}/board_button_test.c ${CMAKE_CURRENT_LIST_DIR}/board_dma_test.c
  ${CMAKE_CURRENT_LIST_DIR}/board_vbus_test.c
  ${CMAKE_CURRENT_LIST_DIR}/gpio_double.c
  ${network_board}/board_button.c ${network_board}/board_button_gpio.c ${network_board}/board_dma.c
  ${network_board}/board_vbus.c
  LIBS usbip_posix usbip_core firmware_idf)
usbip_tests(firmware_network_thread_tests SOURCES
  ${CMAKE_CURRENT_LIST_DIR}/network_thread_test.c ${network_double} ${network_sources}
  LIBS usbip_posix usbip_core firmware_idf)
target_link_options(firmware_network_tests PRIVATE -Wl,--wrap=posix_calls_wake)
foreach(target firmware_network_tests firmware_network_thread_tests)
  target_include_directories(${target} PRIVATE ${network} ${network_board})
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
endforeach()
