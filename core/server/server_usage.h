// SPDX-License-Identifier: Apache-2.0
// What a device has been used for, over all its sessions. Kept as long as it is plugged in, and for
// when the same device (by its ids and its serial number) comes back to that port. No counter ever
// falls. Nothing is counted here for each URB: sessions count, and are asked when somebody wants to
// know, or a step of the history is over. Loop thread.
#pragma once

#include "base/base_alloc.h"
#include "base/base_list.h"
#include "registry/registry.h"
#include "server/server_history.h"
#include "session/session.h"

struct server_usage_totals {
    uint64_t imports;
    struct session_counters counters;
    struct session_type_counters by_type[SESSION_TYPES];
    uint64_t last_activity_us; // an URB ended, to half a second; 0: never
};

struct server_usage {
    struct base_list link; // of all usages, those whose device has left last at the end
    char busid[USB_BUSID_SIZE], serial[USB_NAME_SIZE];
    uint32_t id; // vendor << 16 | product
    bool plugged;
    struct server_usage_totals past; // without the session that has it now
    struct session *session;         // that one, or NULL
    struct server_moved seen;        // in all, at the last step of the history
    struct server_history *history;  // NULL: nobody had it yet, or no memory
};

enum { SERVER_USAGES_KEPT = 32 }; // of devices that are not plugged in

struct server_usages {
    const struct base_alloc *alloc;
    struct base_list list;     // of struct server_usage
    uint64_t step_us;          // when the running step of the history ends
    struct server_history all; // of all devices
};

void server_usages_init(struct server_usages *u, const struct base_alloc *alloc, uint64_t now_us);
void server_usages_clear(struct server_usages *u);

// A device was plugged in, or pulled. NULL: no memory; it has no totals then.
struct server_usage *server_usage_plugged(struct server_usages *u, const struct usb_device_info *i);
void server_usage_unplugged(struct server_usages *u, struct server_usage *usage);

// A session has imported it, or has let it go. `usage` may be NULL in both.
void server_usage_begin(struct server_usages *u, struct server_usage *usage, struct session *s);
void server_usage_end(struct server_usage *usage);

// Steps of the history that are over at `now_us` are entered, as of what was last done at
// `worked_us`.
void server_usage_sample(struct server_usages *u, uint64_t worked_us, uint64_t now_us);

static inline bool server_usage_due(const struct server_usages *u, uint64_t now_us)
{
    return now_us >= u->step_us;
}

struct server_usage_totals server_usage_totals(const struct server_usage *usage); // NULL: zeros
struct server_rates server_usage_rates(const struct server_usage *usage);         // NULL: zeros
void server_counters_add(struct session_counters *to, const struct session_counters *c);
