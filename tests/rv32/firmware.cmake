# SPDX-License-Identifier: Apache-2.0
# All sources of the firmware, as the CMakeLists.txt of its components list them, compiled with
# stand-ins for ESP-IDF's headers. Nothing is linked. What is compiled goes to firmware_sources.
set(firmware ${top}/ports/esp32p4)
set(stand_ins ${top}/tests/firmware)
set(CONFIG_USBIP_SIM_DEVICES y)
set(web_assets ${top}/web/web_assets_none.c) # the page needs no chip to be tested

# mbedTLS's headers as well, and nothing else of this machine's.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/mbedtls)
file(CREATE_LINK /usr/include/mbedtls ${CMAKE_BINARY_DIR}/mbedtls/mbedtls SYMBOLIC)

file(GLOB component_folders CONFIGURE_DEPENDS ${firmware}/components/*/CMakeLists.txt)
list(TRANSFORM component_folders REPLACE "/CMakeLists.txt$" "")
set(component_names main)
foreach(folder ${component_folders})
  get_filename_component(name ${folder} NAME)
  list(APPEND component_names ${name})
endforeach()

# An sdkconfig.h without and one with simulated devices and a code for the set-up.
foreach(sim n y)
  set(from ${firmware}/main/Kconfig.projbuild ${firmware}/sdkconfig.defaults
    ${firmware}/sdkconfig.rev_lt3)
  set(header ${CMAKE_BINARY_DIR}/sdkconfig_${sim}/sdkconfig.h)
  add_custom_command(OUTPUT ${header}
    COMMAND mkdir -p ${CMAKE_BINARY_DIR}/sdkconfig_${sim}
    COMMAND awk -f ${stand_ins}/sdkconfig.awk
      -v "set=USBIP_SIM_DEVICES=${sim} USBIP_SETUP_CODE=${sim} ESP_CONSOLE_UART_NUM=0" ${from} > ${header}
    DEPENDS ${from} ${stand_ins}/sdkconfig.awk)
  add_custom_target(sdkconfig_${sim} DEPENDS ${header})
endforeach()

# In place of ESP-IDF's function. Core and simulated devices are compiled already.
function(idf_component_register)
  cmake_parse_arguments(A "" "" "SRCS;INCLUDE_DIRS;PRIV_INCLUDE_DIRS;REQUIRES;PRIV_REQUIRES" ${ARGN})
  if(A_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "idf_component_register: unknown here: ${A_UNPARSED_ARGUMENTS}")
  endif()
  get_filename_component(name ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  set(sources)
  foreach(source ${A_SRCS})
    get_filename_component(path ${source} ABSOLUTE)
    file(RELATIVE_PATH relative ${top} ${path})
    file(APPEND ${CMAKE_BINARY_DIR}/firmware_sources ${relative}\n)
    if(NOT relative MATCHES "^(core|sim)/")
      list(APPEND sources ${path})
    endif()
  endforeach()
  set(target firmware_${name}${variant})
  set(COMPONENT_LIB ${target} PARENT_SCOPE)
  add_library(${target} OBJECT ${sources})
  target_include_directories(${target} PUBLIC ${A_INCLUDE_DIRS} PRIVATE ${A_PRIV_INCLUDE_DIRS})
  foreach(other ${A_REQUIRES} ${A_PRIV_REQUIRES})
    if(other IN_LIST component_names)
      target_link_libraries(${target} PUBLIC firmware_${other})
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES C_STANDARD 17 C_EXTENSIONS ON)
  target_compile_definitions(${target} PRIVATE ESP_PLATFORM _GNU_SOURCE _POSIX_TIMERS
    _POSIX_MONOTONIC_CLOCK)
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/sdkconfig_${sim})
  target_include_directories(${target} SYSTEM PRIVATE /usr/include/cjson ${CMAKE_BINARY_DIR}/mbedtls)
  target_include_directories(${target} PRIVATE ${stand_ins}/idf ${stand_ins}/newlib)
  target_compile_options(${target} PRIVATE ${small_frames})
  add_dependencies(${target} sdkconfig_${sim})
endfunction()

file(WRITE ${CMAKE_BINARY_DIR}/firmware_sources "")
set(variant)
set(sim y)
foreach(folder ${component_folders})
  get_filename_component(name ${folder} NAME)
  add_subdirectory(${folder} firmware/${name})
endforeach()
foreach(sim n y)
  set(variant _sim_${sim})
  set(CONFIG_USBIP_SIM_DEVICES ${sim})
  add_subdirectory(${firmware}/main firmware/main_sim_${sim})
endforeach()
