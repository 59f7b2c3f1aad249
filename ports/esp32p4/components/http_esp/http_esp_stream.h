// SPDX-License-Identifier: Apache-2.0
// How a connection that stays gets to the loop thread, and comes back from it.
#pragma once

#include "http_esp_conn.h"

// After http_esp_conn_stay(); `stream` has its socket, kind and cursor. Not on the loop thread.
void http_esp_stream_begin(struct posix_streams *streams, struct http_esp_conn *c);

// All that are open, and all that still come. Not on the loop thread.
void http_esp_stream_end_all(struct posix_streams *streams);
