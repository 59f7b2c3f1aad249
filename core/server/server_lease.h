// SPDX-License-Identifier: Apache-2.0
// A device is some client's alone for a while: others do not see it, and find it busy. A lease is
// of a bus ID: it goes on while nothing is plugged in there. It ends by the port's clock, whatever
// the time of day does meanwhile, and with the server. Loop thread.
#pragma once

#include "server/server.h"

enum {
    SERVER_LEASE_OWNER_SIZE = 65,
    SERVER_LEASE_REASON_SIZE = 129,
    SERVER_LEASE_ID_SIZE = 64,
};

#define SERVER_LEASE_MIN_US UINT64_C(1000000)
#define SERVER_LEASE_MAX_US (31 * 86400 * UINT64_C(1000000))

struct server_lease {
    struct base_list link;                 // the server's
    char busid[USB_BUSID_SIZE];            // of the device, which need not be there any more
    char owner[SERVER_LEASE_OWNER_SIZE];   // for people, as is the reason
    char reason[SERVER_LEASE_REASON_SIZE]; // or ""
    char maker[EVENTLOG_PEER_SIZE];        // who made it, for people
    char identity[SERVER_LEASE_ID_SIZE];   // who alone may change it: no two have the same
    struct base_block addresses;           // that may have the device meanwhile
    uint64_t until_us;
};

// NULL: the device is nobody's, or that is over at `now_us`.
const struct server_lease *server_lease(const struct usbip_server *server, const char *busid,
                                        uint64_t now_us);
unsigned server_lease_count(const struct usbip_server *server);

// Copies `lease`, also over the one that its maker has made before. Whoever has the device keeps it
// until he lets it go. `by`: who asks, for the event.
// @return BASE_ERR_BUSY: it is somebody else's; BASE_ERR_LIMIT: there are as many as there may be
//         devices; BASE_ERR_NOMEM.
enum base_err server_lease_take(struct usbip_server *server, const struct server_lease *lease,
                                const char *by, uint64_t now_us);

// Ends it before its time. False: there is none.
bool server_lease_end(struct usbip_server *server, const char *busid, enum eventlog_lease why,
                      const char *by, uint64_t now_us);
