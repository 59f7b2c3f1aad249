# SPDX-License-Identifier: Apache-2.0
# ESP-IDF's headers and basics for all parts, with the firmware's own configuration.

# Writes FOLDER/sdkconfig.h when cmake runs, so that clang-tidy finds it without a build. What
# follows are options that differ: NAME=VALUE.
function(firmware_sdkconfig folder)
  set(port ${CMAKE_SOURCE_DIR}/ports/esp32p4)
  set(script ${CMAKE_SOURCE_DIR}/tests/firmware/sdkconfig.awk)
  set(from ${port}/main/Kconfig.projbuild ${port}/sdkconfig.defaults ${port}/sdkconfig.rev_lt3)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${script} ${from})
  list(JOIN ARGN " " differs)
  execute_process(COMMAND awk -v "set=${differs}" -f ${script} ${from} OUTPUT_VARIABLE header
    COMMAND_ERROR_IS_FATAL ANY)
  file(CONFIGURE OUTPUT ${folder}/sdkconfig.h CONTENT "${header}" @ONLY) # keeps what is the same
endfunction()

firmware_sdkconfig(${CMAKE_BINARY_DIR}/sdkconfig ESP_CONSOLE_UART_NUM=0)
add_library(firmware_idf STATIC ${CMAKE_CURRENT_SOURCE_DIR}/idf_double.c)
target_include_directories(firmware_idf PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/idf
  ${CMAKE_BINARY_DIR}/sdkconfig)
target_compile_definitions(firmware_idf PRIVATE _GNU_SOURCE)
find_package(Threads REQUIRED)
target_link_libraries(firmware_idf PUBLIC Threads::Threads)
