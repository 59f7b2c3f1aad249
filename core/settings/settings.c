// SPDX-License-Identifier: Apache-2.0
#include "settings/settings.h"

#include "settings/settings_field.h"
#include "settings/settings_list.h"
#include "settings/settings_rule.h"

#include <string.h>

void settings_default(struct settings *s, const struct settings_port *port)
{
    *s = (struct settings){
        .port = port,
        .export_policy = port->export_policy,
        .network.addressing = SETTINGS_DHCP,
        .bus_speed = {SETTINGS_HIGH_SPEED, SETTINGS_FULL_SPEED},
        .limits = port->limits,
    };
    (void)base_text_copy(s->host_name, sizeof s->host_name, port->host_name);
    (void)base_text_copy(s->network.sntp_server, sizeof s->network.sntp_server, port->sntp_server);
}

struct access_list settings_access(const struct settings *s)
{
    struct access_list a = {.mode = s->access_mode};
    if (s->lists)
        a = *s->lists->access;
    a.mode = s->access_mode;
    a.export_policy = s->export_policy;
    return a;
}

size_t settings_max_bytes(const struct settings_port *port)
{
    return port->max_bytes ? port->max_bytes : SETTINGS_MAX_BYTES;
}

const char *settings_document_key(unsigned i)
{
    unsigned fields = 0;
    while (settings_field_any(fields))
        fields++;
    if (i < fields)
        return settings_field_any(i)->key;
    return i - fields < SETTINGS_LISTS ? settings_list_key((enum settings_list)(i - fields)) : NULL;
}

// --- checks --------------------------------------------------------------------------------------

static enum base_err refuse(char *why, const char *key, const char *sentence)
{
    struct base_text t;
    base_text_init(&t, why, SETTINGS_WHY_SIZE);
    base_text_str(&t, key);
    base_text_str(&t, ": ");
    base_text_str(&t, sentence);
    return BASE_ERR_INVALID;
}

static enum base_err refuse_value(const struct settings *s, const struct settings_field *f,
                                  char *why)
{
    char wants[SETTINGS_WHY_SIZE];
    struct base_text t;
    base_text_init(&t, wants, sizeof wants);
    settings_field_wants(s->port, f, &t);
    return refuse(why, f->key, wants);
}

static enum base_err check_static(const struct settings_network *n, char *why)
{
    if (settings_rule_none(n->address))
        return refuse(why, "network.address", "static addressing needs one");
    if (settings_rule_none(n->netmask))
        return refuse(why, "network.netmask", "static addressing needs one");
    if (!settings_rule_host_of(n->address, n->address, n->netmask))
        return refuse(why, "network.address",
                      "with this netmask it stands for the whole network, not for one machine");
    if (settings_rule_none(n->gateway))
        return BASE_OK;
    if (!settings_rule_host_of(n->gateway, n->address, n->netmask))
        return refuse(why, "network.gateway", "it is not in the network of address and netmask");
    if (memcmp(n->gateway, n->address, sizeof n->gateway) == 0)
        return refuse(why, "network.gateway", "this is the server's own address");
    return BASE_OK;
}

enum base_err settings_check(const struct settings *s, char *why)
{
    const struct settings_field *f;
    for (unsigned i = 0; (f = settings_field(s->port, i)); i++)
        if (!settings_field_valid(s, f))
            return refuse_value(s, f, why);
    if (s->limits.total_budget_kib < s->limits.session_budget_kib)
        return refuse(why, "limits.total_budget_kib",
                      "it must not be less than limits.session_budget_kib");
    if (s->port->has_network && s->network.addressing == SETTINGS_STATIC)
        return check_static(&s->network, why);
    return BASE_OK;
}

// --- one value at a time -------------------------------------------------------------------------

const char *settings_key(const struct settings_port *port, unsigned i)
{
    const struct settings_field *f = settings_field(port, i);
    return f ? f->key : NULL;
}

enum base_err settings_get(const struct settings *s, const char *key, char *buf)
{
    const struct settings_field *f = settings_field_find(s->port, key);
    struct base_text t;
    if (!f)
        return BASE_ERR_NOT_FOUND;
    base_text_init(&t, buf, SETTINGS_VALUE_SIZE);
    settings_field_to_text(s, f, &t);
    return BASE_OK;
}

enum base_err settings_set(struct settings *s, const char *key, const char *text, char *why)
{
    const struct settings_field *f = settings_field_find(s->port, key);
    struct settings changed = *s;
    if (!f) {
        (void)refuse(why, "there is no such setting here", key);
        return BASE_ERR_NOT_FOUND;
    }
    if (!settings_field_from_text(&changed, f, text))
        return refuse_value(s, f, why);
    enum base_err err = settings_check(&changed, why);
    if (err == BASE_OK)
        *s = changed;
    return err;
}

// --- the document --------------------------------------------------------------------------------

static bool same_text(const struct settings *a, const struct settings *b,
                      const struct settings_field *f)
{
    char of_a[SETTINGS_VALUE_SIZE], of_b[SETTINGS_VALUE_SIZE];
    struct base_text t;
    base_text_init(&t, of_a, sizeof of_a);
    settings_field_to_text(a, f, &t);
    base_text_init(&t, of_b, sizeof of_b);
    settings_field_to_text(b, f, &t);
    return strcmp(of_a, of_b) == 0;
}

struct printer {
    struct base_text t;
    const char *section; // that is open, with its name's size; NULL: none
    size_t section_size;
};

static void close_section(struct printer *p)
{
    base_text_str(&p->t, p->section ? "\n  }" : "");
    p->section = NULL;
}

// "section.name" or "name".
static void begin_member(struct printer *p, const char *key, size_t section_size)
{
    bool same = p->section && section_size == p->section_size &&
                strncmp(p->section, key, section_size) == 0;
    if (!same)
        close_section(p);
    base_text_str(&p->t, ",\n");
    if (!same && section_size) {
        base_text_str(&p->t, "  \"");
        for (size_t i = 0; i < section_size; i++)
            base_text_char(&p->t, key[i]);
        base_text_str(&p->t, "\": {\n");
        p->section = key;
        p->section_size = section_size;
    }
    base_text_str(&p->t, section_size ? "    \"" : "  \"");
    base_text_str(&p->t, key + section_size + (section_size > 0));
    base_text_str(&p->t, "\": ");
}

static void print_field(struct printer *p, const struct settings *s, const struct settings_field *f)
{
    const char *quote = f->kind == SETTINGS_KIND_NUMBER ? "" : "\"";
    begin_member(p, f->key, f->section_size);
    base_text_str(&p->t, quote);
    settings_field_to_text(s, f, &p->t); // what passes settings_check() needs no escapes
    base_text_str(&p->t, quote);
}

static void print_lists(struct printer *p, const struct settings *s, enum settings_extent extent)
{
    for (enum settings_list i = 0; i < SETTINGS_LISTS; i++) {
        size_t section_size = settings_list_section_size(i);
        if (!settings_list_exists(s->port, i) ||
            (extent == SETTINGS_CHANGED && settings_list_count(s, i) == 0))
            continue;
        begin_member(p, settings_list_key(i), section_size);
        settings_list_print(s, i, section_size ? 4 : 2, &p->t);
    }
}

size_t settings_print(const struct settings *s, enum settings_extent extent, char *buf,
                      size_t buf_size)
{
    const struct settings_field *f;
    struct settings defaults;
    struct printer p = {.section = NULL};
    settings_default(&defaults, s->port);
    base_text_init(&p.t, buf, buf_size);
    base_text_str(&p.t, "{\n  \"version\": ");
    base_text_u64(&p.t, SETTINGS_VERSION);
    for (unsigned i = 0; (f = settings_field(s->port, i)); i++)
        if (extent == SETTINGS_ALL || !same_text(s, &defaults, f))
            print_field(&p, s, f);
    print_lists(&p, s, extent);
    close_section(&p);
    base_text_str(&p.t, "\n}\n");
    return p.t.length;
}
