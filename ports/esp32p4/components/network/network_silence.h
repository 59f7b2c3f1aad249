// SPDX-License-Identifier: Apache-2.0
// What lwIP knows of a TCP peer that is silent: posix_loop_config.heard on the chip, which has no
// TCP_INFO. Checked against the names of lwIP 2.1.3-esp and of 2.2: struct lwip_sock, netconn,
// tcp_pcb.
#pragma once

#include "session/session.h"

#include <stdbool.h>
#include <stdint.h>

// The loop's thread, whose socket it is. False: TCP has given the connection up already.
bool network_silence_heard(int fd, uint64_t now_us, struct session_heard *h);
