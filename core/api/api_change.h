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

// The port fills it in.
struct api_change {
    // Takes a merge patch (settings_patch.h), keeps what comes of it, if there is where, and puts
    // it into force; unless OK, all is as before. With `try` nothing changes, and *try, to be
    // dropped, is what would hold. `why`, of API_CHANGE_WHY_SIZE, gets a sentence without its end.
    enum api_change_result (*change)(void *ctx, const char *patch, size_t size,
                                     struct settings_errors *errors, struct settings *try,
                                     char *why);
    // The i-th key that cannot be changed, "access.mode"; NULL behind the last.
    const char *(*fixed)(void *ctx, unsigned i);
    void *ctx;
    const char *fixed_by; // the file that sets them, NULL: none
};

// Changes the settings, and an event says who did it. False: *r says what is wrong; of the places
// of errors, the first `skip` names are left out.
bool api_change(const struct api_context *ctx, const struct api_request *req, const char *patch,
                size_t size, unsigned skip, struct api_response *r);

// The same without changing anything: *try, to be dropped, is what would hold.
bool api_change_try(const struct api_context *ctx, const char *patch, size_t size,
                    struct settings *try, struct api_response *r);
