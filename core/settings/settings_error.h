// SPDX-License-Identifier: Apache-2.0
// What is wrong with a document, and where: JSON pointers (RFC 6901) and plain sentences. Any
// thread; an object belongs to its caller.
#pragma once

#include "base/base_err.h"
#include "base/base_text.h"

#include <stddef.h>
#include <stdint.h>

enum {
    SETTINGS_POINTER_SIZE = 120, // longer ones are cut
    SETTINGS_WHY_SIZE = 200,     // holds every sentence about what is wrong
};

struct settings_error {
    char pointer[SETTINGS_POINTER_SIZE]; // "/access/rules/3/effect"; "": the document
    char detail[SETTINGS_WHY_SIZE];
    uint8_t indexes; // bit by number: which of the pointer's names are indexes
};

// The first `max` of them are kept in the caller's `list`, all are counted.
struct settings_errors {
    struct settings_error *list;
    unsigned max, count;
    char nowhere[1]; // for sentences that nobody keeps
};

// A place in a document: a name or an index in what `in` is (NULL: the document).
struct settings_place {
    const struct settings_place *in;
    const char *name; // NULL: `index`
    unsigned index;
};

// An error there, whose sentence the caller writes into *t.
void settings_error_begin(struct settings_errors *e, const struct settings_place *place,
                          struct base_text *t);

// The same with its sentence. Always BASE_ERR_INVALID.
enum base_err settings_error_add(struct settings_errors *e, const struct settings_place *place,
                                 const char *detail);

// "access.rules, entry 4, effect: sentence" of SETTINGS_WHY_SIZE bytes: people count from 1, as
// events do. The end stays if it is too long.
void settings_error_text(const struct settings_error *error, char *why);
