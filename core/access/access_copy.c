// SPDX-License-Identifier: Apache-2.0
#include "access/access.h"

#include <string.h>

// One piece of memory: list, rules, those allowed, blocks, texts, in the order of what they need to
// be aligned to.
struct piece {
    struct access_list *list;
    struct access_rule *rules;
    struct access_allowed *allow;
    struct base_block *blocks;
    char *texts;
};

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 1;
}

static size_t count_blocks(const struct access_list *list)
{
    size_t n = 0;
    for (unsigned i = 0; i < list->rule_count; i++)
        n += list->rules[i].block_count;
    return n;
}

static size_t count_text(const struct access_list *list)
{
    size_t n = 0;
    for (unsigned i = 0; i < list->rule_count; i++)
        n += text_size(list->rules[i].text);
    for (unsigned i = 0; i < list->export_rule_count; i++)
        n += text_size(list->export_rules[i].text);
    for (unsigned i = 0; i < list->allow_count; i++)
        n += text_size(list->allow[i].note);
    return n;
}

static const char *copy_text(struct piece *to, const char *text)
{
    char *at = to->texts;
    memcpy(at, text ? text : "", text_size(text));
    to->texts += text_size(text);
    return at;
}

static void copy_rule(struct piece *to, struct access_rule *at, const struct access_rule *r)
{
    *at = *r;
    at->text = copy_text(to, r->text);
    at->blocks = r->block_count ? to->blocks : NULL;
    if (r->block_count)
        memcpy(to->blocks, r->blocks, r->block_count * sizeof *r->blocks);
    to->blocks += r->block_count;
}

struct access_list *access_copy(const struct access_list *list, const struct base_alloc *alloc)
{
    size_t rules = (list->rule_count + list->export_rule_count) * sizeof *list->rules;
    size_t allow = list->allow_count * sizeof *list->allow;
    size_t blocks = count_blocks(list) * sizeof(struct base_block);
    struct piece to;
    to.list = base_alloc(alloc, sizeof *list + rules + allow + blocks + count_text(list));
    if (!to.list)
        return NULL;
    to.rules = (struct access_rule *)(to.list + 1);
    struct access_rule *export_rules = to.rules + list->rule_count;
    to.allow = (struct access_allowed *)(export_rules + list->export_rule_count);
    to.blocks = (struct base_block *)(to.allow + list->allow_count);
    to.texts = (char *)to.blocks + blocks;
    *to.list = *list;
    to.list->rules = to.rules;
    to.list->export_rules = export_rules;
    to.list->allow = to.allow;
    for (unsigned i = 0; i < list->rule_count; i++)
        copy_rule(&to, &to.rules[i], &list->rules[i]);
    for (unsigned i = 0; i < list->export_rule_count; i++)
        copy_rule(&to, &export_rules[i], &list->export_rules[i]);
    for (unsigned i = 0; i < list->allow_count; i++) {
        to.allow[i].block = list->allow[i].block;
        to.allow[i].note = copy_text(&to, list->allow[i].note);
    }
    return to.list;
}
