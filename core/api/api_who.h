// SPDX-License-Identifier: Apache-2.0
// Who asks, and what he may: by cookie, by token, or as one of those who are not logged in. Loop
// thread.
#pragma once

#include "api/api.h"

// Under TLS it has a name that browsers take over TLS only: who can change what comes from the
// plain port of this machine cannot put one of his own there.
#define API_COOKIE "usbip_session"
#define API_COOKIE_SECURE "__Host-usbip_session"

// True: go on, *who asks and has the role. False: *r says why not (401 or 403).
bool api_who_may(const struct api_context *ctx, const struct api_request *req, enum api_role role,
                 struct users_identity *who, struct api_response *r);

// Whether somebody who may change something may that still, when a job's turn has come.
bool api_who_is_still(const struct api_context *ctx, const struct users_identity *who);

// What somebody may who is not logged in; `req` NULL: from wherever.
enum users_role api_who_nobody(const struct api_context *ctx, const struct api_request *req);

// On this machine, as far as that can be known.
bool api_who_is_here(const struct api_request *req);

// Whether names of users and tokens, and who logs in, are for who asks: not for those who look
// without having logged in.
bool api_who_sees_users(const struct api_context *ctx);

// 401 with its WWW-Authenticate.
struct api_response api_who_unknown(const struct api_request *req, const char *detail);

// The WWW-Authenticate of a 401, constant.
const char *api_who_challenge(const struct api_request *req);

// "10.0.0.7", or "10.0.0.7 (anna)": for events.
void api_who_text(const struct api_context *ctx, const struct base_address *peer,
                  struct base_text *t);
