// SPDX-License-Identifier: Apache-2.0
// In place of core/api: routes that use all that a response can have.
#pragma once

#include "api/api.h"

// GET /asset: some compressed bytes that may be kept.
enum { HTTP_FAKE_ASSET_SIZE = 12 };
extern const char http_fake_asset[HTTP_FAKE_ASSET_SIZE];

// GET /lines, /live: streams, below. GET /who: the peer's address and the header X-Test.

// GET /login: 401 with a cookie, a challenge and a time to wait. The header Cookie is in its body.

// POST /job/NAME: a job, below. POST /job/none: one that has nothing to run.

// Everything else: "METHOD PATH QUERY SIZE:" and the body.

// Jobs wait in http_fake_run() until they are let run, each once; the answer is its name and its
// number, from 1 on. Any thread.
void http_fake_let_run(unsigned count);
void http_fake_await_run(void); // until one more has begun to run
unsigned http_fake_jobs(void);  // that have not been freed

// Streams: what was said last is what there is to say. Any thread.
void http_fake_begin(void);
void http_fake_say(size_t size);                    // a message with the next number; from 1 on
unsigned http_fake_messages(void);                  // that have not been released
char *http_fake_text(unsigned number, size_t size); // of a message; free() it
void http_fake_forbid(void);                        // all of them
