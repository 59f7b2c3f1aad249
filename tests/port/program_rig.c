// SPDX-License-Identifier: Apache-2.0
#include "tests/port/program_rig.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct running *program_started(const struct child_start_with *with, const char *const *args)
{
    struct running *r = calloc(1, sizeof *r);
    if (with)
        r->child.with = *with;
    child_start(&r->child, args);
    r->port = child_port(&r->child, "usbip: listening on 127.0.0.1:");
    r->http_port = child_port(&r->child, "http: listening on 127.0.0.1:");
    return r;
}

void program_await_ports(struct running *r)
{
    const char *line;
    while (strncmp(line = child_line(&r->child), "usbip: listening on ", 20) != 0)
        CHECK(strncmp(line, "usbip: exports ", 15) == 0);
    r->port = (uint16_t)strtoul(strrchr(line, ':') + 1, NULL, 10);
    r->http_port = child_port(&r->child, "http: listening on 127.0.0.1:");
}

int program_connect(uint16_t port)
{
    int fd = tcp_client_connect("127.0.0.1", port, TCP_CLIENT_MS);
    CHECK(fd >= 0);
    return fd;
}

unsigned program_end(struct running *r)
{
    unsigned devices = 0;
    CHECK_EQ(kill(r->child.pid, SIGTERM), 0);
    child_rest(&r->child, r->child.out);
    for (char *line = strtok(r->child.text, "\n"); line; line = strtok(NULL, "\n"), devices++)
        CHECK(strncmp(line, "usbip: exports 1-", 17) == 0);
    CHECK_EQ(child_wait(&r->child), 0);
    free(r);
    return devices;
}
