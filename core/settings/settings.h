// SPDX-License-Identifier: Apache-2.0
// The settings of one server: a small versioned JSON document, and the values in it. No I/O; where
// the document lives is settings_store.h. Any thread; an object belongs to its caller. Nothing here
// is secret today: what is printed may be shown to anybody who may see the settings.
//
// A document is {"version": 2, "host_name": ..., "network": {...}, "usb": {...}, "limits": {...},
// "access": {"mode", "allow": [...], "rules": [...]}, "export", "devices": [...], "export_rules":
// [...], "http": {"allowed_hosts": [...]}} and names only what differs from what it is laid over:
// defaults < stored < given by somebody. A list is laid over as a whole.
#pragma once

#include "access/access_name.h"
#include "base/base_err.h"
#include "settings/settings_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SETTINGS_VERSION = 2,       // of the documents that settings_print() writes
    SETTINGS_MAX_BYTES = 16384, // of a document, unless the port says otherwise
    SETTINGS_DEFAULTS_SIZE = 4000,
    SETTINGS_HOST_NAME_SIZE = 64, // a DNS label and its NUL
    SETTINGS_SERVER_SIZE = 128,   // a DNS name of up to 127 characters and its NUL
    SETTINGS_VALUE_SIZE = 128,    // any value as text, with its NUL
    SETTINGS_MAX_HOSTS = 16,      // names that HTTP is asked by
    SETTINGS_BUSES = 2,           // USB ports of the chip: bus 1 (high speed), bus 2 (full speed)
};

enum settings_addressing { SETTINGS_DHCP, SETTINGS_STATIC }; // "dhcp", "static"
enum settings_speed {
    SETTINGS_HIGH_SPEED, // "high": full and low speed as well, as the hardware has it
    SETTINGS_FULL_SPEED, // "full": full and low speed only
};

enum settings_take_over {
    SETTINGS_PROBE, // "probe": who is silent is asked when somebody else wants its device
    SETTINGS_NEVER, // "never"
};

// Who is not logged in, when there is a password.
enum settings_anonymous {
    SETTINGS_ANONYMOUS_AUTO, // "auto": may look, unless the access rules hide something
    SETTINGS_ANONYMOUS_VIEW, // "view"
    SETTINGS_ANONYMOUS_NONE, // "none"
};

// IPv4 addresses are in the order of their text: {192, 168, 1, 10}. All 0: none.
struct settings_network {
    enum settings_addressing addressing;
    uint8_t address[4], netmask[4], gateway[4]; // when static
    uint8_t dns[4];                             // when static
    char sntp_server[SETTINGS_SERVER_SIZE];     // name or IPv4 address; "": none
};

struct settings_limits {
    uint32_t max_connections; // each attached device is one
    uint32_t max_devices;
    uint32_t max_urbs;           // in flight per session
    uint32_t session_budget_kib; // payload in flight of one session
    uint32_t total_budget_kib;   // and of all together
    uint32_t silent_s;           // how long a client that does not answer keeps its device
    uint32_t max_urb_kib;        // longest transfer each way
};

// What a port brings: its defaults and bounds, and whether it has what a section is about. Keys of
// a section that it does not have are refused and not listed.
struct settings_port {
    const char *host_name;            // default; a valid label
    const char *sntp_server;          // default
    enum access_export export_policy; // default
    struct settings_limits limits, min_limits, max_limits;
    unsigned max_rules, max_addresses; // 0: no access and no export rules; addresses of the list of
                                       // those allowed, and again of all rules together
    unsigned max_namings;              // devices with names; 0: none
    size_t max_bytes;                  // of a document; 0: SETTINGS_MAX_BYTES
    bool has_network;                  // it sets up its own network: "network"
    bool has_users;                    // people can log in: "anonymous"
    bool has_buses;                    // it has USB ports of its own: "usb"
};

// Never changes; shared by copies of settings and counted: settings_hold(), settings_drop().
struct settings_lists {
    unsigned users;
    struct access_list *access; // its mode and export policy say nothing
    struct access_naming *namings;
    unsigned naming_count;
    char (*hosts)[SETTINGS_SERVER_SIZE]; // http.allowed_hosts
    unsigned host_count;
};

struct settings {
    const struct settings_port *port; // borrowed for the object's life
    enum access_mode access_mode;
    enum access_export export_policy;
    enum settings_take_over take_over;
    enum settings_anonymous anonymous;
    struct settings_lists *lists; // NULL: all are empty
    char host_name[SETTINGS_HOST_NAME_SIZE];
    struct settings_network network;
    enum settings_speed bus_speed[SETTINGS_BUSES]; // [0] is bus 1; [1] can only be full
    struct settings_limits limits;
};

// DHCP, high speed on bus 1, and what the port says.
void settings_default(struct settings *s, const struct settings_port *port);

// A copy of the object that lives longer than the original must be held; what is held, or comes
// from settings_parse(), is dropped at its end. One thread at a time.
void settings_hold(const struct settings *s);
void settings_drop(struct settings *s);

// The rules with their mode and policy; borrowed from *s.
struct access_list settings_access(const struct settings *s);

// All functions with `why` (SETTINGS_WHY_SIZE bytes) write a plain sentence there if they do not
// return BASE_OK; it names the key or the line.

// Whether the values fit their ranges and each other. BASE_ERR_INVALID.
enum base_err settings_check(const struct settings *s, char *why);

// Lays a document of `size` bytes (no NUL needed) over *s, which stays as it was on an error.
// Documents of older versions are migrated.
// @return BASE_ERR_INVALID: refuse it; BASE_ERR_UNSUPPORTED: it is of a newer version, so refuse it
//         and do not overwrite it; BASE_ERR_NOMEM: nothing is known of it, try again.
enum base_err settings_parse(struct settings *s, const char *json, size_t size, char *why);

// The same, and all that is wrong with the values, each with its place. `set`, unless NULL, gets a
// bit for each key that the document has: settings_document_key().
struct settings_keys {
    uint64_t bits;
};
enum base_err settings_parse_all(struct settings *s, const char *json, size_t size,
                                 struct settings_errors *errors, struct settings_keys *set);

// Keys that a document can have, lists among them; NULL behind the last. Not all ports have all.
const char *settings_document_key(unsigned i);

// The i-th list's key if it is another one in `b`, else ""; NULL behind the last list.
const char *settings_list_changed(const struct settings *a, const struct settings *b, unsigned i);

// The most bytes of a document of that port, without a NUL; printed with all that is the default it
// may have SETTINGS_DEFAULTS_SIZE more.
size_t settings_max_bytes(const struct settings_port *port);

enum settings_extent { SETTINGS_CHANGED, SETTINGS_ALL }; // only what is not the default; everything

// The document as text with line ends, NUL-terminated; returns its length without the NUL.
// Cut if `buf` is too small; what does not fit into settings_max_bytes() cannot be kept.
size_t settings_print(const struct settings *s, enum settings_extent extent, char *buf,
                      size_t buf_size);

// --- one value at a time -------------------------------------------------------------------------

// Keys are "host_name", "network.address" ..., lists are not among them; the i-th one that `port`
// has, NULL behind the last.
const char *settings_key(const struct settings_port *port, unsigned i);

// The value as text. BASE_ERR_NOT_FOUND: no such key. `buf` has SETTINGS_VALUE_SIZE bytes.
enum base_err settings_get(const struct settings *s, const char *key, char *buf);

// Changes one value and checks all of them; *s stays as it was on an error (values that only fit
// together are changed by settings_parse()). BASE_ERR_NOT_FOUND, BASE_ERR_INVALID.
enum base_err settings_set(struct settings *s, const char *key, const char *text, char *why);
