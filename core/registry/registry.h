// SPDX-License-Identifier: Apache-2.0
// The devices known to the server and who has each. Copies all that a backend tells, so that a
// record lives as long as somebody needs it. Loop thread.
#pragma once

#include "access/access_name.h"
#include "base/base_alloc.h"
#include "base/base_list.h"
#include "usb/usb_device.h"

#include <stdbool.h>
#include <stdint.h>

struct usbip_backend;
struct server_usage;

enum registry_state {
    REGISTRY_AVAILABLE,
    REGISTRY_OPENING, // claimed for a session, the backend has not answered yet
    REGISTRY_IN_USE,
    REGISTRY_CLEANING, // session over, device on its way to a clean state
    REGISTRY_REFUSED,  // has an obstacle, or wrong descriptors: import gets ST_DEV_ERR. Its owner
                       // may want it in spite of its host's use: access_names.take_from_host
    REGISTRY_HUB,      // shown in the topology, never exported
};

struct registry_device {
    struct base_list link;       // the registry's
    struct usb_device_info info; // own copy, descriptors included
    enum registry_state state;
    uint32_t session; // id of the session that has it (OPENING, IN_USE); 0: none
    bool silent;      // IN_USE: that session's peer does not answer
    bool resetting;   // CLEANING: is opened, reset and closed for nobody
    struct access_names names;
    struct access_device seen_as; // by rules; its texts are this record's
    enum access_reason kept; // why it is not exported, as was last said; 0: it is. The server's
    bool taken;              // its owner wants it in spite of its host's use, as was last said
    const struct base_block
        *leased_to; // who alone may see and import it; NULL: anybody. The server's
    uint64_t plugged_us;
    struct server_usage *usage; // the server's; NULL: no memory
    struct usbip_backend *backend;
    void *backend_device;
};

struct registry {
    const struct base_alloc *alloc;
    struct base_list devices; // of struct registry_device, in the order of plugging
    unsigned count, max;
    const struct access_naming *namings;
    unsigned naming_count;
};

void registry_init(struct registry *r, const struct base_alloc *alloc, unsigned max_devices);
void registry_clear(struct registry *r);

// Adds a copy of `info`. BASE_ERR_BUSY: another device has that busid; LIMIT; NOMEM.
// Descriptors that do not hold together give state REFUSED, not an error.
enum base_err registry_add(struct registry *r, const struct usb_device_info *info,
                           struct usbip_backend *backend, void *backend_device, uint64_t now_us,
                           struct registry_device **out);
void registry_remove(struct registry *r, struct registry_device *d);

// NULL if there is none.
struct registry_device *registry_find(struct registry *r, const char *busid);
struct registry_device *registry_find_backend(struct registry *r, struct usbip_backend *backend,
                                              void *backend_device);

// What IMPORT can ask for, in the order in which it is looked for. The very same texts.
enum registry_name { REGISTRY_BUSID, REGISTRY_ALIAS, REGISTRY_SERIAL, REGISTRY_NAMES };
const char *registry_name(const struct registry_device *d, enum registry_name kind); // or ""

// The device of that busid, or else of that alias; NULL if there is none.
struct registry_device *registry_find_named(struct registry *r, const char *name);

// From now on devices have these names, those that are there already as well. Borrowed until the
// next call.
void registry_set_namings(struct registry *r, const struct access_naming *namings, unsigned count);

// What a device is when nobody has it: AVAILABLE, REFUSED or HUB.
enum registry_state registry_rest(const struct registry_device *d);

// Whether the device is exported at all, by its owner's word, export rules and policy.
struct access_answer registry_exports(const struct registry_device *d,
                                      const struct access_list *access);

// Whether that client may see and import the device.
struct access_answer registry_ask(const struct registry_device *d, const struct access_list *access,
                                  const struct access_identity *who);

// Whether any client at all may.
struct access_answer registry_ask_for_all(const struct registry_device *d,
                                          const struct access_list *access);

// Whether it is kept for somebody else for a while, which rules have no part in.
bool registry_leased_away(const struct registry_device *d, const struct access_identity *who);

// The same as registry_ask() if it had these names.
struct access_answer registry_ask_named(const struct registry_device *d,
                                        const struct access_names *names,
                                        const struct access_list *access,
                                        const struct access_identity *who);

// May DEVLIST show it? In-use devices only if `in_use_too`.
bool registry_listed(const struct registry_device *d, bool in_use_too);

struct registry_audience {
    const struct access_list *access;
    const struct access_identity *who;
    bool in_use_too; // Linux usbipd leaves devices in use out
    bool not_silent; // those of silent peers are as much in use as others
};

// The body of OP_REP_DEVLIST (ndev and records) for somebody, in memory from r->alloc that the
// caller frees. NULL: no memory.
uint8_t *registry_devlist(struct registry *r, const struct registry_audience *a, size_t *size,
                          unsigned *devices);
