// SPDX-License-Identifier: Apache-2.0
// The settings as one document that can be brought back, here or on another box, and the secrets
// beside them, sealed with a passphrase. Loop thread.
#pragma once

#include "api/api.h"

#include <cJSON.h>

#define API_BACKUP_FORMAT "usbip-backup"
enum { API_BACKUP_VERSION = 1 };

struct api_response api_get_backup(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument);
struct api_response api_post_backup(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument);

// Why secrets cannot be sealed and opened here. False: they can.
bool api_backup_no_secrets(const struct api_context *ctx, struct api_response *r);

// *passphrase, of USERS_PASSWORD_MAX + 1, of a body. False: *r says what is wrong.
bool api_backup_passphrase(const cJSON *body, char *passphrase, struct api_response *r);
