// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name (mbedTLS 3.6): what the firmware uses of it. Debian's
// mbedTLS is 2.28, which has all but this function.
#pragma once

#include <mbedtls/md.h>
#include <stddef.h>
#include <stdint.h>

int mbedtls_pkcs5_pbkdf2_hmac_ext(mbedtls_md_type_t md_type, const unsigned char *password,
                                  size_t plen, const unsigned char *salt, size_t slen,
                                  unsigned int iteration_count, uint32_t key_length,
                                  unsigned char *output);
