// SPDX-License-Identifier: Apache-2.0
// What headers say. Any thread.
#pragma once

#include <stdbool.h>

bool api_header_same(const char *a, const char *b); // in any case

// "h2c, WebSocket" has "websocket".
bool api_header_has(const char *value, const char *token);
