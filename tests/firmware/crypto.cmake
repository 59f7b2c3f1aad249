# SPDX-License-Identifier: Apache-2.0
# The firmware's cryptography, on Debian's mbedTLS.
set(crypto ${CMAKE_SOURCE_DIR}/ports/esp32p4/components/crypto_mbedtls)
usbip_tests(firmware_crypto_tests SOURCES crypto_mbedtls_test.c crypto_double.c ../port/crypto_test.c
  ${crypto}/crypto_mbedtls.c LIBS mbedcrypto usbip_users usbip_posix usbip_core firmware_idf)
target_include_directories(firmware_crypto_tests PRIVATE ${crypto})
target_compile_definitions(firmware_crypto_tests PRIVATE _GNU_SOURCE)
