// SPDX-License-Identifier: Apache-2.0
#include "http_esp_accept.h"

#include "mbedtls/base64.h"
#include "mbedtls/sha1.h"

#include <stdint.h>
#include <string.h>

enum { KEY_SIZE = 24, HASH_SIZE = 20 };

bool http_esp_accept(const char *key, char accept[HTTP_ESP_ACCEPT_SIZE])
{
    uint8_t text[] = "________________________258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t hash[HASH_SIZE];
    size_t written;
    if (!key || strlen(key) != KEY_SIZE)
        return false;
    memcpy(text, key, KEY_SIZE);
    return mbedtls_sha1(text, sizeof text - 1, hash) == 0 &&
           mbedtls_base64_encode((unsigned char *)accept, HTTP_ESP_ACCEPT_SIZE, &written, hash,
                                 sizeof hash) == 0;
}
