// SPDX-License-Identifier: Apache-2.0
// A device as JSON, as lists, topology and live updates have it. Loop thread.
#pragma once

#include "api/api.h"
#include "api/api_json.h"

// The device of that busid, or else of that alias; NULL: *r is 404.
struct registry_device *api_device_find(const struct api_context *ctx, const char *name,
                                        struct api_response *r);

// One object.
void api_device(struct api_json *j, const char *name, const struct api_context *ctx,
                const struct registry_device *d);

// Its members, into an object that is open.
void api_device_members(struct api_json *j, const struct api_context *ctx,
                        const struct registry_device *d);

const char *api_device_state(enum registry_state state);

// Free, but nobody may have it: a state of its own for people.
#define API_DEVICE_HIDDEN "hidden"
bool api_device_hidden(const struct api_context *ctx, const struct registry_device *d); // "in_use"

// "rates", as every object has them.
void api_rates(struct api_json *j, const struct server_rates *rates);

// Bytes and URBs, into "totals", which is open.
void api_counters(struct api_json *j, const struct session_counters *c);

// "address" of the session's client, and "note": what the list of those allowed says about it.
void api_peer_address(struct api_json *j, const struct api_context *ctx, const struct session *s);

// "round_trip_s" of the session's client (NULL: nobody has the device), as the port last knew it.
void api_round_trip(struct api_json *j, const struct session *s);

// Time of day of a moment of the port's clock; 0: not known.
uint64_t api_unix_us(const struct api_context *ctx, uint64_t time_us);

uint64_t api_uptime_us(const struct api_context *ctx);

// Alias, product or ids: what people call it.
void api_device_name(const struct registry_device *d, struct base_text *t);
