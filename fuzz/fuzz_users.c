// SPDX-License-Identifier: Apache-2.0
// Any bytes as the secret document.
#include "fuzz/fuzz.h"
#include "users/users_document.h"

#include <stdlib.h>
#include <string.h>

static void require_round_trip(const struct users_document *d)
{
    static char text[USERS_MAX_BYTES + 1]; // more than a stack may have
    char why[SETTINGS_WHY_SIZE];
    struct users_document *again = calloc(1, sizeof *again);
    size_t size = users_print(d, text, sizeof text);
    fuzz_require(size == strlen(text) && size < USERS_MAX_BYTES);
    fuzz_require(users_parse(again, text, size, why) == BASE_OK);
    fuzz_require(users_equal(again, d));
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct users_document *d = calloc(1, sizeof *d);
    char why[SETTINGS_WHY_SIZE] = "";
    if (users_parse(d, (const char *)data, size, why) == BASE_OK) {
        require_round_trip(d);
    } else {
        fuzz_require(memchr(why, '\0', sizeof why) && why[0] != '\0');
        fuzz_require(d->user_count == 0 && d->token_count == 0);
    }
    free(d);
    return 0;
}
