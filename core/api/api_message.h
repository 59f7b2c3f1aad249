// SPDX-License-Identifier: Apache-2.0
// Messages of streams. Loop thread.
#pragma once

#include "api/api.h"

// With one user. Takes `text`, NUL-terminated. NULL: no memory, or `text` was NULL.
struct api_message *api_message_of(char *text);
