// SPDX-License-Identifier: Apache-2.0
// The words of the values, and how an event's row becomes a sentence or JSON.
#include "eventlog/eventlog.h"

#include "base/base_text.h"

#include <string.h>

// What one number of an enum is called.
struct word {
    const char *json, *text;
};

// How a value is written.
enum form {
    FORM_COUNT,
    FORM_LOSS, // said only if there is one
    FORM_HEX,  // a number in JSON
    FORM_ENDPOINT,
    FORM_USB_ID, // vendor << 16 | product
    FORM_IPV4,
    FORM_WORD,
    FORM_START,
    FORM_SPEED,
    FORM_OBSTACLE,
};

struct kind {
    enum form form;
    const struct word *words;
    unsigned count;
};

struct value {
    const char *name;
    const struct kind *kind;
};

struct row {
    const char *name;
    enum eventlog_level level;
    const char *sentence;
    struct value values[EVENTLOG_MAX_VALUES];
};

// --- words ---------------------------------------------------------------------------------------

static const struct word starts[] = {
    [EVENT_START_UNKNOWN] = {"unknown", ""},
    [EVENT_START_POWER_ON] = {"power_on", "after power on"},
    [EVENT_START_RESTART] = {"restart", "after a restart"},
    [EVENT_START_FACTORY_RESET] = {"factory_reset", "after a factory reset"},
    [EVENT_START_UPDATE] = {"update", "after an update"},
    [EVENT_START_PANIC] = {"panic", "after a panic"},
    [EVENT_START_TASK_WATCHDOG] = {"task_watchdog", "after the task watchdog found a task stuck"},
    [EVENT_START_INTERRUPT_WATCHDOG] = {"interrupt_watchdog",
                                        "after the interrupt watchdog found a core stuck"},
    [EVENT_START_WATCHDOG] = {"watchdog", "after a watchdog reset"},
    [EVENT_START_LOCKUP] = {"lockup", "after a lock-up of the processor"},
    [EVENT_START_BROWNOUT] = {"brownout", "after the supply voltage dropped"},
    [EVENT_START_POWER_GLITCH] = {"power_glitch", "after a glitch of the supply voltage"},
    [EVENT_START_EXTERNAL] = {"external", "after a reset from outside"},
    [EVENT_START_DEBUGGER] = {"debugger", "after a reset by a debugger"},
};

static const struct word refusals[] = {
    [EVENT_REFUSED_DESCRIPTORS] = {"descriptors", "its descriptors do not hold together"},
    [EVENT_REFUSED_DUPLICATE] = {"duplicate", "another device has that bus id"},
    [EVENT_REFUSED_LIMIT] = {"limit", "the configured number is reached"},
    [EVENT_REFUSED_NO_MEMORY] = {"no_memory", "no memory"},
    [EVENT_REFUSED_STOPPING] = {"stopping", "the server is shutting down"},
    [EVENT_REFUSED_NO_DESCRIPTOR] = {"no_descriptor", "no file descriptor is left"},
};

static const struct word ends[] = {
    [EVENT_END_PEER_CLOSED] = {"peer_closed", "the client closed the connection"},
    [EVENT_END_PEER_LOST] = {"peer_lost", "the connection was lost"},
    [EVENT_END_DONE] = {"done", "answered"},
    [EVENT_END_TIMEOUT] = {"timeout", "no whole request in time"},
    [EVENT_END_PROTOCOL] = {"protocol", "the client broke the protocol"},
    [EVENT_END_UNPLUGGED] = {"unplugged", "the device was unplugged"},
    [EVENT_END_STOPPING] = {"stopping", "the server is shutting down"},
    [EVENT_END_CROWDED] = {"crowded", "made room for a newer connection"},
    [EVENT_END_NO_MEMORY] = {"no_memory", "no memory"},
};

static const struct word faults[] = {
    [EVENT_BAD_VERSION] = {"version", "unknown protocol version"},
    [EVENT_BAD_OPERATION] = {"operation", "unknown operation"},
    [EVENT_BAD_COMMAND] = {"command", "unknown command"},
    [EVENT_BAD_DEVID] = {"devid", "wrong devid"},
    [EVENT_BAD_DIRECTION] = {"direction", "direction is neither IN nor OUT"},
    [EVENT_BAD_LENGTH] = {"length", "impossible transfer length"},
    [EVENT_BAD_PACKET_COUNT] = {"packet_count", "impossible number of packets"},
    [EVENT_DUPLICATE_SEQNUM] = {"duplicate_seqnum", "seqnum is already in flight"},
};

// By the numbers of the wire, enum wire_op_status.
static const struct word statuses[] = {
    {"ok", "ok"},
    {"not_available", "not available"},
    {"busy", "device busy"},
    {"failed", "device error"},
    {"no_device", "no such device"},
};

static const struct word obstacles[] = {
    // the sentences are usb_obstacle_text()'s
    [USB_OBSTACLE_SPEED] = {"speed", NULL},
    [USB_OBSTACLE_ENUMERATION] = {"enumeration", NULL},
    [USB_OBSTACLE_HOST_FULL] = {"host_full", NULL},
};

static const struct word addresses[] = {
    [EVENT_ADDRESS_STATIC] = {"static", "static"},
    [EVENT_ADDRESS_DHCP] = {"dhcp", "DHCP"},
    [EVENT_ADDRESS_LINK_LOCAL] = {"link_local", "link-local, because no DHCP server answers"},
};

static const struct word network_ends[] = {
    [EVENT_NETWORK_NO_LINK] = {"no_link", "no Ethernet cable, or nothing at its other end"},
    [EVENT_NETWORK_NO_ADDRESS] = {"no_address", "no address"},
};

static const struct word fallbacks[] = {
    [EVENT_FALLBACK_IN_USE] = {"in_use", "another station has it"},
    [EVENT_FALLBACK_GATEWAY_SILENT] = {"gateway_silent",
                                       "the gateway of the settings does not answer"},
};

// --- kinds of values: of NUMBER() by their own names, of WORD() by the enum's --------------------

#define WORDS(table) table, sizeof(table) / sizeof(table)[0]

static const struct kind kind_count = {FORM_COUNT, NULL, 0};
static const struct kind kind_loss = {FORM_LOSS, NULL, 0};
static const struct kind kind_hex = {FORM_HEX, NULL, 0};
static const struct kind kind_endpoint = {FORM_ENDPOINT, NULL, 0};
static const struct kind kind_usb_id = {FORM_USB_ID, NULL, 0};
static const struct kind kind_ipv4 = {FORM_IPV4, NULL, 0};
static const struct kind kind_status = {FORM_WORD, WORDS(statuses)};
static const struct kind kind_usb_speed = {FORM_SPEED, NULL, 0};
static const struct kind kind_usb_obstacle = {FORM_OBSTACLE, WORDS(obstacles)};
static const struct kind kind_eventlog_start = {FORM_START, WORDS(starts)};
static const struct kind kind_eventlog_refusal = {FORM_WORD, WORDS(refusals)};
static const struct kind kind_eventlog_end = {FORM_WORD, WORDS(ends)};
static const struct kind kind_eventlog_protocol = {FORM_WORD, WORDS(faults)};
static const struct kind kind_eventlog_address = {FORM_WORD, WORDS(addresses)};
static const struct kind kind_eventlog_network_end = {FORM_WORD, WORDS(network_ends)};
static const struct kind kind_eventlog_fallback = {FORM_WORD, WORDS(fallbacks)};

// NULL: that number has no word.
static const struct word *word_of(const struct kind *kind, uint32_t n)
{
    return n < kind->count && kind->words[n].json ? &kind->words[n] : NULL;
}

// Never NULL.
static const char *text_of(const struct kind *kind, uint32_t n)
{
    const char *text;
    if (kind->form == FORM_OBSTACLE)
        return usb_obstacle_text((enum usb_obstacle)n);
    if (kind->form == FORM_SPEED)
        text = usb_speed_text(n);
    else
        text = word_of(kind, n) ? word_of(kind, n)->text : NULL;
    return text ? text : "?";
}

static const char *json_of(const struct kind *kind, uint32_t n)
{
    const char *json;
    if (kind->form == FORM_SPEED)
        json = usb_speed_text(n);
    else
        json = word_of(kind, n) ? word_of(kind, n)->json : NULL;
    return json ? json : "unknown";
}

const char *eventlog_start_text(uint32_t start)
{
    return text_of(&kind_eventlog_start, start);
}

const char *eventlog_refusal_text(uint32_t refusal)
{
    return text_of(&kind_eventlog_refusal, refusal);
}

static void add_ipv4(struct base_text *t, uint32_t address)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        base_text_u64(t, address >> shift & 0xff);
        if (shift)
            base_text_char(t, '.');
    }
}

static void add_value(struct base_text *t, const struct kind *kind, uint32_t n)
{
    switch (kind->form) {
    case FORM_COUNT:
    case FORM_ENDPOINT:
        base_text_u64(t, n);
        break;
    case FORM_LOSS:
        base_text_str(t, n ? ", damaged events dropped: " : "");
        if (n)
            base_text_u64(t, n);
        break;
    case FORM_HEX:
        base_text_str(t, "0x");
        base_text_hex(t, n, 8);
        break;
    case FORM_USB_ID:
        base_text_hex(t, n >> 16, 4);
        base_text_char(t, ':');
        base_text_hex(t, n, 4);
        break;
    case FORM_IPV4:
        add_ipv4(t, n);
        break;
    default:
        base_text_str(t, kind->form == FORM_START && n ? " " : "");
        base_text_str(t, text_of(kind, n));
    }
}

// --- rows ----------------------------------------------------------------------------------------

#define NUMBER(kind, name) {#name, &kind_##kind},
#define WORD(tag, name) {#name, &kind_##tag},
#define PLAIN(NAME, name, level, sentence)                                                         \
    [EVENT_##NAME] = {#name, EVENTLOG_##level, sentence, {{0}}},
#define EVENT(NAME, name, level, sentence, values)                                                 \
    [EVENT_##NAME] = {#name, EVENTLOG_##level, sentence, {values}},

static const struct row rows[] = {EVENTLOG_TYPES(PLAIN, EVENT, NUMBER, WORD)};

static const struct row *row_of(enum eventlog_type type)
{
    static const struct row unknown = {"unknown", EVENTLOG_WARNING, "unknown event", {{0}}};
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

bool eventlog_value(const struct eventlog_event *e, unsigned i, struct eventlog_value *v)
{
    const struct value *of = &row_of(e->what.type)->values[i];
    struct base_text t;
    if (!of->name)
        return false;
    *v = (struct eventlog_value){.name = of->name, .number = e->what.value[i]};
    base_text_init(&t, v->buf, sizeof v->buf);
    switch (of->kind->form) {
    case FORM_LOSS:
        return v->number != 0;
    case FORM_COUNT:
    case FORM_HEX:
        break;
    case FORM_ENDPOINT:
        base_text_str(&t, "0x");
        base_text_hex(&t, v->number, 2);
        v->text = v->buf;
        break;
    case FORM_USB_ID:
    case FORM_IPV4:
        add_value(&t, of->kind, v->number);
        v->text = v->buf;
        break;
    default:
        v->text = json_of(of->kind, v->number);
    }
    return true;
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
    else if (is(name, length, "busid"))
        base_text_str(t, e->busid[0] ? e->busid : "(no bus id)");
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
