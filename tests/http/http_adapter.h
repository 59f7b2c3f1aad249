// SPDX-License-Identifier: Apache-2.0
// An HTTP adapter with the routes of http_fake_api.c behind it, started for one test. One program
// per adapter, the same tests.
#pragma once

#include <stddef.h>

enum { HTTP_ADAPTER_ANSWER_SIZE = 65536 };

// That can be taken, the one that runs included; of those who are not logged in.
extern const unsigned http_adapter_jobs, http_adapter_jobs_of_nobody;
// Bytes that are far more than fits into all between server and a small client, and how many
// clients at a time can be told so much within a moment.
extern const unsigned http_adapter_large, http_adapter_crowd;

void http_adapter_begin(void);
void http_adapter_end(void);

// Sends the request as it is and returns the response, NUL-terminated, until the next call.
const char *http_adapter_send(const char *request, size_t *size);

// What it tells of itself.
struct api_port_facts;
void http_adapter_facts(struct api_port_facts *facts);

// A connection of the test's own; to be closed.
int http_adapter_connect(void);

// The same, on which little is under way at a time (Linux's adapters only).
int http_adapter_connect_small(void);
