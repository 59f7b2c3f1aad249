// SPDX-License-Identifier: Apache-2.0
// The box itself: begun again, or as it was when it was new.
#pragma once

#include "api/api.h"

enum { API_BOX_WHY_SIZE = 512 };

// The port fills it in.
struct api_box {
    // Loop thread, and comes back: a moment later, when the answer is on its way, the loop ends as
    // it does for good, with every session in order, and then all begins again. RESTART or
    // FACTORY_RESET, which the next run tells.
    void (*restart)(void *ctx, enum eventlog_start why);
    // The jobs' thread: removes what is kept, which is settings and names, and users, tokens and
    // keys. What holds goes on holding until the restart, and nothing is kept any more until then.
    // False: `why` (API_BOX_WHY_SIZE) gets a sentence without its end.
    bool (*erase)(void *ctx, char *why);
    // The jobs' thread: whether what it would begin again with is good, before one of them. False:
    // as there. NULL: nothing can be wrong with it.
    bool (*check)(void *ctx, char *why);
    void *ctx;
    unsigned drain_s;  // how long the end may take
    const char *stays; // what erase() leaves alone, as a sentence; NULL: nothing
};

struct api_response api_post_restart(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument);
struct api_response api_post_factory_reset(const struct api_context *ctx,
                                           const struct api_request *req, const char *argument);
