# SPDX-License-Identifier: Apache-2.0
# The secret document on the chip, from its start to a factory reset; here with a code for the set-up.
set(crypto ${CMAKE_SOURCE_DIR}/ports/esp32p4/components/crypto_mbedtls)
set(port ${CMAKE_SOURCE_DIR}/ports/esp32p4)
firmware_sdkconfig(${CMAKE_BINARY_DIR}/sdkconfig_users USBIP_SETUP_CODE=y)
usbip_tests(firmware_users_tests SOURCES main_users_test.c crypto_double.c nvs_double.c
  ${crypto}/crypto_mbedtls.c ${port}/components/store_nvs/store_nvs.c ${port}/main/main_users.c
  LIBS mbedcrypto usbip_users usbip_settings usbip_posix usbip_core firmware_idf)
target_include_directories(firmware_users_tests BEFORE PRIVATE ${CMAKE_BINARY_DIR}/sdkconfig_users)
target_include_directories(firmware_users_tests PRIVATE . ${crypto} ${port}/components/store_nvs ${port}/main)
target_compile_definitions(firmware_users_tests PRIVATE _GNU_SOURCE)
