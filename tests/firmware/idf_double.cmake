# SPDX-License-Identifier: Apache-2.0
# ESP-IDF's headers and basics for all parts, with the firmware's own configuration.
set(firmware ${CMAKE_SOURCE_DIR}/ports/esp32p4)
set(sdkconfig ${CMAKE_BINARY_DIR}/sdkconfig/sdkconfig.h)
set(sdkconfig_from ${firmware}/main/Kconfig.projbuild ${firmware}/sdkconfig.defaults
  ${firmware}/sdkconfig.rev_lt3)
add_custom_command(OUTPUT ${sdkconfig}
  COMMAND mkdir -p ${CMAKE_BINARY_DIR}/sdkconfig
  COMMAND awk -f ${CMAKE_CURRENT_SOURCE_DIR}/sdkconfig.awk ${sdkconfig_from} > ${sdkconfig}
  DEPENDS ${sdkconfig_from} ${CMAKE_CURRENT_SOURCE_DIR}/sdkconfig.awk)
add_custom_target(firmware_sdkconfig DEPENDS ${sdkconfig})

add_library(firmware_idf STATIC ${CMAKE_CURRENT_SOURCE_DIR}/idf_double.c)
add_dependencies(firmware_idf firmware_sdkconfig)
target_include_directories(firmware_idf PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/idf
  ${CMAKE_BINARY_DIR}/sdkconfig)
target_compile_definitions(firmware_idf PRIVATE _GNU_SOURCE)
find_package(Threads REQUIRED)
target_link_libraries(firmware_idf PUBLIC Threads::Threads)
