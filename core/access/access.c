// SPDX-License-Identifier: Apache-2.0
#include "access/access.h"

#include <string.h>

void access_device_add_class(struct access_device *d, uint8_t number)
{
    d->classes[number / 32] |= 1u << number % 32;
}

static bool has_label(const struct access_device *d, const char *label)
{
    for (unsigned i = 0; i < d->label_count; i++)
        if (strcmp(d->labels[i], label) == 0)
            return true;
    return false;
}

// A device without an alias or serial is not the one of a rule with an empty text.
static bool is_text(const char *of_device, const char *of_rule)
{
    return of_device[0] && strcmp(of_device, of_rule) == 0;
}

static bool names(const struct access_rule *r, const struct access_device *d)
{
    switch (r->by) {
    case ACCESS_BY_BUSID:
        return is_text(d->busid, r->text);
    case ACCESS_BY_ALIAS:
        return is_text(d->alias, r->text);
    case ACCESS_BY_SERIAL:
        return is_text(d->serial, r->text);
    case ACCESS_BY_LABEL:
        return has_label(d, r->text);
    case ACCESS_BY_ID:
        return d->id == r->number;
    case ACCESS_BY_CLASS:
        return r->number < 256 && d->classes[r->number / 32] >> r->number % 32 & 1;
    }
    return false;
}

static bool is_for(const struct access_rule *r, const struct access_identity *who)
{
    if (r->block_count == 0)
        return true;
    if (who->kind != ACCESS_IDENTITY_ADDRESS)
        return false;
    for (unsigned i = 0; i < r->block_count; i++)
        if (base_block_contains(&r->blocks[i], &who->address))
            return true;
    return false;
}

static const struct access_allowed *find_allowed(const struct access_list *list,
                                                 const struct base_address *address)
{
    for (unsigned i = 0; i < list->allow_count; i++)
        if (base_block_contains(&list->allow[i].block, address))
            return &list->allow[i];
    return NULL;
}

static struct access_answer by_rule(const struct access_list *list, unsigned i)
{
    bool yes = list->rules[i].effect == ACCESS_ALLOW;
    return (struct access_answer){yes, i + 1, yes ? ACCESS_RULE_ALLOWS : ACCESS_RULE_HIDES};
}

struct access_answer access_exports(const struct access_list *list,
                                    const struct access_device *device)
{
    for (unsigned i = 0; i < list->export_rule_count; i++) {
        const struct access_rule *r = &list->export_rules[i];
        if (!names(r, device))
            continue;
        bool yes = r->effect == ACCESS_ALLOW;
        return (struct access_answer){yes, i + 1, yes ? ACCESS_IS_EXPORTED : ACCESS_KEPT_BY_RULE};
    }
    bool yes = list->export_policy == ACCESS_EXPORT_AUTO;
    return (struct access_answer){yes, 0, yes ? ACCESS_IS_EXPORTED : ACCESS_KEPT_BY_POLICY};
}

struct access_answer access_decide(const struct access_list *list,
                                   const struct access_identity *who,
                                   const struct access_device *device)
{
    static const struct access_device nameless = {.busid = "", .alias = "", .serial = "", .id = 0};
    for (unsigned i = 0; i < list->rule_count; i++) {
        const struct access_rule *r = &list->rules[i];
        if (is_for(r, who) && names(r, device ? device : &nameless)) // the cheaper one first
            return by_rule(list, i);
    }
    if (list->mode == ACCESS_OPEN)
        return (struct access_answer){true, 0, ACCESS_IS_OPEN};
    bool yes = who->kind == ACCESS_IDENTITY_ADDRESS && find_allowed(list, &who->address);
    return (struct access_answer){yes, 0, yes ? ACCESS_ON_LIST : ACCESS_NOT_ON_LIST};
}

struct access_answer access_anybody(const struct access_list *list,
                                    const struct access_device *device)
{
    for (unsigned i = 0; i < list->rule_count; i++) {
        const struct access_rule *r = &list->rules[i];
        if ((r->effect == ACCESS_ALLOW || r->block_count == 0) && names(r, device))
            return by_rule(list, i);
    }
    if (list->mode == ACCESS_OPEN)
        return (struct access_answer){true, 0, ACCESS_IS_OPEN};
    bool yes = list->allow_count > 0;
    return (struct access_answer){yes, 0, yes ? ACCESS_ON_LIST : ACCESS_NOT_ON_LIST};
}

bool access_allows_nobody(const struct access_list *list)
{
    bool nobody = list->mode == ACCESS_CLOSED && list->allow_count == 0;
    for (unsigned i = 0; i < list->rule_count && nobody; i++)
        nobody = list->rules[i].effect == ACCESS_HIDE;
    return nobody;
}

const char *access_note(const struct access_list *list, const struct base_address *address)
{
    const struct access_allowed *a = find_allowed(list, address);
    return a ? a->note : "";
}
