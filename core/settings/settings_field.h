// SPDX-License-Identifier: Apache-2.0
// The settings as a table: one field per key, and its value to and from text. Used inside settings/
// only. Any thread.
#pragma once

#include "base/base_text.h"
#include "settings/settings.h"

enum settings_kind {
    SETTINGS_KIND_LABEL,      // host name
    SETTINGS_KIND_SERVER,     // name or address of a server, or ""
    SETTINGS_KIND_IPV4,       // "0.0.0.0": none
    SETTINGS_KIND_ADDRESSING, // a word
    SETTINGS_KIND_SPEED,      // a word
    SETTINGS_KIND_MODE,       // a word
    SETTINGS_KIND_TAKE_OVER,  // a word
    SETTINGS_KIND_EXPORT,     // a word
    SETTINGS_KIND_ANONYMOUS,  // a word
    SETTINGS_KIND_NUMBER,     // one of the limits
};

struct settings_field {
    const char *key;     // "section.name", or "name"
    size_t section_size; // length of the section's name, 0: none
    enum settings_kind kind;
    size_t offset; // in struct settings; of a NUMBER in struct settings_limits
};

const struct settings_field *settings_field_any(unsigned i); // of all; NULL behind the last

// The i-th field of those that the port has, in order of sections; NULL behind the last.
const struct settings_field *settings_field(const struct settings_port *port, unsigned i);

// By key; NULL: the port has no such field.
const struct settings_field *settings_field_find(const struct settings_port *port, const char *key);

const char *settings_field_name(const struct settings_field *f);             // without the section
bool settings_field_in(const struct settings_field *f, const char *section); // "": in none

void settings_field_set_number(struct settings *s, const struct settings_field *f, uint32_t v);

// False if the text is not a value of that kind; ranges are settings_check()'s.
bool settings_field_from_text(struct settings *s, const struct settings_field *f, const char *text);
void settings_field_to_text(const struct settings *s, const struct settings_field *f,
                            struct base_text *t);

// What a value must be, as the end of a sentence: "\"dhcp\" or \"static\" is wanted".
void settings_field_wants(const struct settings_port *port, const struct settings_field *f,
                          struct base_text *t);

// Whether the value by itself is in its range.
bool settings_field_valid(const struct settings *s, const struct settings_field *f);
