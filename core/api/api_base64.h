// SPDX-License-Identifier: Apache-2.0
// What Basic has (RFC 7617). Any thread.
#pragma once

#include <stdbool.h>

enum { API_BASE64_MAX = 192 }; // bytes of the text, and its NUL

// False: it is none, too long, or has a NUL.
bool api_base64_text(const char *digits, char text[API_BASE64_MAX]);
