// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_settings.h"

bool posix_settings_access(const struct settings *s, struct usbip_server *server, uint64_t now_us)
{
    static const struct settings_lists none = {.naming_count = 0};
    const struct settings_lists *lists = s->lists ? s->lists : &none;
    struct access_list access = settings_access(s);
    return server_change_rules(server, &access, lists->namings, lists->naming_count, now_us) ==
           BASE_OK;
}
