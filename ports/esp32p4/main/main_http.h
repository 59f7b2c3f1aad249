// SPDX-License-Identifier: Apache-2.0
// HTTP with what only the firmware knows of the box.
#pragma once

#include "main.h"

// What goes wrong is logged; the server works without HTTP.
void main_http_start(struct firmware *f);

// For /api/v1/status; `firmware` is a struct firmware. Loop task.
void main_http_facts(void *firmware, struct api_port_facts *facts);
