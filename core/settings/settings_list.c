// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_list.h"

#include "settings/settings_member.h"
#include "settings/settings_naming.h"
#include "settings/settings_rule.h"

#include <string.h>

static void *cjson_alloc(void *ctx, size_t size)
{
    void *p = cJSON_malloc(size);
    (void)ctx;
    if (p)
        memset(p, 0, size);
    return p;
}

static void cjson_free(void *ctx, void *p)
{
    (void)ctx;
    cJSON_free(p);
}

static const struct base_alloc memory = {cjson_alloc, cjson_free, NULL};

// --- a draft -------------------------------------------------------------------------------------

void settings_draft_begin(struct settings_draft *d, const struct settings *s)
{
    *d = (struct settings_draft){.port = s->port};
    if (!s->lists)
        return;
    d->access = *s->lists->access;
    d->namings = s->lists->namings;
    d->naming_count = s->lists->naming_count;
    d->hosts = (const char(*)[SETTINGS_SERVER_SIZE])s->lists->hosts;
    d->host_count = s->lists->host_count;
}

void settings_draft_end(struct settings_draft *d)
{
    cJSON_free(d->allow);
    cJSON_free(d->rules);
    cJSON_free(d->blocks);
    cJSON_free(d->devices);
    cJSON_free(d->export_rules);
    cJSON_free(d->names);
}

static void refuse_more(struct settings_errors *e, const struct settings_place *place,
                        unsigned most, const char *what)
{
    struct base_text t;
    settings_error_begin(e, place, &t);
    base_text_str(&t, "at most ");
    base_text_u64(&t, most);
    base_text_str(&t, what);
}

// Memory for the elements of an array of at most `most`. NULL: an error, or no memory.
static void *room_for(struct settings_draft *d, const cJSON *array, unsigned most, size_t size,
                      const char *what, const struct settings_place *place,
                      struct settings_errors *e)
{
    if (!cJSON_IsArray(array)) {
        (void)settings_error_add(e, place, "a list in [ ] is wanted");
        return NULL;
    }
    if ((unsigned)cJSON_GetArraySize(array) > most) {
        refuse_more(e, place, most, what);
        return NULL;
    }
    void *p = cjson_alloc(NULL, ((unsigned)cJSON_GetArraySize(array) + 1) * size);
    d->no_memory |= !p;
    return p;
}

// --- access.allow --------------------------------------------------------------------------------

static void take_allowed(struct access_allowed *a, const cJSON *item,
                         const struct settings_place *place, struct settings_errors *e)
{
    static const char *const names[] = {"address", "note", NULL};
    const struct settings_place at_address = {.in = place, .name = "address"};
    const struct settings_place at_note = {.in = place, .name = "note"};
    a->note = "";
    if (!settings_member_object(item, place, e))
        return;
    settings_member_only(item, names, place, e);
    (void)settings_member_block(cJSON_GetObjectItemCaseSensitive(item, "address"), &a->block,
                                &at_address, e);
    const cJSON *note = cJSON_GetObjectItemCaseSensitive(item, "note");
    if (note)
        a->note = settings_member_text(note, SETTINGS_NOTE_SIZE, true, &at_note, e);
}

static void take_allow(struct settings_draft *d, const cJSON *array,
                       const struct settings_place *place, struct settings_errors *e)
{
    const cJSON *item;
    unsigned n = 0;
    d->allow = room_for(d, array, d->port->max_addresses, sizeof *d->allow,
                        " addresses are possible", place, e);
    if (!d->allow)
        return;
    cJSON_ArrayForEach(item, array)
    {
        const struct settings_place at = {.in = place, .index = n};
        take_allowed(&d->allow[n++], item, &at, e);
    }
    d->access.allow = d->allow;
    d->access.allow_count = n;
}

// --- access.rules --------------------------------------------------------------------------------

static void take_addresses(struct settings_draft *d, struct access_rule *r, const cJSON *array,
                           unsigned *used, const struct settings_place *place,
                           struct settings_errors *e)
{
    const cJSON *item;
    unsigned n = 0;
    if (!cJSON_IsArray(array)) {
        (void)settings_error_add(e, place, "a list in [ ] is wanted");
        return;
    }
    if ((unsigned)cJSON_GetArraySize(array) > d->port->max_addresses - *used) {
        refuse_more(e, place, d->port->max_addresses,
                    " addresses are possible in all rules together");
        return;
    }
    r->blocks = d->blocks + *used;
    cJSON_ArrayForEach(item, array)
    {
        const struct settings_place at = {.in = place, .index = n++};
        (void)settings_member_block(item, &d->blocks[(*used)++], &at, e);
    }
    r->block_count = n;
}

// `yes` or `no`.
static void take_effect(struct access_rule *r, const cJSON *item, const char *yes, const char *no,
                        const struct settings_place *place, struct settings_errors *e)
{
    struct base_text t;
    const char *word = cJSON_IsString(item) ? item->valuestring : "";
    r->effect = strcmp(word, no) == 0 ? ACCESS_HIDE : ACCESS_ALLOW;
    if (r->effect == ACCESS_HIDE || strcmp(word, yes) == 0)
        return;
    settings_error_begin(e, place, &t);
    base_text_str(&t, "\"");
    base_text_str(&t, yes);
    base_text_str(&t, "\" or \"");
    base_text_str(&t, no);
    base_text_str(&t, "\" is wanted");
}

// What all rules are made of: the members `names`, "device" among them. False: it is no rule.
static bool take_device(struct access_rule *r, const cJSON *item, const char *const *names,
                        const struct settings_place *place, struct settings_errors *e)
{
    const struct settings_place at_device = {.in = place, .name = "device"};
    if (!settings_member_object(item, place, e))
        return false;
    settings_member_only(item, names, place, e);
    const cJSON *device = cJSON_GetObjectItemCaseSensitive(item, "device");
    if (settings_member_object(device, &at_device, e))
        settings_member_device(device, r, &at_device, e);
    return true;
}

static void take_rule(struct settings_draft *d, struct access_rule *r, const cJSON *item,
                      unsigned *used, const struct settings_place *place, struct settings_errors *e)
{
    static const char *const names[] = {"device", "addresses", "effect", NULL};
    const struct settings_place at_addresses = {.in = place, .name = "addresses"};
    const struct settings_place at_effect = {.in = place, .name = "effect"};
    if (!take_device(r, item, names, place, e))
        return;
    const cJSON *addresses = cJSON_GetObjectItemCaseSensitive(item, "addresses");
    if (addresses)
        take_addresses(d, r, addresses, used, &at_addresses, e);
    take_effect(r, cJSON_GetObjectItemCaseSensitive(item, "effect"), "allow", "hide", &at_effect,
                e);
}

static void take_rules(struct settings_draft *d, const cJSON *array,
                       const struct settings_place *place, struct settings_errors *e)
{
    const cJSON *item;
    unsigned n = 0, used = 0;
    d->rules =
        room_for(d, array, d->port->max_rules, sizeof *d->rules, " rules are possible", place, e);
    d->blocks = cjson_alloc(NULL, (d->port->max_addresses + 1) * sizeof *d->blocks);
    d->no_memory |= !d->blocks;
    if (!d->rules || !d->blocks)
        return;
    cJSON_ArrayForEach(item, array)
    {
        const struct settings_place at = {.in = place, .index = n};
        take_rule(d, &d->rules[n++], item, &used, &at, e);
    }
    d->access.rules = d->rules;
    d->access.rule_count = n;
}

// --- export_rules --------------------------------------------------------------------------------

static void take_export_rule(struct access_rule *r, const cJSON *item,
                             const struct settings_place *place, struct settings_errors *e)
{
    static const char *const names[] = {"device", "effect", NULL};
    const struct settings_place at_effect = {.in = place, .name = "effect"};
    if (!take_device(r, item, names, place, e))
        return;
    take_effect(r, cJSON_GetObjectItemCaseSensitive(item, "effect"), "export", "keep", &at_effect,
                e);
}

static void take_export_rules(struct settings_draft *d, const cJSON *array,
                              const struct settings_place *place, struct settings_errors *e)
{
    const cJSON *item;
    unsigned n = 0;
    d->export_rules = room_for(d, array, d->port->max_rules, sizeof *d->export_rules,
                               " rules are possible", place, e);
    if (!d->export_rules)
        return;
    cJSON_ArrayForEach(item, array)
    {
        const struct settings_place at = {.in = place, .index = n};
        take_export_rule(&d->export_rules[n++], item, &at, e);
    }
    d->access.export_rules = d->export_rules;
    d->access.export_rule_count = n;
}

// --- devices -------------------------------------------------------------------------------------

static void take_devices(struct settings_draft *d, const cJSON *array,
                         const struct settings_place *place, struct settings_errors *e)
{
    const cJSON *item;
    unsigned n = 0;
    d->devices = room_for(d, array, d->port->max_namings, sizeof *d->devices,
                          " devices with names are possible", place, e);
    if (!d->devices)
        return;
    cJSON_ArrayForEach(item, array)
    {
        const struct settings_place at = {.in = place, .index = n};
        settings_naming_take(d->devices, n++, item, &at, e);
    }
    d->namings = d->devices;
    d->naming_count = n;
}

// --- http.allowed_hosts --------------------------------------------------------------------------

static void take_hosts(struct settings_draft *d, const cJSON *array,
                       const struct settings_place *place, struct settings_errors *e)
{
    const cJSON *item;
    unsigned n = 0;
    d->names =
        room_for(d, array, SETTINGS_MAX_HOSTS, sizeof *d->names, " names are possible", place, e);
    if (!d->names)
        return;
    cJSON_ArrayForEach(item, array)
    {
        const struct settings_place at = {.in = place, .index = n};
        const char *name = cJSON_IsString(item) ? item->valuestring : "";
        if (!name[0] || !settings_rule_server(name) ||
            !base_text_copy(d->names[n], sizeof d->names[n], name))
            (void)settings_error_add(e, &at, "a host name like bench.example is wanted");
        n++;
    }
    d->hosts = (const char(*)[SETTINGS_SERVER_SIZE])d->names;
    d->host_count = n;
}

void settings_draft_take(struct settings_draft *d, enum settings_list which, const cJSON *item,
                         struct settings_errors *e)
{
    static const struct settings_place access = {.name = "access"}, http = {.name = "http"};
    const struct settings_place at_allow = {.in = &access, .name = "allow"};
    const struct settings_place at_rules = {.in = &access, .name = "rules"};
    const struct settings_place at_devices = {.name = "devices"};
    const struct settings_place at_export = {.name = "export_rules"};
    const struct settings_place at_hosts = {.in = &http, .name = "allowed_hosts"};
    switch (which) { // one that is there twice is refused
    case SETTINGS_LIST_ALLOW:
        if (!d->allow)
            take_allow(d, item, &at_allow, e);
        break;
    case SETTINGS_LIST_RULES:
        if (!d->rules && !d->blocks)
            take_rules(d, item, &at_rules, e);
        break;
    case SETTINGS_LIST_DEVICES:
        if (!d->devices)
            take_devices(d, item, &at_devices, e);
        break;
    case SETTINGS_LIST_EXPORT:
        if (!d->export_rules)
            take_export_rules(d, item, &at_export, e);
        break;
    case SETTINGS_LIST_HOSTS:
        if (!d->names)
            take_hosts(d, item, &at_hosts, e);
        break;
    case SETTINGS_LISTS:
        break;
    }
}

// --- finished ------------------------------------------------------------------------------------

static struct settings_lists *copy_lists(const struct settings_draft *d)
{
    size_t namings = d->naming_count * sizeof(struct access_naming);
    size_t hosts = d->host_count * sizeof *d->hosts;
    struct settings_lists *l = cjson_alloc(NULL, sizeof *l + namings + hosts);
    if (!l)
        return NULL;
    l->users = 1;
    l->naming_count = d->naming_count;
    l->namings = (struct access_naming *)(l + 1);
    if (namings)
        memcpy(l->namings, d->namings, namings);
    l->host_count = d->host_count;
    l->hosts = (char(*)[SETTINGS_SERVER_SIZE])(l->namings + d->naming_count);
    if (hosts)
        memcpy(l->hosts, d->hosts, hosts);
    l->access = access_copy(&d->access, &memory);
    if (l->access)
        return l;
    cJSON_free(l);
    return NULL;
}

bool settings_draft_finish(const struct settings_draft *d, struct settings_lists **lists)
{
    bool empty = !d->access.allow_count && !d->access.rule_count && !d->naming_count &&
                 !d->access.export_rule_count && !d->host_count;
    if (!d->allow && !d->rules && !d->devices && !d->export_rules && !d->names) {
        if (*lists)
            (*lists)->users++;
        return true;
    }
    *lists = empty ? NULL : copy_lists(d);
    return empty || *lists;
}

void settings_hold(const struct settings *s)
{
    if (s->lists)
        s->lists->users++;
}

void settings_drop(struct settings *s)
{
    struct settings_lists *l = s->lists;
    s->lists = NULL;
    if (!l || --l->users)
        return;
    cJSON_free(l->access);
    cJSON_free(l);
}
