// SPDX-License-Identifier: Apache-2.0
// What is wrong with settings, as a problem document. Any thread.
#pragma once

#include "api/api.h"
#include "settings/settings_error.h"

struct api_wrong {
    struct settings_errors errors; // to be filled in
};

// False: no memory.
bool api_wrong_begin(struct api_wrong *w);
void api_wrong_end(struct api_wrong *w);

// 422; of the places the first `skip` names are left out: "/devices/3/alias" is "/alias" with 2.
struct api_response api_wrong_problem(const struct api_wrong *w, unsigned skip);
