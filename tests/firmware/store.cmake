# SPDX-License-Identifier: Apache-2.0
# The firmware's settings store, reset and serial console, on doubles of what they use.
set(components ${CMAKE_SOURCE_DIR}/ports/esp32p4/components)
usbip_tests(firmware_store_tests SOURCES
  board_reset_test.c console_esp_test.c console_test.c store_nvs_test.c
  console_double.c nvs_double.c reset_double.c
  ../support/settings_rig.c ../support/stage.c ../support/stage_backend_sim.c
  ../support/stage_client.c
  ${components}/board/board_reset.c ${components}/board/board_restart.c
  ${components}/console_esp/console_commands.c ${components}/console_esp/console_esp.c
  ${components}/console_esp/console_state.c ${components}/console_esp/console_text.c
  ${components}/store_nvs/store_nvs.c
  LIBS usbip_sim usbip_users usbip_settings usbip_core firmware_idf)
target_include_directories(firmware_store_tests PRIVATE . ${components}/board
  ${components}/console_esp ${components}/store_nvs)
target_compile_definitions(firmware_store_tests PRIVATE _GNU_SOURCE)
target_link_options(firmware_store_tests PRIVATE -Wl,--wrap=usleep)
