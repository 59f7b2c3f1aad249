// SPDX-License-Identifier: Apache-2.0
// The routes there are. Any thread.
#pragma once

#include "api/api.h"

const struct api_route *api_routes(unsigned *count);
