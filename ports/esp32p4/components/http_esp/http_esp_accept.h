// SPDX-License-Identifier: Apache-2.0
// The proof that a server has understood a WebSocket's request (RFC 6455 4.2.2). Pure function.
#pragma once

#include <stdbool.h>

enum { HTTP_ESP_ACCEPT_SIZE = 33 }; // with NUL, as the library for it wants it

// `key`: Sec-WebSocket-Key, NULL if there is none. False: that is no key.
bool http_esp_accept(const char *key, char accept[HTTP_ESP_ACCEPT_SIZE]);
