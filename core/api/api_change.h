// SPDX-License-Identifier: Apache-2.0
// Settings that can be changed by the API. Loop thread.
#pragma once

#include "api/api.h"
#include "settings/settings.h"

enum api_change_result {
    API_CHANGE_OK,
    API_CHANGE_WRONG,  // `errors` says what is
    API_CHANGE_FIXED,  // it sets a key that is not the API's: `why` names key and file
    API_CHANGE_FAILED, // no memory, or it cannot be kept: `why`
};

enum { API_CHANGE_WHY_SIZE = 512 };

// The port fills it in. One change at a time: begin(), keep(), end().
struct api_change {
    // Loop thread. Takes a merge patch (settings_patch.h); unless OK, nothing has begun. With `try`
    // nothing begins either, and *try, to be dropped, is what would hold. `why`, here and below, of
    // API_CHANGE_WHY_SIZE, gets a sentence without its end.
    enum api_change_result (*begin)(void *ctx, const char *patch, size_t size,
                                    struct settings_errors *errors, struct settings *try,
                                    char *why);
    // The jobs' thread: keeps what comes of it, if there is where. False: it cannot be kept.
    bool (*keep)(void *ctx, char *why);
    // Loop thread: puts it into force if it is kept, or else forgets it, and all is as before.
    // False: not all of it is in force.
    bool (*end)(void *ctx, bool kept, char *why);
    // Loop thread. The i-th key that cannot be changed, "access.mode"; NULL behind the last.
    const char *(*fixed)(void *ctx, unsigned i);
    void *ctx;
    const char *fixed_by; // the file that sets them, NULL: none
};

enum { API_CHANGE_NAME_SIZE = 64 };

struct api_patch {
    const char *text;
    size_t size;
    char *memory; // to be freed with cJSON_free(); NULL: it is somebody else's
};

// Who wants something changed. On the loop thread, when his turn has come: what was changed before
// holds then. Of `req`, only peer, body and If-Match are there.
struct api_changer {
    // The merge patch of the settings. `name`, of API_CHANGE_NAME_SIZE, may be another one from
    // then on. False: *r says what is wrong.
    bool (*patch)(const struct api_context *ctx, const struct api_request *req, char *name,
                  struct api_patch *patch, struct api_response *r);
    unsigned skip; // of the places of errors, the first names are left out
    // It holds.
    api_handler answer;
};

// A job that changes the settings, and an event says who did it; or what is wrong. `name` is
// copied.
struct api_response api_change(const struct api_context *ctx, const struct api_request *req,
                               const char *name, const struct api_changer *changer);

// What would hold, without changing anything: *try, to be dropped. False: *r says what is wrong.
// NULL: the change has begun, for a job of the caller's that goes on with ctx->change.
bool api_change_try(const struct api_context *ctx, const char *patch, size_t size,
                    struct settings *try, struct api_response *r);
