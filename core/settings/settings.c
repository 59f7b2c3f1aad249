// SPDX-License-Identifier: Apache-2.0
#include "settings/settings.h"

#include "settings/settings_field.h"
#include "settings/settings_rule.h"

#include <string.h>

void settings_default(struct settings *s, const struct settings_port *port)
{
    *s = (struct settings){
        .port = port,
        .network.addressing = SETTINGS_DHCP,
        .bus_speed = {SETTINGS_HIGH_SPEED, SETTINGS_FULL_SPEED},
        .limits = port->limits,
    };
    (void)base_text_copy(s->host_name, sizeof s->host_name, port->host_name);
    (void)base_text_copy(s->network.sntp_server, sizeof s->network.sntp_server, port->sntp_server);
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

// `open` is the field before if its section is still open.
static void print_field(const struct settings *s, const struct settings_field *f,
                        const struct settings_field *open, struct base_text *t)
{
    base_text_str(t, ",\n");
    if (f->section_size && !open) {
        base_text_str(t, "  \"");
        for (size_t i = 0; i < f->section_size; i++)
            base_text_char(t, f->key[i]);
        base_text_str(t, "\": {\n");
    }
    base_text_str(t, f->section_size ? "    \"" : "  \"");
    base_text_str(t, settings_field_name(f));
    base_text_str(t, f->kind == SETTINGS_KIND_NUMBER ? "\": " : "\": \"");
    settings_field_to_text(s, f, t); // what passes settings_check() needs no escapes
    base_text_str(t, f->kind == SETTINGS_KIND_NUMBER ? "" : "\"");
}

static bool same_section(const struct settings_field *a, const struct settings_field *b)
{
    return a->section_size == b->section_size && strncmp(a->key, b->key, a->section_size) == 0;
}

size_t settings_print(const struct settings *s, enum settings_extent extent, char *buf,
                      size_t buf_size)
{
    const struct settings_field *f, *open = NULL; // in a section
    struct settings defaults;
    struct base_text t;
    settings_default(&defaults, s->port);
    base_text_init(&t, buf, buf_size);
    base_text_str(&t, "{\n  \"version\": ");
    base_text_u64(&t, SETTINGS_VERSION);
    for (unsigned i = 0; (f = settings_field(s->port, i)); i++) {
        if (extent == SETTINGS_CHANGED && same_text(s, &defaults, f))
            continue;
        if (open && !same_section(open, f)) {
            base_text_str(&t, "\n  }");
            open = NULL;
        }
        print_field(s, f, open, &t);
        open = f->section_size ? f : NULL;
    }
    base_text_str(&t, open ? "\n  }\n}\n" : "\n}\n");
    return t.length;
}
