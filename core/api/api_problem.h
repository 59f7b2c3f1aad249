// SPDX-License-Identifier: Apache-2.0
// Errors as problem documents (RFC 9457). Any thread.
#pragma once

#include "api/api.h"

// `title` says what did not happen, `detail` why and what helps; both copied.
struct api_response api_problem(int status, const char *title, const char *detail);

// What is wrong with one value of a request's body.
struct api_error {
    const char *pointer; // RFC 6901: "/text"
    const char *detail;
};

// The same with "errors".
struct api_response api_problem_of(int status, const char *title, const char *detail,
                                   const struct api_error *errors, unsigned count);
