// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/http_clients.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

void http_clients_init(struct http_clients *c, unsigned max, unsigned max_of_address)
{
    *c = (struct http_clients){.max = max, .max_of_address = max_of_address};
    base_list_init(&c->waiting);
    base_list_init(&c->running);
}

void http_clients_remove(struct http_clients *c, struct http_client *client)
{
    if (base_list_empty(&client->link))
        return;
    base_list_remove(&client->link);
    c->count--;
}

// Its owner finds the end of the connection and closes it.
static void end(struct http_clients *c, struct http_client *client)
{
    http_clients_remove(c, client);
    shutdown(client->fd, SHUT_RDWR);
}

// One machine may have all addresses of an IPv6 network.
static struct base_address who(const struct base_address *address)
{
    struct base_address a = *address;
    if (a.bits == 128)
        memset(a.bytes + 8, 0, 8);
    return a;
}

// The first of `address`, or of all if that is NULL.
static struct http_client *first_of(struct base_list *list, const struct base_address *address)
{
    BASE_LIST_FOR_EACH (struct http_client, client, list, link)
        if (!address || base_address_equal(&client->address, address))
            return client;
    return NULL;
}

static void end_first(struct http_clients *c, const struct base_address *address)
{
    struct http_client *client = first_of(&c->waiting, address);
    if (!client)
        client = first_of(&c->running, address);
    if (client)
        end(c, client);
}

static unsigned count_of(struct base_list *list, const struct base_address *address)
{
    unsigned n = 0;
    BASE_LIST_FOR_EACH (const struct http_client, client, list, link)
        n += base_address_equal(&client->address, address);
    return n;
}

void http_clients_make_room(struct http_clients *c, const struct base_address *address)
{
    const struct base_address a = who(address);
    if (count_of(&c->waiting, &a) + count_of(&c->running, &a) >= c->max_of_address)
        end_first(c, &a);
    if (c->count >= c->max)
        end_first(c, NULL);
}

void http_clients_add(struct http_clients *c, struct http_client *client, int fd,
                      const struct base_address *address, uint64_t now_us)
{
    *client = (struct http_client){
        .fd = fd, .address = who(address), .deadline_us = now_us + HTTP_REQUEST_US};
    base_list_append(&c->waiting, &client->link);
    c->count++;
}

void http_clients_begun(struct http_client *client, uint64_t now_us)
{
    client->begun = true;
    if (client->deadline_us > now_us + HTTP_REQUEST_US)
        client->deadline_us = now_us + HTTP_REQUEST_US;
}

// What was told to end stays off the lists.
static void move(struct base_list *list, struct http_client *client, uint64_t deadline_us)
{
    if (base_list_empty(&client->link))
        return;
    base_list_remove(&client->link);
    base_list_append(list, &client->link);
    client->deadline_us = deadline_us;
}

void http_clients_run(struct http_clients *c, struct http_client *client, uint64_t now_us)
{
    move(&c->running, client, now_us + HTTP_ANSWER_US);
}

void http_clients_done(struct http_clients *c, struct http_client *client, uint64_t now_us)
{
    client->begun = false;
    move(&c->waiting, client, now_us + HTTP_PAUSE_US);
}

static void say_why(const struct http_client *client)
{
    static const char body[] =
        "{\"type\":\"about:blank\",\"title\":\"Request Timeout\",\"status\":408,"
        "\"detail\":\"The request has taken longer than 5 s to come.\"}";
    char answer[400];
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 408 Request Timeout\r\n"
                     "Content-Type: application/problem+json\r\n"
                     "Content-Length: %zu\r\n"
                     "Connection: close\r\n\r\n%s",
                     sizeof body - 1, body);
    if (client->begun)
        (void)send(client->fd, answer, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void http_clients_expire(struct http_clients *c, uint64_t now_us)
{
    BASE_LIST_FOR_EACH (struct http_client, w, &c->waiting, link) {
        if (w->deadline_us > now_us)
            continue;
        say_why(w);
        end(c, w);
    }
    BASE_LIST_FOR_EACH (struct http_client, r, &c->running, link)
        if (r->deadline_us <= now_us)
            end(c, r);
}

uint64_t http_clients_deadline(const struct http_clients *c)
{
    uint64_t first = UINT64_MAX;
    BASE_LIST_FOR_EACH (const struct http_client, w, &c->waiting, link)
        first = w->deadline_us < first ? w->deadline_us : first;
    BASE_LIST_FOR_EACH (const struct http_client, r, &c->running, link)
        first = r->deadline_us < first ? r->deadline_us : first;
    return first;
}
