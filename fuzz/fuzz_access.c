// SPDX-License-Identifier: Apache-2.0
// Any bytes: a text that may be an address or a block, a NUL, and then rules and questions, whose
// answers a slow and simple judge gives as well.
#include "access/access.h"
#include "fuzz/fuzz.h"

#include <string.h>

enum { MOST = 16 };

// --- addresses and blocks ------------------------------------------------------------------------

static bool bit(const struct base_address *a, unsigned i)
{
    return a->bytes[i / 8] >> (7 - i % 8) & 1;
}

static bool judge_contains(const struct base_block *b, const struct base_address *a)
{
    bool same = a->bits == b->first.bits;
    for (unsigned i = 0; i < b->prefix; i++)
        same &= bit(a, i) == bit(&b->first, i);
    return same;
}

// What was taken has a text that is taken as the same, and is within itself.
static void check_text(const char *text)
{
    struct base_address a, again;
    struct base_block b, b_again;
    struct base_text t;
    char buf[BASE_BLOCK_TEXT_SIZE];
    if (base_address_parse(text, &a)) {
        base_text_init(&t, buf, sizeof buf);
        base_address_text(&a, &t);
        fuzz_require(!t.cut && base_address_parse(buf, &again) && base_address_equal(&a, &again));
        fuzz_require(base_block_parse(text, &b) && b.prefix == a.bits);
    }
    if (!base_block_parse(text, &b))
        return;
    base_text_init(&t, buf, sizeof buf);
    base_block_text(&b, &t);
    fuzz_require(!t.cut && base_block_parse(buf, &b_again) && b_again.prefix == b.prefix);
    fuzz_require(base_address_equal(&b.first, &b_again.first));
    fuzz_require(base_block_contains(&b, &b.first));
}

// --- rules ---------------------------------------------------------------------------------------

struct program {
    const uint8_t *next, *end;
};

static uint8_t take(struct program *g)
{
    return g->next < g->end ? *g->next++ : 0;
}

// Few different ones, so that they meet.
static struct base_address take_address(struct program *g)
{
    uint8_t which = take(g);
    struct base_address a = {.bits = which & 1 ? 32 : 128};
    a.bytes[0] = which >> 1 & 3;
    a.bytes[3] = which >> 3;
    return a;
}

static struct base_block take_block(struct program *g)
{
    struct base_block b = {.first = take_address(g)};
    b.prefix = (uint8_t)(take(g) % (b.first.bits + 1u));
    for (unsigned i = b.prefix; i < 128; i++)
        b.first.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
    return b;
}

static const char *const names[] = {"a", "b", ""};

static bool judge_names(const struct access_rule *r, const struct access_device *d)
{
    const char *texts[] = {d->busid, d->alias, d->serial};
    if (r->by <= ACCESS_BY_SERIAL)
        return r->text[0] && strcmp(texts[r->by], r->text) == 0;
    if (r->by == ACCESS_BY_LABEL)
        return d->label_count && strcmp(d->labels[0], r->text) == 0;
    if (r->by == ACCESS_BY_ID)
        return d->id == r->number;
    return d->classes[r->number / 32] & 1u << r->number % 32;
}

static struct access_answer judge(const struct access_list *list, const struct access_identity *who,
                                  const struct access_device *d)
{
    for (unsigned i = 0; i < list->rule_count; i++) {
        const struct access_rule *r = &list->rules[i];
        bool fits = r->block_count == 0;
        for (unsigned k = 0; k < r->block_count; k++)
            fits |= judge_contains(&r->blocks[k], &who->address);
        if (fits && judge_names(r, d))
            return (struct access_answer){.yes = r->effect == ACCESS_ALLOW, .rule = i + 1};
    }
    bool yes = list->mode == ACCESS_OPEN;
    for (unsigned i = 0; i < list->allow_count; i++)
        yes |= judge_contains(&list->allow[i].block, &who->address);
    return (struct access_answer){.yes = yes};
}

static bool judge_exports(const struct access_list *list, const struct access_device *d)
{
    for (unsigned i = 0; i < list->export_rule_count; i++)
        if (judge_names(&list->export_rules[i], d))
            return list->export_rules[i].effect == ACCESS_ALLOW;
    return list->export_policy == ACCESS_EXPORT_AUTO;
}

static void check_rules(struct program *g)
{
    static const char labels[][ACCESS_NAME_SIZE] = {"a"};
    struct base_block blocks[MOST];
    struct access_rule rules[MOST];
    struct access_allowed allow[MOST];
    struct access_list list = {.mode = take(g) & 1, .allow = allow, .rules = rules};
    list.allow_count = take(g) % MOST;
    list.rule_count = take(g) % MOST;
    for (unsigned i = 0; i < MOST; i++)
        blocks[i] = take_block(g);
    for (unsigned i = 0; i < list.allow_count; i++)
        allow[i] = (struct access_allowed){blocks[take(g) % MOST], ""};
    for (unsigned i = 0; i < list.rule_count; i++) {
        unsigned first = take(g) % MOST;
        unsigned count = take(g) % (MOST - first);
        rules[i] = (struct access_rule){.blocks = blocks + first, .block_count = count};
        rules[i].by = take(g) % 6;
        rules[i].text = names[take(g) % 3];
        rules[i].number = take(g);
        rules[i].effect = take(g) & 1;
    }
    list.export_rules = rules;
    list.export_rule_count = list.rule_count;
    list.export_policy = list.mode == ACCESS_OPEN ? ACCESS_EXPORT_AUTO : ACCESS_EXPORT_MANUAL;
    while (g->next < g->end) {
        struct access_identity who = {ACCESS_IDENTITY_ADDRESS, take_address(g)};
        struct access_device d = {.busid = names[take(g) % 2], .labels = labels};
        d.alias = names[take(g) % 3];
        d.serial = names[take(g) % 3];
        d.label_count = take(g) & 1;
        d.id = take(g);
        access_device_add_class(&d, take(g));
        struct access_answer a = access_decide(&list, &who, &d), j = judge(&list, &who, &d);
        fuzz_require(a.yes == j.yes && a.rule == j.rule && a.reason >= ACCESS_IS_OPEN);
        fuzz_require(a.yes == (a.reason != ACCESS_RULE_HIDES && a.reason != ACCESS_NOT_ON_LIST));
        fuzz_require(access_exports(&list, &d).yes == judge_exports(&list, &d));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[64] = "";
    const uint8_t *nul = memchr(data, '\0', size);
    size_t text_size = nul ? (size_t)(nul - data) : size;
    if (text_size < sizeof text)
        memcpy(text, data, text_size);
    check_text(text);
    if (nul)
        check_rules(&(struct program){nul + 1, data + size});
    return 0;
}
