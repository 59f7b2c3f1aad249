// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"
#include "api/api_json.h"

#include "base/base_text.h"
#include "wire/wire_op.h"

enum { TEXT_SIZE = 256 };

// Entry `i` of a table with holes.
#define WORD(table, i) word(table, sizeof(table) / sizeof(table)[0], i)

static const char *word(const char *const *table, unsigned count, unsigned i)
{
    return i < count && table[i] ? table[i] : "unknown";
}

static const char *const level_words[] = {
    [EVENTLOG_ERROR] = "error",
    [EVENTLOG_WARNING] = "warning",
    [EVENTLOG_INFO] = "info",
    [EVENTLOG_DEBUG] = "debug",
};

static const char *const start_words[] = {
    [EVENT_START_UNKNOWN] = "unknown",
    [EVENT_START_POWER_ON] = "power_on",
    [EVENT_START_RESTART] = "restart",
    [EVENT_START_FACTORY_RESET] = "factory_reset",
    [EVENT_START_UPDATE] = "update",
    [EVENT_START_PANIC] = "panic",
    [EVENT_START_TASK_WATCHDOG] = "task_watchdog",
    [EVENT_START_INTERRUPT_WATCHDOG] = "interrupt_watchdog",
    [EVENT_START_WATCHDOG] = "watchdog",
    [EVENT_START_LOCKUP] = "lockup",
    [EVENT_START_BROWNOUT] = "brownout",
    [EVENT_START_POWER_GLITCH] = "power_glitch",
    [EVENT_START_EXTERNAL] = "external",
    [EVENT_START_DEBUGGER] = "debugger",
};

static const char *const refusal_words[] = {
    [EVENT_REFUSED_DESCRIPTORS] = "descriptors",
    [EVENT_REFUSED_DUPLICATE] = "duplicate",
    [EVENT_REFUSED_LIMIT] = "limit",
    [EVENT_REFUSED_NO_MEMORY] = "no_memory",
    [EVENT_REFUSED_STOPPING] = "stopping",
    [EVENT_REFUSED_NO_DESCRIPTOR] = "no_descriptor",
};

static const char *const obstacle_words[] = {
    [USB_OBSTACLE_SPEED] = "speed",
    [USB_OBSTACLE_ENUMERATION] = "enumeration",
    [USB_OBSTACLE_HOST_FULL] = "host_full",
};

static const char *const address_words[] = {
    [EVENT_ADDRESS_STATIC] = "static",
    [EVENT_ADDRESS_DHCP] = "dhcp",
    [EVENT_ADDRESS_LINK_LOCAL] = "link_local",
};

static const char *const network_words[] = {
    [EVENT_NETWORK_NO_LINK] = "no_link",
    [EVENT_NETWORK_NO_ADDRESS] = "no_address",
};

static const char *const fallback_words[] = {
    [EVENT_FALLBACK_IN_USE] = "in_use",
    [EVENT_FALLBACK_GATEWAY_SILENT] = "gateway_silent",
};

static const char *const end_words[] = {
    [EVENT_END_PEER_CLOSED] = "peer_closed",
    [EVENT_END_PEER_LOST] = "peer_lost",
    [EVENT_END_DONE] = "done",
    [EVENT_END_TIMEOUT] = "timeout",
    [EVENT_END_PROTOCOL] = "protocol",
    [EVENT_END_UNPLUGGED] = "unplugged",
    [EVENT_END_STOPPING] = "stopping",
    [EVENT_END_CROWDED] = "crowded",
    [EVENT_END_NO_MEMORY] = "no_memory",
};

static const char *const protocol_words[] = {
    [EVENT_BAD_VERSION] = "version",           [EVENT_BAD_OPERATION] = "operation",
    [EVENT_BAD_COMMAND] = "command",           [EVENT_BAD_DEVID] = "devid",
    [EVENT_BAD_DIRECTION] = "direction",       [EVENT_BAD_LENGTH] = "length",
    [EVENT_BAD_PACKET_COUNT] = "packet_count", [EVENT_DUPLICATE_SEQNUM] = "duplicate_seqnum",
};

static const char *const status_words[] = {
    [WIRE_ST_OK] = "ok",          [WIRE_ST_NA] = "not_available", [WIRE_ST_DEV_BUSY] = "busy",
    [WIRE_ST_DEV_ERR] = "failed", [WIRE_ST_NODEV] = "no_device",
};

const char *api_speed_word(uint32_t speed)
{
    const char *word = usb_speed_text(speed);
    return word ? word : "unknown";
}

static void add_endpoint(struct api_json *j, cJSON *o, uint32_t address)
{
    char text[5];
    struct base_text t;
    base_text_init(&t, text, sizeof text);
    base_text_str(&t, "0x");
    base_text_hex(&t, address, 2);
    api_json_text(j, o, "endpoint", text);
}

// What `a` and `b` of the event mean (eventlog.h).
static void add_details(struct api_json *j, cJSON *o, const struct eventlog_event *e)
{
    switch (e->type) {
    case EVENT_SERVER_STARTED:
        api_json_text(j, o, "reason", WORD(start_words, e->a));
        if (e->b)
            api_json_number(j, o, "damaged_events", e->b);
        break;
    case EVENT_DEVICE_PLUGGED:
        api_json_usb_id(j, o, "id", (uint16_t)(e->a >> 16), (uint16_t)e->a);
        api_json_text(j, o, "speed", api_speed_word(e->b));
        break;
    case EVENT_DEVICE_REFUSED:
    case EVENT_CONNECTION_REFUSED:
        api_json_text(j, o, "reason", WORD(refusal_words, e->a));
        break;
    case EVENT_NETWORK_UP:
        api_json_text(j, o, "source", WORD(address_words, e->a));
        break;
    case EVENT_NETWORK_DOWN:
        api_json_text(j, o, "reason", WORD(network_words, e->a));
        break;
    case EVENT_NETWORK_FALLBACK:
        api_json_text(j, o, "reason", WORD(fallback_words, e->a));
        break;
    case EVENT_DEVICE_OBSTACLE:
        api_json_text(j, o, "reason", WORD(obstacle_words, e->a));
        break;
    case EVENT_SESSION_ENDED:
        api_json_number(j, o, "urbs", e->b);
        api_json_text(j, o, "reason", WORD(end_words, e->a));
        break;
    case EVENT_CONNECTION_CLOSED:
        api_json_text(j, o, "reason", WORD(end_words, e->a));
        break;
    case EVENT_DEVLIST:
        api_json_number(j, o, "devices", e->a);
        break;
    case EVENT_IMPORT_REFUSED:
        api_json_text(j, o, "status", WORD(status_words, e->a));
        break;
    case EVENT_PROTOCOL_ERROR:
        api_json_text(j, o, "error", WORD(protocol_words, e->a));
        api_json_number(j, o, "value", e->b);
        break;
    case EVENT_BUDGET_EXHAUSTED:
        api_json_number(j, o, "bytes", e->b);
        break;
    case EVENT_URB_REFUSED:
        add_endpoint(j, o, e->a);
        api_json_number(j, o, "length", e->b);
        break;
    case EVENT_UNLINK_OVERDUE:
        add_endpoint(j, o, e->a);
        break;
    default:
        break;
    }
}

// Only known if the clock was set in the run of the event.
static void add_time(struct api_json *j, cJSON *o, uint64_t unix_us)
{
    char text[25];
    struct base_text t;
    if (unix_us == 0)
        return;
    base_text_init(&t, text, sizeof text);
    base_text_utc(&t, unix_us);
    api_json_text(j, o, "time", text);
}

void api_json_event(struct api_json *j, cJSON *parent, const struct eventlog_event *e)
{
    char text[TEXT_SIZE];
    api_json_number(j, parent, "number", e->number);
    api_json_number(j, parent, "boot", e->boot);
    api_json_seconds(j, parent, "uptime_s", e->uptime_us);
    add_time(j, parent, e->unix_us);
    api_json_text(j, parent, "level", WORD(level_words, (unsigned)eventlog_level(e)));
    api_json_text(j, parent, "type", eventlog_name(e->type));
    if (e->session)
        api_json_number(j, parent, "session", e->session);
    if (e->peer[0])
        api_json_text(j, parent, e->type == EVENT_NETWORK_UP ? "address" : "peer", e->peer);
    if (e->busid[0])
        api_json_text(j, parent, "busid", e->busid);
    add_details(j, parent, e);
    eventlog_text(e, text, sizeof text);
    api_json_text(j, parent, "text", text);
}

char *api_event_json(const struct eventlog_event *e)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_event(&j, j.root, e);
    return api_json_end(&j);
}

void api_text_free(char *text)
{
    cJSON_free(text);
}
