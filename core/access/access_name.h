// SPDX-License-Identifier: Apache-2.0
// What people call devices, and whether they export them: it follows a device's serial number or
// the port that it is plugged into. Pure functions, any thread.
#pragma once

#include "access/access.h"

enum { ACCESS_KEY_SIZE = 64 }; // a serial number or busid, and its NUL

struct access_names {
    char alias[ACCESS_NAME_SIZE]; // "" if it has none
    char labels[ACCESS_MAX_LABELS][ACCESS_NAME_SIZE];
    unsigned label_count;
    bool hidden;         // not exported: nobody sees or imports it
    bool exported;       // whatever export rules and policy say
    bool take_from_host; // also while its host uses it itself
};

enum access_follow { ACCESS_FOLLOW_SERIAL, ACCESS_FOLLOW_PORT };

struct access_naming {
    enum access_follow by;
    char key[ACCESS_KEY_SIZE]; // the serial number, or the busid
    struct access_names names;
};

// 1 to 31 of a-z, 0-9, '.', '_' and '-', and no busid: IMPORT asks for either.
bool access_alias_valid(const char *alias);
bool access_looks_like_busid(const char *text); // "1-2.1"

bool access_names_equal(const struct access_names *a, const struct access_names *b);

// The names of a device, those of its serial number before those of its port; NULL: it has none.
const struct access_naming *access_naming_find(const struct access_naming *namings, unsigned count,
                                               const char *busid, const char *serial);
