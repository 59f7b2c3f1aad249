// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_field.h"

#include "base/base_number.h"
#include "settings/settings_rule.h"

#include <assert.h>
#include <string.h>

#define FIELD(section, name, kind, member)                                                         \
    {                                                                                              \
        section "." name, sizeof section - 1, kind, offsetof(struct settings, member)              \
    }
#define LIMIT(member)                                                                              \
    {                                                                                              \
        "limits." #member, sizeof "limits" - 1, SETTINGS_KIND_NUMBER,                              \
            offsetof(struct settings_limits, member)                                               \
    }

static const struct settings_field fields[] = {
    {"host_name", 0, SETTINGS_KIND_LABEL, offsetof(struct settings, host_name)},
    {"takeover", 0, SETTINGS_KIND_TAKE_OVER, offsetof(struct settings, take_over)},
    {"export", 0, SETTINGS_KIND_EXPORT, offsetof(struct settings, export_policy)},
    {"anonymous", 0, SETTINGS_KIND_ANONYMOUS, offsetof(struct settings, anonymous)},
    FIELD("network", "addressing", SETTINGS_KIND_ADDRESSING, network.addressing),
    FIELD("network", "address", SETTINGS_KIND_IPV4, network.address),
    FIELD("network", "netmask", SETTINGS_KIND_IPV4, network.netmask),
    FIELD("network", "gateway", SETTINGS_KIND_IPV4, network.gateway),
    FIELD("network", "dns", SETTINGS_KIND_IPV4, network.dns),
    FIELD("network", "sntp_server", SETTINGS_KIND_SERVER, network.sntp_server),
    FIELD("usb", "bus1_speed", SETTINGS_KIND_SPEED, bus_speed[0]),
    FIELD("usb", "bus2_speed", SETTINGS_KIND_SPEED, bus_speed[1]),
    LIMIT(max_connections),
    LIMIT(max_devices),
    LIMIT(max_urbs),
    LIMIT(session_budget_kib),
    LIMIT(total_budget_kib),
    LIMIT(silent_s),
    LIMIT(max_urb_kib),
    FIELD("access", "mode", SETTINGS_KIND_MODE, access_mode),
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static const char *const addressing_words[] = {
    [SETTINGS_DHCP] = "dhcp", [SETTINGS_STATIC] = "static", NULL};
static const char *const speed_words[] = {
    [SETTINGS_HIGH_SPEED] = "high", [SETTINGS_FULL_SPEED] = "full", NULL};

static const char *const mode_words[] = {[ACCESS_OPEN] = "open", [ACCESS_CLOSED] = "closed", NULL};
static const char *const take_over_words[] = {
    [SETTINGS_PROBE] = "probe", [SETTINGS_NEVER] = "never", NULL};
static const char *const anonymous_words[] = {[SETTINGS_ANONYMOUS_AUTO] = "auto",
                                              [SETTINGS_ANONYMOUS_VIEW] = "view",
                                              [SETTINGS_ANONYMOUS_NONE] = "none",
                                              NULL};

static const char *const export_words[] = {
    [ACCESS_EXPORT_AUTO] = "auto", [ACCESS_EXPORT_MANUAL] = "manual", NULL};

// NULL: it is no word.
static const char *const *words_of(const struct settings_field *f)
{
    switch (f->kind) {
    case SETTINGS_KIND_ADDRESSING:
        return addressing_words;
    case SETTINGS_KIND_SPEED:
        return speed_words;
    case SETTINGS_KIND_MODE:
        return mode_words;
    case SETTINGS_KIND_TAKE_OVER:
        return take_over_words;
    case SETTINGS_KIND_EXPORT:
        return export_words;
    case SETTINGS_KIND_ANONYMOUS:
        return anonymous_words;
    default:
        return NULL;
    }
}

static_assert(sizeof(enum access_mode) == 4 && sizeof(enum settings_take_over) == 4 &&
                  sizeof(enum access_export) == 4 && sizeof(enum settings_speed) == 4 &&
                  sizeof(enum settings_addressing) == 4 && sizeof(enum settings_anonymous) == 4,
              "a word is stored as uint32_t");

static uint32_t number_of(const struct settings_limits *limits, const struct settings_field *f)
{
    uint32_t v;
    memcpy(&v, (const char *)limits + f->offset, sizeof v);
    return v;
}

static bool port_has(const struct settings_port *port, const struct settings_field *f)
{
    if (settings_field_in(f, "network"))
        return port->has_network;
    if (settings_field_in(f, "usb"))
        return port->has_buses;
    if (settings_field_in(f, "access") || f->kind == SETTINGS_KIND_EXPORT)
        return port->max_rules > 0;
    if (f->kind == SETTINGS_KIND_ANONYMOUS)
        return port->has_users;
    return f->kind != SETTINGS_KIND_NUMBER || number_of(&port->max_limits, f) > 0;
}

const struct settings_field *settings_field_any(unsigned i)
{
    return i < FIELDS ? &fields[i] : NULL;
}

const struct settings_field *settings_field(const struct settings_port *port, unsigned i)
{
    for (unsigned k = 0; k < FIELDS; k++)
        if (port_has(port, &fields[k]) && i-- == 0)
            return &fields[k];
    return NULL;
}

const char *settings_field_name(const struct settings_field *f)
{
    return f->section_size ? f->key + f->section_size + 1 : f->key;
}

bool settings_field_in(const struct settings_field *f, const char *section)
{
    return strlen(section) == f->section_size && memcmp(f->key, section, f->section_size) == 0;
}

const struct settings_field *settings_field_find(const struct settings_port *port, const char *key)
{
    const struct settings_field *f;
    for (unsigned i = 0; (f = settings_field(port, i)); i++)
        if (strcmp(f->key, key) == 0)
            break;
    return f;
}

// --- where a value is ----------------------------------------------------------------------------

static void *at(struct settings *s, const struct settings_field *f)
{
    return (char *)(f->kind == SETTINGS_KIND_NUMBER ? (void *)&s->limits : s) + f->offset;
}

static const void *in(const struct settings *s, const struct settings_field *f)
{
    return (const char *)(f->kind == SETTINGS_KIND_NUMBER ? (const void *)&s->limits : s) +
           f->offset;
}

void settings_field_set_number(struct settings *s, const struct settings_field *f, uint32_t v)
{
    memcpy(at(s, f), &v, sizeof v);
}

// --- from text -----------------------------------------------------------------------------------

static bool word_from_text(const char *const *words, const char *text, void *p)
{
    for (uint32_t i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0) {
            memcpy(p, &i, sizeof i);
            return true;
        }
    return false;
}

static uint32_t word_number(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

bool settings_field_from_text(struct settings *s, const struct settings_field *f, const char *text)
{
    void *p = at(s, f);
    uint8_t bytes[4];
    uint64_t number;
    switch (f->kind) {
    case SETTINGS_KIND_LABEL:
        return base_text_copy(p, SETTINGS_HOST_NAME_SIZE, text);
    case SETTINGS_KIND_SERVER:
        return base_text_copy(p, SETTINGS_SERVER_SIZE, text);
    case SETTINGS_KIND_IPV4:
        if (!settings_rule_ipv4(text, bytes))
            return false;
        memcpy(p, bytes, sizeof bytes);
        return true;
    case SETTINGS_KIND_ADDRESSING:
    case SETTINGS_KIND_SPEED:
    case SETTINGS_KIND_MODE:
    case SETTINGS_KIND_TAKE_OVER:
    case SETTINGS_KIND_EXPORT:
    case SETTINGS_KIND_ANONYMOUS:
        return word_from_text(words_of(f), text, p);
    case SETTINGS_KIND_NUMBER:
        if (!base_number(text, 0, UINT32_MAX, &number))
            return false;
        settings_field_set_number(s, f, (uint32_t)number);
        return true;
    }
    return false;
}

// --- to text -------------------------------------------------------------------------------------

static void ipv4_to_text(const uint8_t *bytes, struct base_text *t)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i)
            base_text_char(t, '.');
        base_text_u64(t, bytes[i]);
    }
}

void settings_field_to_text(const struct settings *s, const struct settings_field *f,
                            struct base_text *t)
{
    const void *p = in(s, f);
    switch (f->kind) {
    case SETTINGS_KIND_LABEL:
    case SETTINGS_KIND_SERVER:
        base_text_str(t, p);
        break;
    case SETTINGS_KIND_IPV4:
        ipv4_to_text(p, t);
        break;
    case SETTINGS_KIND_ADDRESSING:
    case SETTINGS_KIND_SPEED:
    case SETTINGS_KIND_MODE:
    case SETTINGS_KIND_TAKE_OVER:
    case SETTINGS_KIND_EXPORT:
    case SETTINGS_KIND_ANONYMOUS:
        base_text_str(t, words_of(f)[word_number(p)]);
        break;
    case SETTINGS_KIND_NUMBER:
        base_text_u64(t, number_of(&s->limits, f));
        break;
    }
}

void settings_field_wants(const struct settings_port *port, const struct settings_field *f,
                          struct base_text *t)
{
    switch (f->kind) {
    case SETTINGS_KIND_LABEL:
        base_text_str(t, "1 to 63 letters, digits and hyphens are wanted, no hyphen at the ends");
        break;
    case SETTINGS_KIND_SERVER:
        base_text_str(t, "a server's name or IPv4 address is wanted, or \"\" for none");
        break;
    case SETTINGS_KIND_IPV4:
        base_text_str(t, strcmp(f->key, "network.netmask") == 0
                             ? "a netmask like 255.255.255.0 is wanted"
                             : "the IPv4 address of one machine like 192.168.1.10 is wanted");
        break;
    case SETTINGS_KIND_ADDRESSING:
        base_text_str(t, "\"dhcp\" or \"static\" is wanted");
        break;
    case SETTINGS_KIND_MODE:
        base_text_str(t, "\"open\" or \"closed\" is wanted");
        break;
    case SETTINGS_KIND_TAKE_OVER:
        base_text_str(t, "\"probe\" or \"never\" is wanted");
        break;
    case SETTINGS_KIND_EXPORT:
        base_text_str(t, "\"auto\" or \"manual\" is wanted");
        break;
    case SETTINGS_KIND_ANONYMOUS:
        base_text_str(t, "\"auto\", \"view\" or \"none\" is wanted");
        break;
    case SETTINGS_KIND_SPEED: // bus 2 is the chip's full-speed port
        base_text_str(t, strcmp(f->key, "usb.bus1_speed") == 0
                             ? "\"high\" or \"full\" is wanted"
                             : "this port is a full-speed one and can only be \"full\"");
        break;
    case SETTINGS_KIND_NUMBER:
        base_text_str(t, "a whole number from ");
        base_text_u64(t, number_of(&port->min_limits, f));
        base_text_str(t, " to ");
        base_text_u64(t, number_of(&port->max_limits, f));
        base_text_str(t, " is wanted");
        break;
    }
}

bool settings_field_valid(const struct settings *s, const struct settings_field *f)
{
    const void *p = in(s, f);
    uint32_t v;
    switch (f->kind) {
    case SETTINGS_KIND_LABEL:
        return settings_rule_label(p, strlen(p));
    case SETTINGS_KIND_SERVER:
        return settings_rule_server(p);
    case SETTINGS_KIND_IPV4:
        return strcmp(f->key, "network.netmask") == 0 ? settings_rule_netmask(p)
                                                      : settings_rule_machine(p);
    case SETTINGS_KIND_ADDRESSING:
    case SETTINGS_KIND_MODE:
    case SETTINGS_KIND_TAKE_OVER:
    case SETTINGS_KIND_EXPORT:
        return word_number(p) < 2;
    case SETTINGS_KIND_ANONYMOUS:
        return word_number(p) <= SETTINGS_ANONYMOUS_NONE;
    case SETTINGS_KIND_SPEED:
        return *(const enum settings_speed *)p == SETTINGS_FULL_SPEED ||
               (*(const enum settings_speed *)p == SETTINGS_HIGH_SPEED && p == &s->bus_speed[0]);
    case SETTINGS_KIND_NUMBER:
        v = number_of(&s->limits, f);
        return v >= number_of(&s->port->min_limits, f) && v <= number_of(&s->port->max_limits, f);
    }
    return false;
}
