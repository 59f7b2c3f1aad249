// SPDX-License-Identifier: Apache-2.0
// How an event's row becomes a sentence, or members in JSON.
#include "eventlog/eventlog.h"
#include "eventlog/eventlog_word.h"

#include "base/base_text.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(struct eventlog_what) == 4 + 4 * EVENTLOG_MAX_VALUES, "a value is four bytes");

struct value {
    const char *name; // NULL: none
    enum eventlog_kind kind;
};

static const struct row {
    const char *name;
    enum eventlog_level level;
    const char *sentence;
    struct value values[EVENTLOG_MAX_VALUES];
} rows[] = {
#define VALUE(kind, name) {#name, EVENTLOG_KIND_##kind},
#define PLAIN(NAME, name, level, sentence) EVENT(NAME, name, level, sentence, {NULL})
#define EVENT(NAME, name, level, sentence, ...)                                                    \
    [EVENT_##NAME] = {#name, EVENTLOG_##level, sentence, {__VA_ARGS__}},
    EVENTLOG_TYPES(PLAIN, EVENT, VALUE, VALUE) //
};

static const struct row *row_of(enum eventlog_type type)
{
    static const struct row unknown = {"unknown", EVENTLOG_WARNING, "unknown event", {{NULL}}};
    return type > EVENT_NONE && type < EVENT_TYPE_COUNT ? &rows[type] : &unknown;
}

enum eventlog_level eventlog_level(const struct eventlog_event *e)
{
    enum eventlog_start why = e->what.server_started.reason;
    if (e->what.type == EVENT_SERVER_STARTED &&
        ((why >= EVENT_START_PANIC && why < EVENT_START_EXTERNAL) ||
         e->what.server_started.damaged_events))
        return EVENTLOG_WARNING;
    return row_of(e->what.type)->level;
}

const char *eventlog_level_name(enum eventlog_level level)
{
    static const char *const names[] = {
        [EVENTLOG_ERROR] = "error",
        [EVENTLOG_WARNING] = "warning",
        [EVENTLOG_INFO] = "info",
        [EVENTLOG_DEBUG] = "debug",
    };
    return names[level];
}

const char *eventlog_name(enum eventlog_type type)
{
    return row_of(type)->name;
}

// --- values --------------------------------------------------------------------------------------

static void add_ipv4(struct base_text *t, uint32_t address)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        base_text_u64(t, address >> shift & 0xff);
        if (shift)
            base_text_char(t, '.');
    }
}

static void add_usb_id(struct base_text *t, uint32_t id)
{
    base_text_hex(t, id >> 16, 4);
    base_text_char(t, ':');
    base_text_hex(t, id, 4);
}

static void add_hex(struct base_text *t, uint32_t n, unsigned digits)
{
    base_text_str(t, "0x");
    base_text_hex(t, n, digits);
}

static void add_place(struct base_text *t, uint32_t place)
{
    base_text_str(t, "interface ");
    base_text_u64(t, place >> 16);
    if (place >> 8 & 0xff) {
        base_text_str(t, ", alternate setting ");
        base_text_u64(t, place >> 8 & 0xff);
    }
    if (place & 0xff) {
        base_text_str(t, ", endpoint ");
        add_hex(t, place & 0xff, 2);
    }
}

// As descriptors' numbers are often written: interface.setting, and the endpoint.
static void add_short_place(struct base_text *t, uint32_t place)
{
    base_text_u64(t, place >> 16);
    base_text_char(t, '.');
    base_text_u64(t, place >> 8 & 0xff);
    if (place & 0xff) {
        base_text_char(t, ' ');
        add_hex(t, place & 0xff, 2);
    }
}

// As it stands in a sentence.
static void add_value(struct base_text *t, enum eventlog_kind kind, uint32_t n)
{
    switch (kind) {
    case EVENTLOG_KIND_count:
    case EVENTLOG_KIND_endpoint:
        base_text_u64(t, n);
        break;
    case EVENTLOG_KIND_hex:
        add_hex(t, n, 8);
        break;
    case EVENTLOG_KIND_usb_id:
        add_usb_id(t, n);
        break;
    case EVENTLOG_KIND_ipv4:
        add_ipv4(t, n);
        break;
    case EVENTLOG_KIND_place:
        add_place(t, n);
        break;
    case EVENTLOG_KIND_loss:
        base_text_str(t, n ? ", damaged events dropped: " : "");
        if (n)
            base_text_u64(t, n);
        break;
    case EVENTLOG_KIND_rule:
        if (n)
            base_text_u64(t, n);
        break;
    case EVENTLOG_KIND_eventlog_start:
        base_text_str(t, n ? " " : "");
        base_text_str(t, eventlog_word_text(kind, n));
        break;
    default:
        base_text_str(t, eventlog_word_text(kind, n));
    }
}

bool eventlog_value(const struct eventlog_event *e, unsigned i, struct eventlog_value *v)
{
    const struct value *of = &row_of(e->what.type)->values[i];
    struct base_text t;
    *v = (struct eventlog_value){.name = of->name, .number = e->what.value[i], .text = v->buf};
    base_text_init(&t, v->buf, sizeof v->buf);
    switch (of->kind) {
    case EVENTLOG_KIND_count:
    case EVENTLOG_KIND_hex:
    case EVENTLOG_KIND_loss:
    case EVENTLOG_KIND_rule:
        v->text = NULL;
        break;
    case EVENTLOG_KIND_endpoint:
        add_hex(&t, v->number, 2);
        break;
    case EVENTLOG_KIND_usb_id:
    case EVENTLOG_KIND_ipv4:
        add_value(&t, of->kind, v->number);
        break;
    case EVENTLOG_KIND_place:
        add_short_place(&t, v->number);
        break;
    default:
        v->text = eventlog_word_json(of->kind, v->number);
    }
    bool said_always = of->kind != EVENTLOG_KIND_loss && of->kind != EVENTLOG_KIND_rule;
    return v->name && (v->number || said_always);
}

// --- sentences -----------------------------------------------------------------------------------

static bool is(const char *name, size_t length, const char *word)
{
    return word && strlen(word) == length && memcmp(name, word, length) == 0;
}

static void add_field(struct base_text *t, const struct eventlog_event *e, const char *name,
                      size_t length)
{
    const struct value *values = row_of(e->what.type)->values;
    for (unsigned i = 0; i < EVENTLOG_MAX_VALUES; i++)
        if (is(name, length, values[i].name)) {
            add_value(t, values[i].kind, e->what.value[i]);
            return;
        }
    if (is(name, length, "session"))
        base_text_u64(t, e->session);
    else if (is(name, length, "peer"))
        base_text_str(t, e->peer);
    else if (is(name, length, "file"))
        base_text_str(t, e->file);
    else if (is(name, length, "busid"))
        base_text_str(t, e->busid[0] ? e->busid : "(no bus id)");
    else if (is(name, length, "user"))
        base_text_str(t, e->user);
    else if (is(name, length, "time"))
        base_text_utc(t, e->unix_us);
    else
        base_text_char(t, '?');
}

size_t eventlog_text(const struct eventlog_event *e, char *buf, size_t size)
{
    struct base_text t;
    base_text_init(&t, buf, size);
    for (const char *p = row_of(e->what.type)->sentence; *p; p++) {
        if (*p != '{') {
            base_text_char(&t, *p);
            continue;
        }
        const char *name = ++p;
        while (*p != '}')
            p++;
        add_field(&t, e, name, (size_t)(p - name));
    }
    return t.length;
}
