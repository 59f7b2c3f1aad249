// SPDX-License-Identifier: Apache-2.0
#include "access/access.h"

#include <string.h>

static bool same_block(const struct base_block *a, const struct base_block *b)
{
    return a->prefix == b->prefix && base_address_equal(&a->first, &b->first);
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

bool access_allowed_equal(const struct access_allowed *a, const struct access_allowed *b)
{
    return same_block(&a->block, &b->block) && same_text(a->note, b->note);
}

bool access_rule_equal(const struct access_rule *a, const struct access_rule *b)
{
    if (a->by != b->by || a->number != b->number || a->effect != b->effect ||
        a->block_count != b->block_count || !same_text(a->text, b->text))
        return false;
    for (unsigned i = 0; i < a->block_count; i++)
        if (!same_block(&a->blocks[i], &b->blocks[i]))
            return false;
    return true;
}

static bool same_rules(const struct access_rule *a, unsigned a_count, const struct access_rule *b,
                       unsigned b_count)
{
    for (unsigned i = 0; a_count == b_count && i < a_count; i++)
        if (!access_rule_equal(&a[i], &b[i]))
            return false;
    return a_count == b_count;
}

bool access_answers_equal(const struct access_list *a, const struct access_list *b)
{
    if (a->mode != b->mode || a->allow_count != b->allow_count)
        return false;
    for (unsigned i = 0; i < a->allow_count; i++)
        if (!same_block(&a->allow[i].block, &b->allow[i].block))
            return false;
    return same_rules(a->rules, a->rule_count, b->rules, b->rule_count);
}

bool access_equal(const struct access_list *a, const struct access_list *b)
{
    if (!access_answers_equal(a, b) || a->export_policy != b->export_policy ||
        !same_rules(a->export_rules, a->export_rule_count, b->export_rules, b->export_rule_count))
        return false;
    for (unsigned i = 0; i < a->allow_count; i++)
        if (!access_allowed_equal(&a->allow[i], &b->allow[i]))
            return false;
    return true;
}
