// SPDX-License-Identifier: Apache-2.0
// The dashboard's files for both ports, from web/build.mjs; none where the page could not be built.
#pragma once

#include "api/api.h"

extern const struct api_assets web_assets;
