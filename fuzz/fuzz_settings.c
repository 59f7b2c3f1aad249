// SPDX-License-Identifier: Apache-2.0
// Any bytes as a settings document; or, if they begin with '=', as a key, a NUL and a value.
#include "fuzz/fuzz.h"
#include "settings/settings.h"

#include <string.h>

static const struct settings_port port = {
    .host_name = "usbip",
    .sntp_server = "pool.ntp.org",
    .limits = {12, 8, 64, 1024, 4096},
    .min_limits = {1, 1, 64, 256, 256},
    .max_limits = {32, 16, 256, 8192, 16384},
    .has_network = true,
    .has_buses = true,
};

static void require_same(const struct settings *a, const struct settings *b)
{
    char of_a[SETTINGS_VALUE_SIZE], of_b[SETTINGS_VALUE_SIZE];
    const char *key;
    for (unsigned i = 0; (key = settings_key(&port, i)); i++) {
        fuzz_require(settings_get(a, key, of_a) == BASE_OK);
        fuzz_require(settings_get(b, key, of_b) == BASE_OK);
        fuzz_require(strcmp(of_a, of_b) == 0);
    }
}

// What was taken is valid, and what is printed of it is read back the same.
static void require_round_trip(const struct settings *s, enum settings_extent extent)
{
    char text[SETTINGS_MAX_BYTES + 1], why[SETTINGS_WHY_SIZE];
    struct settings again;
    fuzz_require(settings_check(s, why) == BASE_OK);
    size_t size = settings_print(s, extent, text, sizeof text);
    fuzz_require(size == strlen(text) && size < SETTINGS_MAX_BYTES);
    settings_default(&again, &port);
    fuzz_require(settings_parse(&again, text, size, why) == BASE_OK);
    require_same(&again, s);
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
    struct settings s, before;
    char why[SETTINGS_WHY_SIZE] = "too long";
    enum base_err err;
    settings_default(&s, &port);
    settings_default(&before, &port);
    if (size > 0 && data[0] == '=')
        err = set(&s, data + 1, size - 1, why);
    else
        err = settings_parse(&s, (const char *)data, size, why);
    if (err == BASE_OK) {
        require_round_trip(&s, SETTINGS_ALL);
        require_round_trip(&s, SETTINGS_CHANGED);
        return 0;
    }
    require_same(&s, &before);
    fuzz_require(memchr(why, '\0', sizeof why) && why[0] != '\0');
    return 0;
}
