// SPDX-License-Identifier: Apache-2.0
// The lists of a document: who is allowed, rules, names of devices. Used inside settings/, but for
// struct settings_lists. Any thread, one at a time.
#pragma once

#include "access/access_name.h"
#include "base/base_text.h"
#include "settings/settings.h"

#include <cJSON.h>

enum settings_list {
    SETTINGS_LIST_ALLOW,   // access.allow
    SETTINGS_LIST_RULES,   // access.rules
    SETTINGS_LIST_DEVICES, // devices
    SETTINGS_LIST_EXPORT,  // export_rules
    SETTINGS_LIST_HOSTS,   // http.allowed_hosts
    SETTINGS_LISTS
};

// Lists while they are changed: each is borrowed from what is there already, or new.
struct settings_draft {
    const struct settings_port *port;
    struct access_list access;
    const struct access_naming *namings;
    unsigned naming_count;
    const char (*hosts)[SETTINGS_SERVER_SIZE];
    unsigned host_count;
    struct access_allowed *allow; // new; NULL: borrowed
    struct access_rule *rules;
    struct base_block *blocks; // of the new rules
    struct access_naming *devices;
    struct access_rule *export_rules;
    char (*names)[SETTINGS_SERVER_SIZE]; // new hosts
    bool no_memory;
};

void settings_draft_begin(struct settings_draft *d, const struct settings *s);
// Takes a list from the document; its texts stay where they are. What is wrong goes to `e`.
void settings_draft_take(struct settings_draft *d, enum settings_list which, const cJSON *item,
                         struct settings_errors *e);
// The lists as an object with one user more: *lists as it is if none is new. False: no memory.
bool settings_draft_finish(const struct settings_draft *d, struct settings_lists **lists);
void settings_draft_end(struct settings_draft *d);

const char *settings_list_key(enum settings_list which); // "access.allow"
size_t settings_list_section_size(enum settings_list which);
bool settings_list_exists(const struct settings_port *port, enum settings_list which);
unsigned settings_list_count(const struct settings *s, enum settings_list which);

// Its elements with line ends, in brackets; `indent` blanks before the closing one.
void settings_list_print(const struct settings *s, enum settings_list which, unsigned indent,
                         struct base_text *t);
