// SPDX-License-Identifier: Apache-2.0
#include "eventlog/eventlog.h"

#include "base/base_text.h"

// What the numbers of an enum are called.
struct words {
    const char *const *word;
    unsigned count;
};

#define WORDS(...)                                                                                 \
    {                                                                                              \
        (const char *const[]){__VA_ARGS__},                                                        \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)                      \
    }

// How one type reads. In `text`: %s session, %p peer, %d busid, %a and %b numbers, %x b in hex, %i
// a as vendor:product, %v b as a speed, %w a as a word of `words`, %o a as an obstacle, %r why the
// server started, %t the time of day.
struct phrase {
    const char *name;
    enum eventlog_level level;
    const char *text;
    const struct words *words;
};

// Behind "server started".
static const struct words starts =
    WORDS("", "after power on", "after a restart", "after a factory reset", "after an update",
          "after a panic", "after the task watchdog found a task stuck",
          "after the interrupt watchdog found a core stuck", "after a watchdog reset",
          "after a lock-up of the processor", "after the supply voltage dropped",
          "after a glitch of the supply voltage", "after a reset from outside",
          "after a reset by a debugger");

static const struct words refusals =
    WORDS("?", "its descriptors do not hold together", "another device has that bus id",
          "the configured number is reached", "no memory", "the server is shutting down",
          "no file descriptor is left");

static const struct words ends =
    WORDS("?", "the client closed the connection", "the connection was lost", "answered",
          "no whole request in time", "the client broke the protocol", "the device was unplugged",
          "the server is shutting down", "made room for a newer connection", "no memory");

static const struct words faults =
    WORDS("?", "unknown protocol version", "unknown operation", "unknown command", "wrong devid",
          "direction is neither IN nor OUT", "impossible transfer length",
          "impossible number of packets", "seqnum is already in flight");

static const struct words statuses =
    WORDS("ok", "not available", "device busy", "device error", "no such device");

static const struct words addresses =
    WORDS("?", "static", "DHCP", "link-local, because no DHCP server answers");

static const struct words network_ends =
    WORDS("?", "no Ethernet cable, or nothing at its other end", "no address");

static const struct words fallbacks =
    WORDS("?", "another station has it", "the gateway of the settings does not answer");

static const struct phrase phrases[EVENT_TYPE_COUNT] = {
    [EVENT_SERVER_STARTED] = {"server_started", EVENTLOG_INFO, "server started%r", NULL},
    [EVENT_SERVER_STOPPING] = {"server_stopping", EVENTLOG_INFO, "server is stopping", NULL},
    [EVENT_DEVICE_PLUGGED] = {"device_plugged", EVENTLOG_INFO, "%d plugged in: %i, %v speed", NULL},
    [EVENT_DEVICE_UNPLUGGED] = {"device_unplugged", EVENTLOG_INFO, "%d unplugged", NULL},
    [EVENT_DEVICE_REFUSED] = {"device_refused", EVENTLOG_WARNING, "%d is not exported: %w",
                              &refusals},
    [EVENT_CONNECTION_OPENED] = {"connection_opened", EVENTLOG_DEBUG, "session %s: %p connected",
                                 NULL},
    [EVENT_CONNECTION_REFUSED] = {"connection_refused", EVENTLOG_WARNING,
                                  "connection from %p refused: %w", &refusals},
    [EVENT_CONNECTION_CLOSED] = {"connection_closed", EVENTLOG_DEBUG, "session %s: %p closed: %w",
                                 &ends},
    [EVENT_DEVLIST] = {"devlist", EVENTLOG_INFO, "session %s: %p listed %a devices", NULL},
    [EVENT_IMPORTED] = {"imported", EVENTLOG_INFO, "session %s: %p imported %d", NULL},
    [EVENT_IMPORT_REFUSED] = {"import_refused", EVENTLOG_WARNING,
                              "session %s: %p was refused %d: %w", &statuses},
    [EVENT_SESSION_ENDED] = {"session_ended", EVENTLOG_INFO,
                             "session %s: %p released %d after %b URBs: %w", &ends},
    [EVENT_PROTOCOL_ERROR] = {"protocol_error", EVENTLOG_ERROR,
                              "session %s: %p broke the protocol: %w (%x)", &faults},
    [EVENT_BUDGET_EXHAUSTED] = {"budget_exhausted", EVENTLOG_WARNING,
                                "session %s: %d has no room for more URBs (%b bytes in use), "
                                "reading pauses",
                                NULL},
    [EVENT_URB_REFUSED] = {"urb_refused", EVENTLOG_WARNING,
                           "session %s: %d got no room in time, URB of %b bytes for endpoint %a "
                           "refused",
                           NULL},
    [EVENT_UNLINK_OVERDUE] = {"unlink_overdue", EVENTLOG_WARNING,
                              "session %s: %d is slow to give up an URB of endpoint %a", NULL},
    [EVENT_NETWORK_UP] = {"network_up", EVENTLOG_INFO, "network: address %p (%w)", &addresses},
    [EVENT_NETWORK_DOWN] = {"network_down", EVENTLOG_WARNING, "network: %w", &network_ends},
    [EVENT_NETWORK_FALLBACK] = {"network_fallback", EVENTLOG_WARNING,
                                "network: the static address is doubtful: %w", &fallbacks},
    [EVENT_CLOCK_SET] = {"clock_set", EVENTLOG_INFO, "clock set to %t", NULL},
    [EVENT_DEVICE_RESET] = {"device_reset", EVENTLOG_INFO, "session %s: %p reset %d", NULL},
    [EVENT_DEVICE_OBSTACLE] = {"device_obstacle", EVENTLOG_WARNING, "%d is not exported: %o", NULL},
};

static const struct phrase *phrase_of(enum eventlog_type type)
{
    static const struct phrase unknown = {"unknown", EVENTLOG_WARNING, "unknown event", NULL};
    if (type <= 0 || type >= EVENT_TYPE_COUNT || !phrases[type].name)
        return &unknown;
    return &phrases[type];
}

enum eventlog_level eventlog_level(const struct eventlog_event *e)
{
    if (e->type == EVENT_SERVER_STARTED &&
        ((e->a >= EVENT_START_PANIC && e->a < EVENT_START_EXTERNAL) || e->b))
        return EVENTLOG_WARNING;
    return phrase_of(e->type)->level;
}

const char *eventlog_name(enum eventlog_type type)
{
    return phrase_of(type)->name;
}

static const char *word_of(const struct words *words, uint32_t n)
{
    return words && n < words->count ? words->word[n] : "?";
}

const char *eventlog_start_text(uint32_t start)
{
    return word_of(&starts, start);
}

static void add_start(struct base_text *t, const struct eventlog_event *e)
{
    if (e->a != EVENT_START_UNKNOWN) {
        base_text_char(t, ' ');
        base_text_str(t, eventlog_start_text(e->a));
    }
    if (e->b) {
        base_text_str(t, ", damaged events dropped: ");
        base_text_u64(t, e->b);
    }
}

static void add_field(struct base_text *t, const struct eventlog_event *e, char field)
{
    switch (field) {
    case 's':
        base_text_u64(t, e->session);
        break;
    case 'p':
        base_text_str(t, e->peer);
        break;
    case 'd':
        base_text_str(t, e->busid[0] ? e->busid : "(no bus id)");
        break;
    case 'a':
        base_text_u64(t, e->a);
        break;
    case 'b':
        base_text_u64(t, e->b);
        break;
    case 'i':
        base_text_hex(t, e->a >> 16, 4);
        base_text_char(t, ':');
        base_text_hex(t, e->a, 4);
        break;
    case 'v':
        base_text_str(t, usb_speed_text(e->b) ? usb_speed_text(e->b) : "?");
        break;
    case 'w':
        base_text_str(t, word_of(phrase_of(e->type)->words, e->a));
        break;
    case 'o':
        base_text_str(t, usb_obstacle_text((enum usb_obstacle)e->a));
        break;
    case 'r':
        add_start(t, e);
        break;
    case 't':
        base_text_utc(t, e->unix_us);
        break;
    case 'x':
        base_text_str(t, "0x");
        base_text_hex(t, e->b, 8);
        break;
    default:
        break;
    }
}

size_t eventlog_text(const struct eventlog_event *e, char *buf, size_t size)
{
    struct base_text t;
    base_text_init(&t, buf, size);
    for (const char *p = phrase_of(e->type)->text; *p; p++) {
        if (*p == '%')
            add_field(&t, e, *++p);
        else
            base_text_char(&t, *p);
    }
    return t.length;
}
