// SPDX-License-Identifier: Apache-2.0
// The one error enum of the core. A value tells the caller what to do next, not what went wrong in
// detail: details are recorded as typed events (eventlog/).
#pragma once

enum base_err {
    BASE_OK = 0,
    BASE_ERR_NOMEM = -1,       // no memory or budget now: try again after something was freed
    BASE_ERR_INVALID = -2,     // the input breaks its format: refuse it, do not try again
    BASE_ERR_AGAIN = -3,       // nothing to do now: wait for the next event
    BASE_ERR_NOT_FOUND = -4,   // no such thing: tell whoever asked
    BASE_ERR_BUSY = -5,        // somebody else has it: ask again later
    BASE_ERR_GONE = -6,        // device or peer has left: drop what you hold of it
    BASE_ERR_LIMIT = -7,       // a configured limit is reached: refuse, the limit will not move
    BASE_ERR_UNSUPPORTED = -8, // valid but not offered here: refuse with a reason
    BASE_ERR_IO = -9,          // the layer below failed: report, the object stays usable
};
