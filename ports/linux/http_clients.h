// SPDX-License-Identifier: Apache-2.0
// The connections of HTTP: how many there may be, and how long each may take. A newcomer is never
// refused: the connection that has been without a request for longest gives way, first among those
// of the same address. HTTP's thread; time is an argument.
#pragma once

#include "base/base_address.h"
#include "base/base_list.h"

#include <stdbool.h>
#include <stdint.h>

struct http_client {
    struct base_list link;
    int fd;
    struct base_address address; // who it counts for: of IPv6, the first 64 bits
    uint64_t deadline_us;
    bool begun; // its request, as far as is known: the first line is there
};

struct http_clients {
    struct base_list waiting; // for the whole of a request, longest first
    struct base_list running; // requests being answered, longest first
    unsigned count, max, max_of_address;
};

// The longest time for a request from its first line (or the connection) on, for taking the answer,
// and without a request between two of them.
enum {
    HTTP_REQUEST_US = 5000000,
    HTTP_ANSWER_US = 30000000,
    HTTP_PAUSE_US = 60000000,
};

void http_clients_init(struct http_clients *c, unsigned max, unsigned max_of_address);

// Ends what has to give way to one more connection of `address`.
void http_clients_make_room(struct http_clients *c, const struct base_address *address);

void http_clients_add(struct http_clients *c, struct http_client *client, int fd,
                      const struct base_address *address, uint64_t now_us);
void http_clients_remove(struct http_clients *c,
                         struct http_client *client); // or not there any more

// Its request has begun, is there as a whole, has been answered.
void http_clients_begun(struct http_client *client, uint64_t now_us);
void http_clients_run(struct http_clients *c, struct http_client *client, uint64_t now_us);
void http_clients_done(struct http_clients *c, struct http_client *client, uint64_t now_us);

// Ends those whose time is over; http_clients_deadline(): when to call it again (UINT64_MAX: none).
void http_clients_expire(struct http_clients *c, uint64_t now_us);
uint64_t http_clients_deadline(const struct http_clients *c);
