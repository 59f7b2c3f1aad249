// SPDX-License-Identifier: Apache-2.0
// HTTP on real sockets inside the test, with a server, a simulated device (1-3, gadget zero) and
// the socket loop behind it.
#pragma once

#include "ports/linux/http_mhd.h"
#include "tests/port/http_client.h"
#include "tests/port/port_rig.h"

struct http_rig {
    struct port_rig port;
    struct log log;
    struct http_config config;
    struct http_server *http;
    struct api_live *live;
    uint16_t http_port;
    struct http_client client;
};

struct http_rig *http_rig_begin(void);
void http_rig_end(struct http_rig *r);

// Sends it, and checks the status of the answer, which is in r->client.
void http_rig_ask(struct http_rig *r, const char *method, const char *path, int status);
void http_rig_send(struct http_rig *r, const char *request, int status);

// A connection to it over IPv4; to be closed.
int http_rig_connect(const struct http_rig *r);
