// SPDX-License-Identifier: Apache-2.0
// In place of core/api: routes that use all that a response can have.
#pragma once

#include "api/api.h"

// GET /asset: some compressed bytes that may be kept.
enum { HTTP_FAKE_ASSET_SIZE = 12 };
extern const char http_fake_asset[HTTP_FAKE_ASSET_SIZE];

// Everything else: "METHOD PATH QUERY SIZE:" and the body.
