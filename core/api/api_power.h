// SPDX-License-Identifier: Apache-2.0
// The power of ports. Loop thread.
#pragma once

#include "api/api.h"
#include "api/api_json.h"

// How the port's power is switched and whether it has any; null if nothing is known of it.
void api_port_power(struct api_json *j, const char *name, const struct api_context *ctx,
                    const char *port);

// Of the port that the device is in, or would be in: {"on": true}, {"cycle_s": 2}.
struct api_response api_put_device_power(const struct api_context *ctx,
                                         const struct api_request *req, const char *name);

// As text, 0 or 1: what the driver "rest" of labgrid wants.
struct api_response api_get_port_power(const struct api_context *ctx, const struct api_request *req,
                                       const char *port);
struct api_response api_put_port_power(const struct api_context *ctx, const struct api_request *req,
                                       const char *port);
