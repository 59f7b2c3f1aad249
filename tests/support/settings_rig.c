// SPDX-License-Identifier: Apache-2.0
#include "tests/support/settings_rig.h"

#include <string.h>

const struct settings_port settings_rig_port = {
    .host_name = "usbip-test",
    .sntp_server = "pool.ntp.org",
    .limits = {12, 8, 64, 1024, 4096, 14400},
    .min_limits = {1, 1, 64, 256, 256, 10},
    .max_limits = {32, 16, 256, 8192, 16384, 604800},
    .max_rules = 64,
    .max_addresses = 64,
    .max_namings = 16,
    .has_network = true,
    .has_buses = true,
};

struct settings settings_rig(void)
{
    struct settings s;
    settings_default(&s, &settings_rig_port);
    return s;
}

const char *settings_rig_difference(const struct settings *a, const struct settings *b)
{
    char of_a[SETTINGS_VALUE_SIZE], of_b[SETTINGS_VALUE_SIZE];
    const char *key;
    for (unsigned i = 0; (key = settings_key(a->port, i)); i++)
        if (settings_get(a, key, of_a) != BASE_OK || settings_get(b, key, of_b) != BASE_OK ||
            strcmp(of_a, of_b) != 0)
            return key;
    return "";
}
