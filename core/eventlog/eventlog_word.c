// SPDX-License-Identifier: Apache-2.0
#include "eventlog/eventlog_word.h"

#include "eventlog/eventlog_type.h"

struct word {
    const char *json, *text;
};

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
    [EVENT_END_PEER_DEAD] = {"peer_dead",
                             "the client does not answer, and another one wants the device"},
    [EVENT_END_PEER_SILENT] = {"peer_silent", "the client has not answered for too long"},
    [EVENT_END_PEER_FULL] = {"peer_full", "the client does not take its replies"},
    [EVENT_END_ACCESS] = {"access", "the client may not have the device any more"},
    [EVENT_END_OPERATOR] = {"operator", "an operator disconnected it"},
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
    [EVENT_SPEAKS_HTTP] = {"http", "speaks HTTP"},
    [EVENT_SPEAKS_TLS] = {"tls", "speaks TLS"},
};

// By the numbers of the wire, enum wire_op_status.
static const struct word statuses[] = {
    {"ok", "ok"},
    {"not_available", "not available"},
    {"busy", "device busy"},
    {"failed", "device error"},
    {"no_device", "no such device"},
};

// The sentences are usb_obstacle_text()'s.
static const char *const obstacles[] = {
    [USB_OBSTACLE_SPEED] = "speed",         [USB_OBSTACLE_ENUMERATION] = "enumeration",
    [USB_OBSTACLE_HOST_FULL] = "host_full", [USB_OBSTACLE_MOUNTED] = "mounted",
    [USB_OBSTACLE_SWAP] = "swap",           [USB_OBSTACLE_HOLDERS] = "holders",
    [USB_OBSTACLE_NETWORK] = "network",     [USB_OBSTACLE_KEYBOARD] = "keyboard",
    [USB_OBSTACLE_USBIP] = "usbip",         [USB_OBSTACLE_CONFIGURATION] = "configuration",
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

static const struct word file_tasks[] = {
    [EVENT_FILE_READ] = {"read", "read"},
    [EVENT_FILE_WRITTEN] = {"write", "written"},
    [EVENT_FILE_FLUSHED] = {"flush", "flushed"},
};

static const struct word file_reasons[] = {
    [EVENT_FILE_ERROR] = {"error", "input/output error"},
    [EVENT_FILE_NO_SPACE] = {"no_space", "no space is left on its disk"},
    [EVENT_FILE_TOO_LARGE] = {"too_large", "it would be larger than the system allows"},
    [EVENT_FILE_CUT] = {"cut", "it is shorter than it was"},
    [EVENT_FILE_SLOW] = {"slow", "its disk takes too long, data are lost"},
};

static const struct word access_reasons[] = {
    [ACCESS_IS_OPEN] = {"open", "access is open"},
    [ACCESS_ON_LIST] = {"on_list", "the address is on the list of those allowed"},
    [ACCESS_NOT_ON_LIST] = {"not_on_list", "the address is not on the list of those allowed"},
    [ACCESS_RULE_ALLOWS] = {"rule_allows", "allowed by rule "},
    [ACCESS_RULE_HIDES] = {"rule_hides", "hidden by rule "},
    [ACCESS_IS_NOT_EXPORTED] = {"not_exported", "the device is not exported"},
    [ACCESS_KEPT_BY_RULE] = {"export_rule", "the device is kept back by export rule "},
    [ACCESS_KEPT_BY_POLICY] =
        {"export_manual",
         "the device is not exported: export is manual, and nothing says that it should be"},
    [ACCESS_IS_EXPORTED] = {"exported", "the device is exported"},
};

static const struct word access_modes[] = {
    [ACCESS_OPEN] = {"open", "open"},
    [ACCESS_CLOSED] = {"closed", "closed"},
};

static const struct word claims[] = {
    [EVENT_CLAIM_PERMISSION] =
        {"permission",
         "no permission: run the server as root, or give its group the device with a udev rule: "
         "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", GROUP=\"plugdev\", MODE=\"0660\""},
    [EVENT_CLAIM_BUSY] = {"busy", "another program on this host has it"},
    [EVENT_CLAIM_IN_USE] = {"in_use", "this host uses it itself"},
    [EVENT_CLAIM_GONE] = {"gone", "it went away"},
    [EVENT_CLAIM_NO_MEMORY] = {"no_memory", "no memory"},
    [EVENT_CLAIM_FAILED] = {"failed", "the kernel, or its driver for the device, does not give it"},
};

static const struct word resets[] = {
    [EVENT_RESET_UNPLUGGED] = {"unplugged", "it was unplugged"},
    [EVENT_RESET_SESSION_ENDED] = {"session_ended", "its client left first"},
    [EVENT_RESET_BUSY] = {"busy", "this host, or another program on it, has it"},
    [EVENT_RESET_NOT_OPENED] = {"not_opened", "it cannot be opened"},
    [EVENT_RESET_FAILED] = {"failed", "it did not come back as it was"},
    [EVENT_RESET_STUCK] = {"stuck", "it holds on to a transfer: unplug it"},
};

static const struct word powers[] = {
    [EVENT_POWER_UNKNOWN] = {"not_known", "how to do it is not known here, or nobody here may"},
    [EVENT_POWER_FIXED] = {"fixed", "its hub cannot switch power"},
    [EVENT_POWER_GANGED] = {"ganged", "its hub switches all its ports at once"},
    [EVENT_POWER_IN_USE] = {"in_use", "something that would lose it is in use"},
    [EVENT_POWER_BUSY] = {"busy", "it is being switched"},
    [EVENT_POWER_LIMIT] = {"limit", "too many ports are being switched"},
    [EVENT_POWER_STOPPING] = {"stopping", "the server is shutting down"},
    [EVENT_POWER_GONE] = {"gone", "its hub has gone"},
    [EVENT_POWER_PERMISSION] = {"permission", "no permission: run the server as root"},
    [EVENT_POWER_FAILED] = {"failed", "its hub, or the kernel, did not do it"},
};

static const struct word user_actions[] = {
    [EVENT_USER_ADDED] = {"added", "added"},
    [EVENT_USER_REMOVED] = {"removed", "removed"},
    [EVENT_USER_ROLE] = {"role", "given another role to"},
    [EVENT_USER_PASSWORD] = {"password", "given another password to"},
};

static const struct word costs[] = {
    [EVENT_COST_CHANNELS] = {"channels", "the host controller has no channel left for it: attach "
                                         "fewer devices of this bus at one time"},
    [EVENT_COST_PACKET_SIZE] = {"packet_size",
                                "its packets are longer than the host controller's buffers"},
    [EVENT_COST_HIGH_BANDWIDTH] = {"high_bandwidth",
                                   "the host controller moves one packet in a microframe"},
    [EVENT_COST_INTERVAL] = {"interval", "its interval is longer than the host controller's list"},
    [EVENT_COST_CONTROL] = {"control", "it is a second control endpoint"},
};

// {peer} follows.
static const struct word lease_ends[] = {
    [EVENT_LEASE_RAN_OUT] = {"ran_out", "its time is over"},
    [EVENT_LEASE_GIVEN_BACK] = {"given_back", "given back by "},
    [EVENT_LEASE_TAKEN_BACK] = {"taken_back", "taken back by "},
};

static const struct {
    const struct word *words;
    unsigned count;
} tables[EVENTLOG_KIND_COUNT] = {
#define TABLE(kind, words) [EVENTLOG_KIND_##kind] = {words, sizeof(words) / sizeof(words)[0]}
    TABLE(status, statuses),
    TABLE(eventlog_start, starts),
    TABLE(eventlog_refusal, refusals),
    TABLE(eventlog_end, ends),
    TABLE(eventlog_protocol, faults),
    TABLE(eventlog_address, addresses),
    TABLE(eventlog_network_end, network_ends),
    TABLE(eventlog_fallback, fallbacks),
    TABLE(eventlog_file_task, file_tasks),
    TABLE(eventlog_file_reason, file_reasons),
    TABLE(access_reason, access_reasons),
    TABLE(access_mode, access_modes),
    TABLE(eventlog_claim, claims),
    TABLE(eventlog_reset, resets),
    TABLE(eventlog_power, powers),
    TABLE(eventlog_user, user_actions),
    TABLE(eventlog_cost, costs),
    TABLE(eventlog_lease, lease_ends),
};

// Members are NULL if that number has no word.
static struct word word_of(enum eventlog_kind kind, uint32_t n)
{
    if (kind == EVENTLOG_KIND_usb_speed)
        return (struct word){usb_speed_text(n), usb_speed_text(n)};
    if (kind == EVENTLOG_KIND_usb_obstacle)
        return (struct word){n < USB_OBSTACLE_COUNT ? obstacles[n] : NULL,
                             usb_obstacle_text((enum usb_obstacle)n)};
    return n < tables[kind].count ? tables[kind].words[n] : (struct word){NULL, NULL};
}

const char *eventlog_word_text(enum eventlog_kind kind, uint32_t n)
{
    const char *text = word_of(kind, n).text;
    return text ? text : "?";
}

const char *eventlog_word_json(enum eventlog_kind kind, uint32_t n)
{
    const char *json = word_of(kind, n).json;
    return json ? json : "unknown";
}
