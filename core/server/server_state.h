// SPDX-License-Identifier: Apache-2.0
// What a server consists of; for server/*.c only.
//
// Its files are a list, each may call those before it:
//   server_config.c    the limits that it starts with
//   server_history.c   how many bytes went, over time
//   server_usage.c     what each device has been used for
//   server_record.c    what happened goes to the event log
//   server_port.c      buses, ports and their power
//   server_room.c      places and memory for those who come
//   server_lease.c     a device is some client's for a while
//   server_find.c      which device a client means
//   server_export.c    what is exported at all
//   server_devices.c   who has which device
//   server_access.c    rules and names change
//   server.c           life, connections and work: where it is put together
#pragma once

#include "server/server.h"
#include "server/server_lease.h"

enum { SERVER_MAX_BACKENDS = 4, SERVER_SWITCHES = 16 };

struct server_slot {
    struct usbip_backend *backend;
    struct session_pool pool;
};

// What the server knows about one connection.
struct server_link {
    struct base_list list;
    struct session_notice notice; // on the server's `ready`
    struct base_list changed;     // on the server's `changed`, or empty
    struct base_list timer;       // on the server's `timers`, or empty
    uint64_t deadline_us;         // of the session; UINT64_MAX: none
    struct session *session;
    uint32_t id;
    bool disconnected;              // the port has closed the socket
    bool waiting;                   // wants to import `device`, but not yet
    bool wants_room;                // because there is no place or no memory now
    bool asked;                     // silent peers were probed for it
    struct registry_device *device; // waited for, being opened, or held
};

// A port whose power is being switched, or is off for a while.
struct server_switch {
    char port[USB_BUSID_SIZE]; // "": the place is free
    struct usbip_backend *backend;
    bool asked, on;      // the backend has still to answer to that
    bool again, then_on; // somebody has asked for this since
    uint64_t cycle_us;   // once it is off, it is on again after that time; 0: not by itself
    uint64_t on_us;      // when; UINT64_MAX: never
};

struct usbip_server {
    const struct base_alloc *alloc;
    struct server_config config;
    struct eventlog *log;
    struct registry registry;
    const struct access_list *access; // in force
    struct access_list *own_access;   // the same, unless nobody has set any
    struct access_naming *namings;    // the registry's
    struct server_slot backends[SERVER_MAX_BACKENDS];
    unsigned backend_count;
    unsigned switching; // places of `switches` that are taken
    struct session_budget budget;
    struct base_list links;   // of struct server_link, oldest first
    struct base_list ready;   // those whose session has given notice
    struct base_list timers;  // those with a deadline, earliest first
    struct base_list changed; // those that the port has to look at
    struct base_list leases;  // of struct server_lease, by their ends
    unsigned lease_count;
    uint32_t last_id;
    uint64_t now_us;
    bool stopping;
    struct server_totals totals;
    struct session_latency latency[4]; // of sessions that are over, by enum usb_transfer_type
    // What is large comes last: whatever is used for each URB is then near.
    struct server_usages usages;
    struct server_switch switches[SERVER_SWITCHES];
};

// server_record.c; `busid` and `peer` may be NULL.
void server_record(struct usbip_server *server, const char *busid, const struct base_peer *peer,
                   struct eventlog_what what);

void server_record_of(struct usbip_server *server, const struct server_link *l, const char *busid,
                      struct eventlog_what what);

// server_port.c
void server_port_answered(struct usbip_server *server, const char *port, enum base_err result);
bool server_ports_due(struct usbip_server *server); // true: backends were asked for something
uint64_t server_ports_deadline(const struct usbip_server *server);
void server_ports_stop(struct usbip_server *server);
bool server_ports_quiet(const struct usbip_server *server);

// server_room.c
bool server_room_for_connection(struct usbip_server *server);   // may end another one
bool server_room_has_place(const struct usbip_server *server);  // for one more device
bool server_room_has_memory(const struct usbip_server *server); // the same
bool server_room_hope(const struct usbip_server *server);       // that some comes soon
// An import found no place or memory. True: it waits, because silent peers are being probed.
bool server_room_may_come(struct usbip_server *server, struct server_link *l);
void server_room_for_urbs(struct usbip_server *server); // probes, if some found no memory
bool server_room_wanted(const struct usbip_server *server);

// server_lease.c
void server_lease_plugged(const struct usbip_server *server, struct registry_device *d);
void server_leases_due(struct usbip_server *server); // ends those that are over
void server_leases_clear(struct usbip_server *server);

static inline uint64_t server_leases_deadline(const struct usbip_server *server)
{
    return base_list_empty(&server->leases)
               ? UINT64_MAX
               : BASE_CONTAINER(server->leases.next, struct server_lease, link)->until_us;
}

// server_find.c
struct access_identity server_identity(const struct server_link *l);
// By busid, alias or serial number. NULL: there is none for this client.
struct registry_device *server_find(struct usbip_server *server, const struct server_link *l,
                                    const char *name);

// server_devices.c
void server_take_events(struct usbip_server *server);
// Opens the device or waits for it, or refuses.
void server_import(struct usbip_server *server, struct server_link *l, const char *name);
// It may not have its device any more.
void server_deny(struct usbip_server *server, struct server_link *l, struct access_answer a);
void server_follow_peer(struct usbip_server *server, struct server_link *holder);
void server_let_go(struct server_link *l);           // its device, if its session is over
void server_serve_room(struct usbip_server *server); // there may be some, or no more hope of it

// server_export.c: events say what is exported and what is not, when that is new. `fresh`: the
// device was just plugged in.
void server_export_tell(struct usbip_server *server, struct registry_device *d, bool fresh);

// server_access.c
void server_access_begin(struct usbip_server *server);
void server_access_end(struct usbip_server *server);
