// SPDX-License-Identifier: Apache-2.0
#include "console_state.h"

#include "console_text.h"
#include "eventlog/eventlog_word.h"

// --- summary -------------------------------------------------------------------------------------

static void add_memory(const struct console_port *port, struct base_text *t)
{
    struct console_memory m = {0};
    port->memory(port->ctx, &m);
    base_text_str(t, "memory free: internal ");
    console_text_bytes(t, m.internal_free);
    base_text_str(t, " (lowest ");
    console_text_bytes(t, m.internal_lowest);
    base_text_str(t, "), PSRAM ");
    console_text_bytes(t, m.psram_free);
    base_text_str(t, " (lowest ");
    console_text_bytes(t, m.psram_lowest);
    base_text_str(t, ")\n");
}

static void add_usb(const struct console_port *port, struct base_text *t)
{
    struct console_usb u;
    if (!port->usb(port->ctx, &u)) {
        base_text_str(t, "the USB host does not work\n");
        return;
    }
    base_text_str(t, "USB: ");
    console_text_count(t, u.buffers_free, "large transfer buffer");
    base_text_str(t, " free, at most ");
    base_text_u64(t, u.buffers_used_max);
    base_text_str(t, " in use, none left ");
    console_text_count(t, u.shortages, "time");
    base_text_char(t, '\n');
}

static void add_start(const struct console_port *port, struct base_text *t)
{
    enum eventlog_start start = server_config(port->server)->start;
    base_text_str(t, "run ");
    base_text_u64(t, eventlog_boot(server_eventlog(port->server)));
    if (start != EVENT_START_UNKNOWN) {
        base_text_str(t, ", started ");
        base_text_str(t, eventlog_word_text(EVENTLOG_KIND_eventlog_start, start));
    }
    base_text_char(t, '\n');
}

// Loop thread.
static void add_claim(const struct console_port *port, struct base_text *t)
{
    struct console_claim c = {.code = ""};
    port->claim(port->ctx, &c);
    if (c.claimed)
        return;
    base_text_str(t, "nobody has set a password: \"set-password\"");
    base_text_str(t, c.code[0] ? ", or in a browser with the code " : "; until then everybody may");
    base_text_str(t, c.code[0] ? c.code : " change everything");
    base_text_char(t, '\n');
}

struct sums {
    unsigned sessions, attached;
    uint64_t urbs, failed, in, out;
};

static void add_session(struct sums *sums, const struct session_counters *c)
{
    sums->urbs += c->urbs_completed;
    sums->failed += c->urbs_failed;
    sums->in += c->bytes_in;
    sums->out += c->bytes_out;
}

static struct sums sum_up(const struct usbip_server *server, const struct server_totals *totals)
{
    struct sums sums = {0};
    struct session_view v;
    add_session(&sums, &totals->ended);
    for (struct session *s = NULL; (s = server_next_session(server, s)) != NULL;) {
        session_view(s, &v);
        add_session(&sums, &v.counters);
        sums.sessions++;
        sums.attached += v.busid[0] != '\0';
    }
    return sums;
}

static void add_totals(struct base_text *t, const struct server_totals *totals,
                       const struct sums *sums)
{
    console_text_count(t, sums->sessions, "connection");
    base_text_str(t, ", ");
    console_text_count(t, sums->attached, "attached device");
    base_text_str(t, "\nsince start: ");
    console_text_count(t, totals->connections, "connection");
    base_text_str(t, ", ");
    console_text_count(t, totals->imports, "import");
    base_text_str(t, " (");
    base_text_u64(t, totals->imports_refused);
    base_text_str(t, " refused), ");
    console_text_count(t, totals->protocol_errors, "protocol error");
    base_text_str(t, "\n             ");
    console_text_count(t, sums->urbs, "URB");
    base_text_str(t, " (");
    base_text_u64(t, sums->failed);
    base_text_str(t, " failed), ");
    console_text_bytes(t, sums->in);
    base_text_str(t, " from devices, ");
    console_text_bytes(t, sums->out);
    base_text_str(t, " to devices\npayload: ");
    console_text_bytes(t, totals->payload_bytes_in_use);
    base_text_str(t, " in use, ");
    console_text_bytes(t, totals->payload_bytes_cached);
    base_text_str(t, " kept for reuse\n");
}

void console_state_summary(const struct console_port *port, struct base_text *t)
{
    struct server_totals totals;
    server_totals(port->server, &totals);
    struct sums sums = sum_up(port->server, &totals);
    base_text_str(t, "version ");
    base_text_str(t, port->version);
    base_text_str(t, ", up ");
    console_text_duration(t, port->now_us(port->ctx) - totals.started_us);
    base_text_str(t, ", ");
    add_start(port, t);
    add_memory(port, t);
    add_usb(port, t);
    add_totals(t, &totals, &sums);
    add_claim(port, t);
}

// --- devices -------------------------------------------------------------------------------------

static void add_user(const struct console_port *port, struct base_text *t,
                     const struct registry_device *d)
{
    struct session_view v;
    for (struct session *s = NULL; (s = server_next_session(port->server, s)) != NULL;) {
        session_view(s, &v);
        if (v.id != d->session)
            continue;
        base_text_str(t, " by ");
        console_text_foreign(t, v.peer);
        base_text_str(t, " for ");
        console_text_duration(t, port->now_us(port->ctx) - v.since_us);
    }
}

static void add_state(const struct console_port *port, struct base_text *t,
                      const struct registry_device *d)
{
    static const char *const words[] = {
        [REGISTRY_AVAILABLE] = "free",  [REGISTRY_OPENING] = "being attached",
        [REGISTRY_IN_USE] = "attached", [REGISTRY_CLEANING] = "being released",
        [REGISTRY_HUB] = "hub",         [REGISTRY_REFUSED] = "not exported",
    };
    base_text_str(t, words[d->state]);
    if (d->state == REGISTRY_IN_USE)
        add_user(port, t, d);
    if (d->state != REGISTRY_REFUSED)
        return;
    base_text_str(t, ": ");
    base_text_str(t, d->info.obstacle ? usb_obstacle_text(d->info.obstacle)
                                      : eventlog_word_text(EVENTLOG_KIND_eventlog_refusal,
                                                           EVENT_REFUSED_DESCRIPTORS));
}

static void add_device(const struct console_port *port, struct base_text *t,
                       const struct registry_device *d)
{
    enum { ID_COLUMN = 10, SPEED_COLUMN = 21, STATE_COLUMN = 27 };
    struct usb_device_descriptor desc = {0};
    size_t start = t->length;
    console_text_foreign(t, d->info.busid);
    console_text_column(t, start, ID_COLUMN);
    if (usb_device_descriptor_unpack(&desc, d->info.device_descriptor) == BASE_OK) {
        base_text_hex(t, desc.idVendor, 4);
        base_text_char(t, ':');
        base_text_hex(t, desc.idProduct, 4);
    }
    console_text_column(t, start, SPEED_COLUMN);
    if (d->info.speed == USB_SPEED_UNKNOWN || !usb_speed_text(d->info.speed))
        base_text_char(t, '?');
    else
        base_text_str(t, usb_speed_text(d->info.speed));
    console_text_column(t, start, STATE_COLUMN);
    if (d->info.product[0]) {
        console_text_foreign(t, d->info.product);
        base_text_str(t, ", ");
    }
    add_state(port, t, d);
    base_text_char(t, '\n');
}

void console_state_devices(const struct console_port *port, struct base_text *t)
{
    const struct registry *r = server_registry(port->server);
    if (r->count == 0)
        base_text_str(t, "no device is plugged in\n");
    BASE_LIST_FOR_EACH (struct registry_device, d, &r->devices, link) {
        add_device(port, t, d);
    }
}

// --- events --------------------------------------------------------------------------------------

static void add_time(struct base_text *t, const struct eventlog_event *e)
{
    if (e->unix_us) {
        base_text_utc(t, e->unix_us);
        return;
    }
    base_text_char(t, '+');
    console_text_duration(t, e->uptime_us);
}

static void add_event(struct base_text *t, const struct eventlog_event *e)
{
    enum { TIME_COLUMN = 8, LEVEL_COLUMN = 34, TEXT_COLUMN = 42 };
    char line[256];
    size_t start = t->length;
    base_text_u64(t, e->number);
    console_text_column(t, start, TIME_COLUMN);
    add_time(t, e);
    console_text_column(t, start, LEVEL_COLUMN);
    base_text_str(t, eventlog_level_name(eventlog_level(e)));
    console_text_column(t, start, TEXT_COLUMN);
    (void)eventlog_text(e, line, sizeof line);
    console_text_foreign(t, line);
    base_text_char(t, '\n');
}

// The clock of one run means nothing in another one, so each has a heading.
static void add_run(struct base_text *t, const struct eventlog *log, uint32_t boot)
{
    base_text_str(t, "run ");
    base_text_u64(t, boot);
    base_text_str(t, boot == eventlog_boot(log) ? ", this one:\n" : ", before a reset:\n");
}

void console_state_events(const struct console_port *port, unsigned n, struct base_text *t)
{
    const struct eventlog *log = server_eventlog(port->server);
    const struct eventlog_event *e;
    uint64_t after = 0;
    uint32_t boot = 0;
    unsigned all = 0;
    for (uint64_t at = 0; (e = eventlog_next(log, at)) != NULL; at = e->number)
        all++;
    for (; all > n; all--)
        after = eventlog_next(log, after)->number;
    for (; (e = eventlog_next(log, after)) != NULL; after = e->number) {
        if (e->boot != boot)
            add_run(t, log, e->boot);
        boot = e->boot;
        add_event(t, e);
    }
}
