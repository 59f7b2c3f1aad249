// SPDX-License-Identifier: Apache-2.0
// The types of events: each is one row. Types and words are append-only and no value ever changes
// its meaning, because the ring outlives an update (tests/unit/eventlog_layout_test.c).
#pragma once

#include "access/access.h"
#include "usb/usb_device.h"

#include <stdint.h>

enum eventlog_level { EVENTLOG_ERROR, EVENTLOG_WARNING, EVENTLOG_INFO, EVENTLOG_DEBUG };

// EVENT(NAME, name, LEVEL, sentence, values) makes EVENT_NAME, says the type's name in JSON, its
// sentence in the log, and its values, EVENTLOG_MAX_VALUES at most; PLAIN() is a type without. In a
// sentence {name} stands for a value, or for the event's session, peer, file, busid, user or time.
// A value's name is that in JSON and in struct eventlog_what:
//
//   NUMBER(kind, name)   uint32_t name; the kinds are in eventlog_word.h
//   WORD(tag, name)      enum tag name; its words are in eventlog_word.c
//
// A new row goes to the end.
#define EVENTLOG_TYPES(PLAIN, EVENT, NUMBER, WORD)                                                 \
    EVENT(SERVER_STARTED, server_started, INFO, "server started{reason}{damaged_events}",          \
          WORD(eventlog_start, reason) NUMBER(loss, damaged_events))                               \
    PLAIN(SERVER_STOPPING, server_stopping, INFO, "server is stopping")                            \
    EVENT(DEVICE_PLUGGED, device_plugged, INFO, "{busid} plugged in: {id}, {speed} speed",         \
          NUMBER(usb_id, id) WORD(usb_speed, speed))                                               \
    PLAIN(DEVICE_UNPLUGGED, device_unplugged, INFO, "{busid} unplugged")                           \
    EVENT(DEVICE_REFUSED, device_refused, WARNING, "{busid} is not exported: {reason}",            \
          WORD(eventlog_refusal, reason))                                                          \
    PLAIN(CONNECTION_OPENED, connection_opened, DEBUG, "session {session}: {peer} connected")      \
    EVENT(CONNECTION_REFUSED, connection_refused, WARNING,                                         \
          "connection from {peer} refused: {reason}", WORD(eventlog_refusal, reason))              \
    EVENT(CONNECTION_CLOSED, connection_closed, DEBUG,                                             \
          "session {session}: {peer} closed: {reason}", WORD(eventlog_end, reason))                \
    EVENT(DEVLIST, devlist, INFO, "session {session}: {peer} listed {devices} devices",            \
          NUMBER(count, devices))                                                                  \
    PLAIN(IMPORTED, imported, INFO, "session {session}: {peer} imported {busid}")                  \
    EVENT(IMPORT_REFUSED, import_refused, WARNING,                                                 \
          "session {session}: {peer} was refused {busid}: {status}", NUMBER(status, status))       \
    EVENT(SESSION_ENDED, session_ended, INFO,                                                      \
          "session {session}: {peer} released {busid} after {urbs} URBs: {reason}",                \
          NUMBER(count, urbs) WORD(eventlog_end, reason))                                          \
    EVENT(PROTOCOL_ERROR, protocol_error, ERROR,                                                   \
          "session {session}: {peer} broke the protocol: {error} ({value})",                       \
          WORD(eventlog_protocol, error) NUMBER(hex, value))                                       \
    EVENT(BUDGET_EXHAUSTED, budget_exhausted, WARNING,                                             \
          "session {session}: {busid} has no room for more URBs ({bytes} bytes in use), "          \
          "reading pauses",                                                                        \
          NUMBER(count, bytes))                                                                    \
    EVENT(URB_REFUSED, urb_refused, WARNING,                                                       \
          "session {session}: {busid} got no room in time, "                                       \
          "URB of {length} bytes for endpoint {endpoint} refused",                                 \
          NUMBER(endpoint, endpoint) NUMBER(count, length))                                        \
    EVENT(UNLINK_OVERDUE, unlink_overdue, WARNING,                                                 \
          "session {session}: {busid} is slow to give up an URB of endpoint {endpoint}",           \
          NUMBER(endpoint, endpoint))                                                              \
    PLAIN(DEVICE_RESET, device_reset, INFO, "session {session}: {peer} reset {busid}")             \
    EVENT(DEVICE_OBSTACLE, device_obstacle, WARNING, "{busid} is not exported: {reason}",          \
          WORD(usb_obstacle, reason))                                                              \
    PLAIN(CLOCK_SET, clock_set, INFO, "clock set to {time}")                                       \
    EVENT(NETWORK_UP, network_up, INFO, "network: address {address} ({source})",                   \
          NUMBER(ipv4, address) WORD(eventlog_address, source))                                    \
    EVENT(NETWORK_DOWN, network_down, WARNING, "network: {reason}",                                \
          WORD(eventlog_network_end, reason))                                                      \
    EVENT(NETWORK_FALLBACK, network_fallback, WARNING,                                             \
          "network: the static address is doubtful: {reason}", WORD(eventlog_fallback, reason))    \
    EVENT(FILE_TROUBLE, file_trouble, WARNING, "{file} cannot be {task}: {reason}",                \
          WORD(eventlog_file_task, task) WORD(eventlog_file_reason, reason))                       \
    PLAIN(PEER_SILENT, peer_silent, WARNING,                                                       \
          "session {session}: {peer} does not answer, {busid} is kept for it")                     \
    EVENT(PEER_BACK, peer_back, INFO,                                                              \
          "session {session}: {peer}, which has {busid}, is back after {seconds} s",               \
          NUMBER(count, seconds))                                                                  \
    EVENT(ACCESS_DENIED, access_denied, WARNING,                                                   \
          "session {session}: {peer} may not have {busid}: {reason}{rule}",                        \
          WORD(access_reason, reason) NUMBER(rule, rule))                                          \
    EVENT(ACCESS_ENDED, access_ended, WARNING,                                                     \
          "session {session}: {peer} may not keep {busid}: {reason}{rule}",                        \
          WORD(access_reason, reason) NUMBER(rule, rule))                                          \
    EVENT(ACCESS_CHANGED, access_changed, INFO, "access is {mode} now; rules: {rules}",            \
          WORD(access_mode, mode) NUMBER(count, rules))                                            \
    EVENT(NAME_AMBIGUOUS, name_ambiguous, WARNING,                                                 \
          "session {session}: {peer} asked for {busid}, which is the name of {devices} devices",   \
          NUMBER(count, devices))                                                                  \
    PLAIN(DEVICE_RENAMED, device_renamed, INFO, "{busid} has other names or another export now")   \
    PLAIN(FILE_SILENT, file_silent, WARNING, "{file} does not answer, its device waits for it")    \
    EVENT(FILE_BACK, file_back, INFO, "{file} answers again after {seconds} s",                    \
          NUMBER(count, seconds))                                                                  \
    EVENT(DEVICE_CLAIM_FAILED, device_claim_failed, WARNING, "{busid} cannot be opened: {reason}", \
          WORD(eventlog_claim, reason))                                                            \
    PLAIN(SETTINGS_CHANGED, settings_changed, INFO, "{peer} has changed the settings")             \
    PLAIN(DEVICE_RESET_DONE, device_reset_done, INFO, "{busid} was reset by an operator")          \
    EVENT(DEVICE_RESET_FAILED, device_reset_failed, WARNING, "{busid} was not reset: {reason}",    \
          WORD(eventlog_reset, reason))                                                            \
    EVENT(ACCESS_RULES_CHANGED, access_rules_changed, INFO,                                        \
          "who may attach what has changed; access stays {mode}, rules: {rules}",                  \
          WORD(access_mode, mode) NUMBER(count, rules))                                            \
    PLAIN(PORT_POWERED_ON, port_powered_on, INFO, "port {busid} has power now")                    \
    PLAIN(PORT_POWERED_OFF, port_powered_off, INFO, "port {busid} has no power now")               \
    EVENT(PORT_POWER_FAILED, port_power_failed, WARNING,                                           \
          "the power of port {busid} was not switched: {reason}", WORD(eventlog_power, reason))    \
    EVENT(STRANGER, stranger, WARNING,                                                             \
          "session {session}: {peer} is no client of USB/IP: {error} ({value})",                   \
          WORD(eventlog_protocol, error) NUMBER(hex, value))                                       \
    PLAIN(USB_MEMORY_SHORT, usb_memory_short, WARNING,                                             \
          "{busid} waits for the kernel's memory for USB transfers: raise "                        \
          "/sys/module/usbcore/parameters/usbfs_memory_mb")                                        \
    PLAIN(DEVICE_HANGS, device_hangs, WARNING,                                                     \
          "{busid}: the kernel does not come back from a call for it. Sessions go on, but no "     \
          "other device can be attached or changed until it does")                                 \
    EVENT(DEVICE_HANGS_OVER, device_hangs_over, INFO,                                              \
          "{busid}: the kernel has come back after {seconds} s", NUMBER(count, seconds))           \
    EVENT(DEVICE_KEPT, device_kept, INFO, "{busid}: {reason}{rule}",                               \
          WORD(access_reason, reason) NUMBER(rule, rule))                                          \
    PLAIN(DEVICE_EXPORTED, device_exported, INFO, "{busid} is exported now")                       \
    EVENT(DEVICE_TAKEN, device_taken, WARNING,                                                     \
          "{busid} is exported because its owner wants it, although {reason}",                     \
          WORD(usb_obstacle, reason))                                                              \
    PLAIN(CLAIMED, claimed, INFO, "{peer} has set the first password, of {user}")                  \
    PLAIN(LOGIN, login, INFO, "{peer} has logged in as {user}")                                    \
    PLAIN(LOGIN_REFUSED, login_refused, WARNING, "{peer} knew no user and password")               \
    EVENT(LOGIN_BACKED_OFF, login_backed_off, WARNING,                                             \
          "{peer} knew no user and password again, and has to wait {seconds} s",                   \
          NUMBER(count, seconds))                                                                  \
    EVENT(USER_CHANGED, user_changed, INFO, "{peer} has {action} the user {user}",                 \
          WORD(eventlog_user, action))                                                             \
    PLAIN(TOKEN_MADE, token_made, INFO, "{peer} has made the token {user}")                        \
    PLAIN(TOKEN_REVOKED, token_revoked, INFO, "{peer} has revoked the token {user}")               \
    PLAIN(RESTART_ASKED, restart_asked, INFO, "{peer} has asked for a restart")                    \
    PLAIN(FACTORY_RESET, factory_reset, WARNING,                                                   \
          "{peer} has removed all settings, users and tokens, and a restart follows")              \
    EVENT(NOT_SERVED, not_served, WARNING, "{busid}: {where} is not served: {reason}",             \
          NUMBER(place, where) WORD(eventlog_cost, reason))                                        \
    EVENT(CONTROL_TOO_LONG, control_too_long, WARNING,                                             \
          "{busid}: a control transfer of {bytes} bytes is more than the host controller does at " \
          "one time ({most})",                                                                     \
          NUMBER(count, bytes) NUMBER(count, most))                                                \
    EVENT(LEASE_TAKEN, lease_taken, INFO, "{peer} has leased {busid} for {seconds} s",             \
          NUMBER(count, seconds))                                                                  \
    EVENT(LEASE_ENDED, lease_ended, INFO, "the lease of {busid} has ended: {reason}{peer}",        \
          WORD(eventlog_lease, reason))                                                            \
    PLAIN(LEASE_IN_FORCE, lease_in_force, WARNING,                                                 \
          "session {session}: {peer} may not have {busid} now: it is leased to others")            \
    EVENT(BACKUP_MADE, backup_made, INFO,                                                          \
          "{peer} has made a backup with {users} users and {tokens} tokens",                       \
          NUMBER(count, users) NUMBER(count, tokens))                                              \
    EVENT(RESTORED, restored, WARNING,                                                             \
          "{peer} has restored a backup with {users} users and {tokens} tokens",                   \
          NUMBER(count, users) NUMBER(count, tokens))                                              \
    PLAIN(CERTIFICATE_CHANGED, certificate_changed, INFO,                                          \
          "{peer} has changed the certificate of HTTPS")                                           \
    EVENT(CONFIGURATION_REFUSED, configuration_refused, WARNING,                                   \
          "{busid}: a client wanted configuration {value}, which the device does not have, or "    \
          "which could not be read",                                                               \
          NUMBER(count, value))

#define EVENTLOG_NOTHING(...)
#define EVENTLOG_PLAIN_NUMBER(NAME, name, ...) EVENT_##NAME, eventlog_plain_##name = EVENT_##NAME,
#define EVENTLOG_TYPE_NUMBER(NAME, name, ...) EVENT_##NAME, eventlog_type_##name = EVENT_##NAME,

// EVENT_SERVER_STARTED = 1 and so on.
enum eventlog_type {
    EVENT_NONE,
    EVENTLOG_TYPES(EVENTLOG_PLAIN_NUMBER, EVENTLOG_TYPE_NUMBER, , ) //
    EVENT_TYPE_COUNT
};

// Where the address of a port that sets up its own network comes from.
enum eventlog_address {
    EVENT_ADDRESS_STATIC = 1,
    EVENT_ADDRESS_DHCP,
    EVENT_ADDRESS_LINK_LOCAL,
};

enum eventlog_network_end {
    EVENT_NETWORK_NO_LINK = 1,
    EVENT_NETWORK_NO_ADDRESS,
};

enum eventlog_fallback {
    EVENT_FALLBACK_IN_USE = 1,     // another station has it
    EVENT_FALLBACK_GATEWAY_SILENT, // nobody answers there
};

// Why this run began.
enum eventlog_start {
    EVENT_START_UNKNOWN = 0,
    EVENT_START_POWER_ON,
    EVENT_START_RESTART,       // somebody asked for it
    EVENT_START_FACTORY_RESET, // as RESTART
    EVENT_START_UPDATE,        // as RESTART
    EVENT_START_PANIC,         // from here on: something went wrong
    EVENT_START_TASK_WATCHDOG,
    EVENT_START_INTERRUPT_WATCHDOG,
    EVENT_START_WATCHDOG, // which one is not known
    EVENT_START_LOCKUP,   // a fault while a fault was handled
    EVENT_START_BROWNOUT,
    EVENT_START_POWER_GLITCH,
    EVENT_START_EXTERNAL, // reset pin; from here on: from outside, nothing is wrong
    EVENT_START_DEBUGGER, // JTAG, or the chip's own USB port
    EVENT_START_COUNT
};

enum eventlog_refusal {
    EVENT_REFUSED_DESCRIPTORS = 1, // device: its descriptors do not hold together
    EVENT_REFUSED_DUPLICATE,       // device: another one has that busid
    EVENT_REFUSED_LIMIT,           // device or connection: the configured number is reached
    EVENT_REFUSED_NO_MEMORY,
    EVENT_REFUSED_STOPPING,      // connection: the server is shutting down
    EVENT_REFUSED_NO_DESCRIPTOR, // connection: no file descriptor is left; once per shortage
};

enum eventlog_end {
    EVENT_END_PEER_CLOSED = 1, // FIN
    EVENT_END_PEER_LOST,       // reset or keepalive
    EVENT_END_DONE,            // operation phase: answered
    EVENT_END_TIMEOUT,         // operation phase: no whole request in time
    EVENT_END_PROTOCOL,        // after EVENT_PROTOCOL_ERROR
    EVENT_END_UNPLUGGED,
    EVENT_END_STOPPING, // server shut down
    EVENT_END_CROWDED,  // operation phase: had to make room for a newer connection
    EVENT_END_NO_MEMORY,
    EVENT_END_PEER_DEAD,   // did not answer when somebody else wanted the device
    EVENT_END_PEER_SILENT, // did not answer for as long as that is allowed
    EVENT_END_PEER_FULL,   // takes no byte of its replies
    EVENT_END_ACCESS,      // the client may not have the device any more
    EVENT_END_OPERATOR,    // somebody ended it
};

enum eventlog_protocol {
    EVENT_BAD_VERSION = 1,
    EVENT_BAD_OPERATION,
    EVENT_BAD_COMMAND,
    EVENT_BAD_DEVID,
    EVENT_BAD_DIRECTION,
    EVENT_BAD_LENGTH,
    EVENT_BAD_PACKET_COUNT,
    EVENT_DUPLICATE_SEQNUM,
    EVENT_SPEAKS_HTTP, // to the port of USB/IP
    EVENT_SPEAKS_TLS,
};

// A file behind a device, while the device uses it.
enum eventlog_file_task {
    EVENT_FILE_READ = 1,
    EVENT_FILE_WRITTEN,
    EVENT_FILE_FLUSHED,
    EVENT_FILE_TASK_COUNT
};

enum eventlog_file_reason {
    EVENT_FILE_ERROR = 1, // the medium's, or one without a word of its own
    EVENT_FILE_NO_SPACE,
    EVENT_FILE_TOO_LARGE,
    EVENT_FILE_CUT,  // somebody has made it shorter
    EVENT_FILE_SLOW, // data that found no room in time are not written
    EVENT_FILE_REASON_COUNT
};

// Why a device of this host could not be taken for a session.
enum eventlog_claim {
    EVENT_CLAIM_PERMISSION = 1,
    EVENT_CLAIM_BUSY,   // another program has it
    EVENT_CLAIM_IN_USE, // this host has begun to use it: an obstacle
    EVENT_CLAIM_GONE,
    EVENT_CLAIM_NO_MEMORY,
    EVENT_CLAIM_FAILED, // or its kernel driver does not let go
    EVENT_CLAIM_COUNT
};

// Why a reset that an operator wanted was not done.
enum eventlog_reset {
    EVENT_RESET_UNPLUGGED = 1,
    EVENT_RESET_SESSION_ENDED, // before it had begun; the device is cleaned anyway
    EVENT_RESET_BUSY,          // free here, but this host uses it
    EVENT_RESET_NOT_OPENED,    // free, but it cannot be opened
    EVENT_RESET_FAILED,        // the device, or its host controller
    EVENT_RESET_STUCK,         // the device does not give its transfers back
    EVENT_RESET_COUNT
};

// Why the power of a port was not switched.
enum eventlog_power {
    EVENT_POWER_UNKNOWN = 1, // nobody here knows how, or may
    EVENT_POWER_FIXED,
    EVENT_POWER_GANGED,
    EVENT_POWER_IN_USE, // something that would lose it, and nobody insists
    EVENT_POWER_BUSY,   // it is being switched
    EVENT_POWER_LIMIT,  // too many are
    EVENT_POWER_STOPPING,
    EVENT_POWER_GONE, // with its hub
    EVENT_POWER_PERMISSION,
    EVENT_POWER_FAILED, // the hub, or its driver
    EVENT_POWER_COUNT
};

// What was done to a user.
enum eventlog_user {
    EVENT_USER_ADDED = 1,
    EVENT_USER_REMOVED,
    EVENT_USER_ROLE,
    EVENT_USER_PASSWORD,
    EVENT_USER_COUNT
};

// Why a part of a device is not served, while the rest is.
enum eventlog_cost {
    EVENT_COST_CHANNELS = 1,
    EVENT_COST_PACKET_SIZE,
    EVENT_COST_HIGH_BANDWIDTH,
    EVENT_COST_INTERVAL,
    EVENT_COST_CONTROL,
    EVENT_COST_COUNT
};

// A part of a device. Endpoint 0 stands for the whole interface in that setting.
#define EVENTLOG_PLACE(interface, alternate, endpoint)                                             \
    ((uint32_t)(interface) << 16 | (uint32_t)(alternate) << 8 | (uint32_t)(endpoint))

// How a lease has ended.
enum eventlog_lease {
    EVENT_LEASE_RAN_OUT = 1,
    EVENT_LEASE_GIVEN_BACK, // by who made it
    EVENT_LEASE_TAKEN_BACK, // by somebody else
    EVENT_LEASE_COUNT
};

#define EVENTLOG_NUMBER(kind, name) uint32_t name;
#define EVENTLOG_WORD(tag, name) enum tag name;
#define EVENTLOG_MEMBER(NAME, name, level, sentence, values)                                       \
    struct {                                                                                       \
        values                                                                                     \
    } name;

enum { EVENTLOG_MAX_VALUES = 2 };

// What has happened.
struct eventlog_what {
    enum eventlog_type type;
    union { // the member that has the type's name
        uint32_t value[EVENTLOG_MAX_VALUES];
        EVENTLOG_TYPES(EVENTLOG_NOTHING, EVENTLOG_MEMBER, EVENTLOG_NUMBER, EVENTLOG_WORD)
    };
};

// EVENTLOG(imported), EVENTLOG_WITH(devlist, .devices = 4): other values than those of the type do
// not compile.
#define EVENTLOG(name) ((struct eventlog_what){.type = eventlog_plain_##name})
#define EVENTLOG_WITH(name, ...)                                                                   \
    ((struct eventlog_what){.type = eventlog_type_##name, .name = {__VA_ARGS__}})
