// SPDX-License-Identifier: Apache-2.0
// What pages of other sites may do: no changes and no streams. Loop thread.
#pragma once

#include "api/api.h"

// GET, HEAD and OPTIONS are free; with Upgrade, but for other sites' pages. NULL: go on; else why
// not, for a 403.
const char *api_guard(const struct api_request *req);

// Whether the Host header names this server, where that matters: a page of somebody else's whose
// name leads here (DNS rebinding) would be of the same origin. NULL: go on; else why not, for a
// 421.
const char *api_guard_host(const struct api_context *ctx, const struct api_request *req);
