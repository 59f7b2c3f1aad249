// SPDX-License-Identifier: Apache-2.0
// A request's query, "after=5&level=info". Any thread.
#pragma once

#include "api/api.h"

enum { API_QUERY_NAME = 24, API_QUERY_VALUE = 64 };

struct api_query {
    const char *rest;
    bool wrong; // too long, or a % without two hex digits: no more follows
    char name[API_QUERY_NAME], value[API_QUERY_VALUE];
};

static inline struct api_query api_query_begin(const struct api_request *req)
{
    return (struct api_query){.rest = req->query ? req->query : ""};
}

// The next one, decoded. False: there is none.
bool api_query_next(struct api_query *q);

// 400: the parameter `name` is `detail` ("must be a number").
struct api_response api_query_problem(const char *name, const char *detail);

// "dry_run=1", or nothing: the only one. False: *r says what is wrong.
bool api_query_dry_run(const struct api_request *req, bool *dry_run, struct api_response *r);
