// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648 section 4): what Basic has (RFC 7617), and bytes in JSON. Any thread.
#pragma once

#include "api/api_json.h"

#include <stdbool.h>

enum { API_BASE64_MAX = 192 }; // bytes of the text, and its NUL

// False: it is none, or has more than `room` bytes.
bool api_base64_bytes(const char *digits, uint8_t *bytes, size_t room, size_t *size);

// False: it is none, too long, or has a NUL.
bool api_base64_text(const char *digits, char text[API_BASE64_MAX]);

// The bytes as a text.
void api_base64_add(struct api_json *j, const char *name, const uint8_t *bytes, size_t size);
