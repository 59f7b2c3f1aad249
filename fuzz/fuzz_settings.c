// SPDX-License-Identifier: Apache-2.0
// Any bytes as a settings document; or, if they begin with '=', as a key, a NUL and a value.
#include "fuzz/fuzz.h"
#include "tests/support/settings_rig.h"

#include <string.h>

// What was taken is valid, and what is printed of it is read back the same.
static void require_round_trip(const struct settings *s, enum settings_extent extent)
{
    char text[SETTINGS_MAX_BYTES + 1], why[SETTINGS_WHY_SIZE];
    struct settings again = settings_rig();
    fuzz_require(settings_check(s, why) == BASE_OK);
    size_t size = settings_print(s, extent, text, sizeof text);
    if (size + 1 == sizeof text)
        return; // too long to be kept, which is found out then
    fuzz_require(size == strlen(text));
    fuzz_require(settings_parse(&again, text, size, why) == BASE_OK);
    fuzz_require(*settings_rig_difference(&again, s) == '\0');
    const char *key;
    for (unsigned i = 0; (key = settings_list_changed(&again, s, i)); i++)
        fuzz_require(*key == '\0');
    settings_drop(&again);
}

static enum base_err set(struct settings *s, const uint8_t *data, size_t size, char *why)
{
    char text[600] = "";
    if (size > sizeof text - 2) // a key and a value, each with a NUL
        return BASE_ERR_INVALID;
    memcpy(text, data, size);
    return settings_set(s, text, text + strlen(text) + 1, why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings s = settings_rig(), before = s;
    char why[SETTINGS_WHY_SIZE] = "too long";
    enum base_err err;
    if (size > 0 && data[0] == '=')
        err = set(&s, data + 1, size - 1, why);
    else
        err = settings_parse(&s, (const char *)data, size, why);
    if (err == BASE_OK) {
        require_round_trip(&s, SETTINGS_ALL);
        require_round_trip(&s, SETTINGS_CHANGED);
        settings_drop(&s);
        return 0;
    }
    fuzz_require(*settings_rig_difference(&s, &before) == '\0');
    fuzz_require(memchr(why, '\0', sizeof why) && why[0] != '\0');
    return 0;
}
