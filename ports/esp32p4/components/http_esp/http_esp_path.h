// SPDX-License-Identifier: Apache-2.0
// The path of a request's target, as the routes want it. Pure function.
#pragma once

#include <stdbool.h>

enum { HTTP_ESP_PATH_SIZE = 256 }; // with NUL; no route is as long

// Takes the query and the fragment off and decodes %XX, once. *query: what is behind the question
// mark, in `uri`; "" if there is none. False: a bad escape, a NUL, or too long.
bool http_esp_path(const char *uri, char path[HTTP_ESP_PATH_SIZE], const char **query);
