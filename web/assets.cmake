# SPDX-License-Identifier: Apache-2.0
# Sets web_assets to the source of the dashboard's files, made where node and npm are there; nothing
# here installs them. For both ports.
find_program(USBIP_NODE node)
find_program(USBIP_NPM npm)
set(web ${CMAKE_CURRENT_LIST_DIR})

if(USBIP_NODE AND USBIP_NPM)
  file(GLOB web_sources CONFIGURE_DEPENDS ${web}/src/*)
  set(web_assets ${CMAKE_CURRENT_BINARY_DIR}/web_assets.c)
  add_custom_command(OUTPUT ${web_assets}
    COMMAND ${web}/make ${CMAKE_CURRENT_BINARY_DIR} --or-none
    DEPENDS ${web_sources} ${web}/make ${web}/build.mjs ${web}/package-lock.json
    COMMENT "Building the dashboard" VERBATIM)
else()
  set(web_assets ${web}/web_assets_none.c)
endif()
