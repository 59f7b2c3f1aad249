// SPDX-License-Identifier: Apache-2.0
// The console commands that show what the server is and does. Loop thread.
#pragma once

#include "console_commands.h"

void console_state_summary(const struct console_port *port, struct base_text *t);
void console_state_devices(const struct console_port *port, struct base_text *t);

// The last `n` events, oldest first.
void console_state_events(const struct console_port *port, unsigned n, struct base_text *t);
