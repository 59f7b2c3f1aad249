// SPDX-License-Identifier: Apache-2.0
#include "tests/port/http_client.h"
#include "tests/support/tcp_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool http_client_send(struct http_client *c, uint16_t port, const char *request)
{
    int fd = tcp_client_connect("127.0.0.1", port, TCP_CLIENT_MS);
    if (fd < 0)
        return false;
    long size = -1;
    bool sent = tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS);
    shutdown(fd, SHUT_WR);
    if (sent)
        size = tcp_client_recv_all(fd, c->text, sizeof c->text - 1, TCP_CLIENT_MS);
    close(fd);
    if (size < 12 || memcmp(c->text, "HTTP/1.", 7) != 0)
        return false;
    c->text[size] = '\0';
    c->status = (int)strtol(c->text + 9, NULL, 10);
    const char *end = strstr(c->text, "\r\n\r\n");
    c->body = end ? end + 4 : NULL;
    return c->body != NULL;
}

bool http_client_ask(struct http_client *c, uint16_t port, const char *method, const char *path)
{
    char request[512];
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, path);
    return http_client_send(c, port, request);
}

bool http_client_has(const struct http_client *c, const char *line)
{
    char framed[256];
    snprintf(framed, sizeof framed, "\r\n%s\r\n", line);
    const char *found = strstr(c->text, framed);
    return found && found + 2 < c->body;
}
