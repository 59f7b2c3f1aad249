// SPDX-License-Identifier: Apache-2.0
// A device's descriptors, decoded. Loop thread.
#pragma once

#include "api/api_json.h"
#include "registry/registry.h"

// "descriptors"; what is too broken to be decoded is there in hex.
void api_descriptors(struct api_json *j, const struct registry_device *d);
