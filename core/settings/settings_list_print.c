// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_list.h"

static void add_text(struct base_text *t, const char *text)
{
    base_text_char(t, '"');
    for (; *text; text++) { // nothing here has control characters
        base_text_str(t, *text == '"' || *text == '\\' ? "\\" : "");
        base_text_char(t, *text);
    }
    base_text_char(t, '"');
}

static void add_member(struct base_text *t, const char *name, const char *text)
{
    add_text(t, name);
    base_text_str(t, ": ");
    add_text(t, text);
}

static void add_block(struct base_text *t, const struct base_block *b)
{
    base_text_char(t, '"');
    base_block_text(b, t);
    base_text_char(t, '"');
}

static void print_allowed(struct base_text *t, const struct access_allowed *a)
{
    base_text_str(t, "{\"address\": ");
    add_block(t, &a->block);
    if (a->note[0]) {
        base_text_str(t, ", ");
        add_member(t, "note", a->note);
    }
    base_text_char(t, '}');
}

static void print_selector(struct base_text *t, const struct access_rule *r)
{
    static const char *const names[] = {
        [ACCESS_BY_BUSID] = "busid", [ACCESS_BY_ALIAS] = "alias", [ACCESS_BY_SERIAL] = "serial",
        [ACCESS_BY_LABEL] = "label", [ACCESS_BY_ID] = "id",       [ACCESS_BY_CLASS] = "class",
    };
    char buf[10];
    struct base_text number;
    base_text_init(&number, buf, sizeof buf);
    if (r->by == ACCESS_BY_ID) {
        base_text_hex(&number, r->number >> 16, 4);
        base_text_char(&number, ':');
        base_text_hex(&number, r->number, 4);
    } else {
        base_text_hex(&number, r->number, 2);
    }
    bool is_number = r->by == ACCESS_BY_ID || r->by == ACCESS_BY_CLASS;
    base_text_str(t, "{\"device\": {");
    add_member(t, names[r->by], is_number ? buf : r->text);
    base_text_str(t, "}, ");
}

static void print_rule(struct base_text *t, const struct access_rule *r)
{
    print_selector(t, r);
    for (unsigned i = 0; i < r->block_count; i++) {
        base_text_str(t, i ? ", " : "\"addresses\": [");
        add_block(t, &r->blocks[i]);
    }
    base_text_str(t, r->block_count ? "], " : "");
    add_member(t, "effect", r->effect == ACCESS_HIDE ? "hide" : "allow");
    base_text_char(t, '}');
}

static void print_export_rule(struct base_text *t, const struct access_rule *r)
{
    print_selector(t, r);
    add_member(t, "effect", r->effect == ACCESS_HIDE ? "keep" : "export");
    base_text_char(t, '}');
}

static void print_device(struct base_text *t, const struct access_naming *n)
{
    base_text_char(t, '{');
    add_member(t, n->by == ACCESS_FOLLOW_SERIAL ? "serial" : "busid", n->key);
    if (n->names.alias[0]) {
        base_text_str(t, ", ");
        add_member(t, "alias", n->names.alias);
    }
    for (unsigned i = 0; i < n->names.label_count; i++) {
        base_text_str(t, i ? ", " : ", \"labels\": [");
        add_text(t, n->names.labels[i]);
    }
    base_text_str(t, n->names.label_count ? "]" : "");
    if (n->names.hidden || n->names.exported)
        base_text_str(t, n->names.hidden ? ", \"exported\": false" : ", \"exported\": true");
    base_text_str(t, n->names.take_from_host ? ", \"take_from_host\": true}" : "}");
}

static const struct {
    const char *key;
    size_t section_size;
} keys[SETTINGS_LISTS] = {
    [SETTINGS_LIST_ALLOW] = {"access.allow", sizeof "access" - 1},
    [SETTINGS_LIST_RULES] = {"access.rules", sizeof "access" - 1},
    [SETTINGS_LIST_DEVICES] = {"devices", 0},
    [SETTINGS_LIST_EXPORT] = {"export_rules", 0},
    [SETTINGS_LIST_HOSTS] = {"http.allowed_hosts", sizeof "http" - 1},
};

const char *settings_list_key(enum settings_list which)
{
    return keys[which].key;
}

size_t settings_list_section_size(enum settings_list which)
{
    return keys[which].section_size;
}

bool settings_list_exists(const struct settings_port *port, enum settings_list which)
{
    if (which == SETTINGS_LIST_DEVICES)
        return port->max_namings > 0;
    return which == SETTINGS_LIST_HOSTS || port->max_rules > 0;
}

unsigned settings_list_count(const struct settings *s, enum settings_list which)
{
    const struct settings_lists *l = s->lists;
    if (!l)
        return 0;
    switch (which) {
    case SETTINGS_LIST_ALLOW:
        return l->access->allow_count;
    case SETTINGS_LIST_RULES:
        return l->access->rule_count;
    case SETTINGS_LIST_DEVICES:
        return l->naming_count;
    case SETTINGS_LIST_EXPORT:
        return l->access->export_rule_count;
    case SETTINGS_LIST_HOSTS:
        return l->host_count;
    case SETTINGS_LISTS:
        break;
    }
    return 0;
}

static void print_element(const struct settings_lists *l, enum settings_list which, unsigned i,
                          struct base_text *t)
{
    if (which == SETTINGS_LIST_ALLOW)
        print_allowed(t, &l->access->allow[i]);
    else if (which == SETTINGS_LIST_RULES)
        print_rule(t, &l->access->rules[i]);
    else if (which == SETTINGS_LIST_EXPORT)
        print_export_rule(t, &l->access->export_rules[i]);
    else if (which == SETTINGS_LIST_DEVICES)
        print_device(t, &l->namings[i]);
    else
        add_text(t, l->hosts[i]);
}

static void add_line(struct base_text *t, unsigned indent)
{
    base_text_char(t, '\n');
    while (indent--)
        base_text_char(t, ' ');
}

void settings_list_print(const struct settings *s, enum settings_list which, unsigned indent,
                         struct base_text *t)
{
    unsigned count = settings_list_count(s, which);
    base_text_char(t, '[');
    for (unsigned i = 0; i < count; i++) {
        base_text_str(t, i ? "," : "");
        add_line(t, indent + 2);
        print_element(s->lists, which, i, t);
    }
    if (count)
        add_line(t, indent);
    base_text_char(t, ']');
}
