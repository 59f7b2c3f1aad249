// SPDX-License-Identifier: Apache-2.0
// Who may see and import which device: rules, of which the first that fits decides, and a mode for
// what none fits. Before that, what is exported at all: the same with a policy. Pure functions, any
// thread; nothing is kept here but access_copy()'s memory.
#pragma once

#include "base/base_address.h"
#include "base/base_alloc.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    ACCESS_NAME_SIZE = 32, // alias or label, and its NUL
    ACCESS_MAX_LABELS = 8, // of a device
};

// --- who asks, and for what ----------------------------------------------------------------------

enum access_identity_kind {
    ACCESS_IDENTITY_ADDRESS, // all that USB/IP's stock clients have
};

struct access_identity {
    enum access_identity_kind kind;
    struct base_address address;
};

// What of a device rules can name. Texts are borrowed, "" if it has none.
struct access_device {
    const char *busid, *alias, *serial;
    const char (*labels)[ACCESS_NAME_SIZE];
    unsigned label_count;
    uint32_t id;         // vendor << 16 | product
    uint32_t classes[8]; // its own class and those of its interfaces: bit by number
};

void access_device_add_class(struct access_device *d, uint8_t number);

// --- the rules -----------------------------------------------------------------------------------

// Words and numbers stay: events have them (eventlog_type.h).
enum access_mode { ACCESS_OPEN, ACCESS_CLOSED };
enum access_effect { ACCESS_ALLOW, ACCESS_HIDE }; // of an export rule: it is exported, or kept back
enum access_export { ACCESS_EXPORT_AUTO, ACCESS_EXPORT_MANUAL };
enum access_selector {
    ACCESS_BY_BUSID,
    ACCESS_BY_ALIAS,
    ACCESS_BY_SERIAL,
    ACCESS_BY_LABEL,
    ACCESS_BY_ID,
    ACCESS_BY_CLASS,
};

struct access_rule {
    enum access_selector by;
    const char *text;                // busid, alias, serial or label: the very same
    uint32_t number;                 // id or class
    const struct base_block *blocks; // NULL with 0 of them: everybody
    unsigned block_count;
    enum access_effect effect;
};

struct access_allowed {
    struct base_block block;
    const char *note; // for people, ""
};

struct access_list {
    enum access_mode mode;
    const struct access_allowed *allow; // in closed mode
    const struct access_rule *rules;
    unsigned allow_count, rule_count;
    enum access_export export_policy;
    const struct access_rule *export_rules; // for everybody: without blocks
    unsigned export_rule_count;
};

// --- the answer ----------------------------------------------------------------------------------

enum access_reason {
    ACCESS_IS_OPEN = 1,     // yes: no rule fits, and the mode is open
    ACCESS_ON_LIST,         // yes: no rule fits, and the address is on the list
    ACCESS_NOT_ON_LIST,     // no: no rule fits, and the address is not on it
    ACCESS_RULE_ALLOWS,     // yes
    ACCESS_RULE_HIDES,      // no
    ACCESS_IS_NOT_EXPORTED, // no: its owner says that nobody may have the device
    ACCESS_KEPT_BY_RULE,    // no: an export rule says so
    ACCESS_KEPT_BY_POLICY,  // no: nothing says that it is exported
    ACCESS_IS_EXPORTED      // yes, as far as nobody is asked for
};

struct access_answer {
    bool yes;
    unsigned rule; // 1 for the first, 0: none fits
    enum access_reason reason;
};

// Whether the device is exported at all, as far as its owner has said nothing of it.
struct access_answer access_exports(const struct access_list *list,
                                    const struct access_device *device);

// `device` NULL: one that no rule names.
struct access_answer access_decide(const struct access_list *list,
                                   const struct access_identity *who,
                                   const struct access_device *device);

// The same for whoever there is: no, if no address at all may have the device. Hiding some
// addresses from it does not count, as there are others.
struct access_answer access_anybody(const struct access_list *list,
                                    const struct access_device *device);

// Closed, and nothing and nobody is allowed: more often a mistake than meant.
bool access_allows_nobody(const struct access_list *list);

// What the list of those allowed says about an address; "" if nothing does.
const char *access_note(const struct access_list *list, const struct base_address *address);

bool access_allowed_equal(const struct access_allowed *a, const struct access_allowed *b);
bool access_rule_equal(const struct access_rule *a, const struct access_rule *b);
bool access_equal(const struct access_list *a, const struct access_list *b);
// Whether access_decide() gives the same answers: notes do not count.
bool access_answers_equal(const struct access_list *a, const struct access_list *b);

// --- a copy --------------------------------------------------------------------------------------

// All of it in one piece of memory, for base_free(). NULL: there is none.
struct access_list *access_copy(const struct access_list *list, const struct base_alloc *alloc);
