// SPDX-License-Identifier: Apache-2.0
// What a server consists of; for server/*.c only.
//
// Its files are a list, each may call those before it:
//   server_config.c    the limits that it starts with
//   server_record.c    what happened goes to the event log
//   server_devices.c   who has which device
//   server.c           life, connections and work: where it is put together
#pragma once

#include "server/server.h"

enum { SERVER_MAX_BACKENDS = 4 };

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
    bool waiting;                   // wants to import `device`, which is not clean yet
    struct registry_device *device; // waited for, being opened, or held
};

struct usbip_server {
    const struct base_alloc *alloc;
    struct server_config config;
    struct eventlog *log;
    struct registry registry;
    struct server_slot backends[SERVER_MAX_BACKENDS];
    unsigned backend_count;
    struct session_budget budget;
    struct base_list links;   // of struct server_link, oldest first
    struct base_list ready;   // those whose session has given notice
    struct base_list timers;  // those with a deadline, earliest first
    struct base_list changed; // those that the port has to look at
    uint32_t last_id;
    uint64_t now_us;
    bool stopping;
    struct server_totals totals;
};

// server_record.c; `busid` and `peer` may be NULL.
void server_record(struct usbip_server *server, const char *busid, const struct base_peer *peer,
                   struct eventlog_what what);

// server_devices.c
void server_take_events(struct usbip_server *server);
// Opens the device or waits for it, or refuses.
void server_import(struct usbip_server *server, struct server_link *l, const char *busid);
void server_follow_peer(struct usbip_server *server, struct server_link *holder);
void server_let_go(struct server_link *l); // its device, if its session is over
