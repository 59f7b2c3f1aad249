// SPDX-License-Identifier: Apache-2.0
// What the system's TCP knows of a peer: whether it is silent, how far away it is. Loop thread.
#pragma once

#include "session/session.h"

#include <stdbool.h>
#include <stdint.h>

// False: it does not tell.
bool posix_silence_heard(int fd, uint64_t now_us, struct session_heard *h);
