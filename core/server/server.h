// SPDX-License-Identifier: Apache-2.0
// The server: devices, sessions and events put together. A port creates one, adds backends, brings
// connections and time. Everything hangs on one object: a process may run several. Loop thread; no
// function blocks or calls back into the port.
#pragma once

#include "eventlog/eventlog.h"
#include "registry/registry.h"
#include "server/server_backend.h"
#include "server/server_usage.h"
#include "session/session.h"

struct usbip_server;

// Connections beyond max_connections, for those who only ask.
enum { SERVER_ASKING = 4 };

struct server_config {
    struct session_limits session;
    unsigned max_connections; // with a device; without one, see server_connected()
    unsigned max_devices;
    uint64_t total_budget_bytes; // payload bytes in flight, all sessions together
    uint64_t pool_cache_bytes;   // free payload buffers kept per backend
    unsigned eventlog_capacity;
    struct eventlog_memory eventlog_memory; // for the event ring, instead of `alloc`; bytes NULL:
                                            // none. Then it decides about the capacity
    enum eventlog_start start;              // why this run began
    uint64_t unix_us;                       // time of day at its begin, UTC; 0: not known
    bool never_take_over;                   // a silent peer keeps its device, whoever wants it
    bool list_in_use; // DEVLIST shows devices that a session has; Linux usbipd does not
};

// Values that suit a Linux machine; a port changes what it must.
void server_config_default(struct server_config *c);

// BASE_ERR_INVALID: a limit is out of its range, and *why is a plain sentence about it.
enum base_err server_config_check(const struct server_config *c, const char **why);

// Copies `config`; borrows `alloc` for its life. NULL if there is no memory.
struct usbip_server *server_create(const struct server_config *config,
                                   const struct base_alloc *alloc, uint64_t now_us);

// Ends all at once, backends' URBs included as far as they give them back without waiting. Orderly:
// server_stop() first, and step until server_stopped(). Backends outlive the server.
void server_destroy(struct usbip_server *server);

// Borrowed for the server's life. BASE_ERR_LIMIT: too many (4).
enum base_err server_add_backend(struct usbip_server *server, struct usbip_backend *backend);

// Takes from `config` what can change while it runs: take-over, connections, devices, URBs per
// session and the two budgets; it must pass server_config_check(). Sessions that have imported keep
// their number of URBs, and nothing that is there already is taken away.
void server_change_limits(struct usbip_server *server, const struct server_config *config);

// --- who may have what ---------------------------------------------------------------------------

// Copies rules and names, which hold at once and together: sessions whose device they do not allow
// end, and events say by which rule. Without them everybody may have everything. Check first
// (settings); registry_ask() tells what some rules say, also of rules that are not in force.
// BASE_ERR_NOMEM: all is as before.
enum base_err server_change_rules(struct usbip_server *server, const struct access_list *list,
                                  const struct access_naming *namings, unsigned count,
                                  uint64_t now_us);

// One of both, the other stays.
enum base_err server_change_access(struct usbip_server *server, const struct access_list *list,
                                   uint64_t now_us);
enum base_err server_change_names(struct usbip_server *server, const struct access_naming *namings,
                                  unsigned count, uint64_t now_us);

const struct access_list *server_access(const struct usbip_server *server); // until the next change

// What a bus ID or an alias stands for, also of a device that is not plugged in any more: its bus
// ID, or else the name itself.
const char *server_busid(struct usbip_server *server, const char *name);

// --- connections ---------------------------------------------------------------------------------

// A connection was accepted. `peer` is copied. NULL: refused (an event says why),
// close the socket. If the number of connections is reached, the oldest one that has not imported
// anything gives way; but SERVER_ASKING of these are admitted always, so that whoever finds all
// places taken gets an answer. The session is the server's; use it for the session_rx_*,
// session_tx_* calls and session_port_state() until server_disconnected().
struct session *server_connected(struct usbip_server *server, const struct base_peer *peer,
                                 uint64_t now_us);

// The port has closed the socket. The pointer is dead for the port.
void server_disconnected(struct usbip_server *server, struct session *s, uint64_t now_us);

// Ends that session for real: whole replies that are queued are sent, then FIN, and its device is
// free. False: there is none, or it is ending already.
bool server_disconnect(struct usbip_server *server, uint32_t session, uint64_t now_us);

// Begins to reset a device, whether somebody has it (docs/wire.md 3) or not. Outcome: an event.
// BASE_ERR_BUSY: it is just being opened, cleaned or reset, or the server is stopping;
// BASE_ERR_INVALID: a hub, or one that cannot be used or is not exported.
enum base_err server_reset_device(struct usbip_server *server, struct registry_device *d,
                                  uint64_t now_us);

// --- work ----------------------------------------------------------------------------------------

// Takes the backends' events and carries out what sessions want until nothing is left to do now.
// Call after each burst of reading, after a wake-up and when server_next_deadline() has come.
void server_step(struct usbip_server *server, uint64_t now_us);
// UINT64_MAX: none; 0: something is to be done now.
uint64_t server_next_deadline(struct usbip_server *server);

// After server_step(): a session in which something has happened since it was last returned here,
// so that there may be bytes to send, or another session_port_state(). NULL: no more. A port that
// does not ask looks at all of its sessions.
struct session *server_next_changed(struct usbip_server *server);

// Begins an orderly end: no new connection, every session flushed and finished.
void server_stop(struct usbip_server *server, uint64_t now_us);
bool server_stopped(const struct usbip_server *server); // no connection, no device held

// --- what others may see (API, log, tests) -------------------------------------------------------

struct server_totals {
    uint64_t started_us;
    uint64_t connections, connections_refused, imports, imports_refused,
        protocol_errors;           // since start; `connections` were accepted
    struct session_counters ended; // of sessions that are over
    uint64_t payload_bytes_in_use, payload_bytes_cached;
};

struct eventlog *server_eventlog(struct usbip_server *server);
struct registry *server_registry(struct usbip_server *server);
const struct server_config *server_config(const struct usbip_server *server);
void server_totals(const struct usbip_server *server, struct server_totals *t);

// How long URBs took, by enum usb_transfer_type.
void server_latency(const struct usbip_server *server, struct session_latency by_type[4]);

// What devices have been used for, with the steps of the history that are over by now. Each device
// has its own in registry_device.usage.
const struct server_usages *server_usages(struct usbip_server *server, uint64_t now_us);

// The sessions, oldest first: call with NULL to begin. NULL at the end.
struct session *server_next_session(const struct usbip_server *server, const struct session *after);
