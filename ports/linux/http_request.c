// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/http_request.h"
#include "ports/linux/http_tls.h"
#include "ports/posix/posix_http_target.h"
#include "ports/posix/posix_socket.h"
#include "ports/posix/posix_time.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

struct request {
    char path[POSIX_HTTP_PATH_SIZE];
    char *query;
    int refusal;     // status of what cannot be served; 0: it can
    const char *end; // of the target, in the library's memory
    bool has_head, is_1_0;
    char *body; // NULL: none
    size_t size, room;
    struct http_job job;
};

static struct http_client *client_of(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return i ? i->socket_context : NULL;
}

void *http_request_begin(void *cls, const char *target, struct MHD_Connection *conn)
{
    struct request *r = calloc(1, sizeof *r);
    struct http_client *client = client_of(conn);
    const char *query = "";
    (void)cls;
    if (client)
        http_clients_begun(client, posix_now_us());
    if (!r)
        return NULL;
    r->end = target + strlen(target);
    r->refusal = posix_http_target(target, r->path, &query);
    if (r->end - target > HTTP_TARGET_SIZE)
        r->refusal = 414;
    r->query = strdup(r->refusal ? "" : query);
    return r;
}

// There may have been passwords in it, or a key.
static void free_body(struct request *r)
{
    if (r->body)
        explicit_bzero(r->body, r->size);
    free(r->body);
}

// The library has not noticed a FIN that came with the request.
static void close_if_ended(const struct http_client *client)
{
    char byte;
    if (recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
        shutdown(client->fd, SHUT_RDWR);
}

void http_request_end(void *cls, struct MHD_Connection *conn, void **request,
                      enum MHD_RequestTerminationCode why)
{
    const struct http_requests *all = cls;
    struct request *r = *request;
    struct http_client *client = client_of(conn);
    (void)why;
    if (client) {
        http_clients_done(all->clients, client, posix_now_us());
        close_if_ended(client);
    }
    if (!r)
        return;
    free(r->query);
    free_body(r);
    api_response_free(&r->job.answer); // the connection was lost meanwhile
    free(r);
    *request = NULL;
}

// --- answering -----------------------------------------------------------------------------------

static void release_body(void *memory)
{
    struct api_response a = {.memory = memory};
    api_response_free(&a);
}

// Takes the answer's memory.
static struct MHD_Response *response_of(struct api_response *a)
{
    if (!a->memory)
        return MHD_create_response_from_buffer(a->size, (void *)(uintptr_t)a->body,
                                               MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *m =
        MHD_create_response_from_buffer_with_free_callback(a->size, a->memory, release_body);
    if (!m)
        api_response_free(a);
    return m;
}

// With the answer's status and headers. MHD_NO: the connection is closed, there is no memory.
static enum MHD_Result queue(const struct http_requests *all, struct MHD_Connection *conn,
                             struct MHD_Response *m, const struct api_response *a)
{
    struct posix_http_header headers[POSIX_HTTP_HEADERS];
    unsigned count = posix_http_headers(a, headers);
    if (!m)
        return MHD_NO;
    posix_http_count(all->counts, a->status);
    for (unsigned i = 0; i < count; i++)
        (void)MHD_add_response_header(m, headers[i].name, headers[i].value);
    if (a->content_type)
        (void)MHD_add_response_header(m, "Content-Type", a->content_type);
    enum MHD_Result queued = MHD_queue_response(conn, (unsigned)a->status, m);
    MHD_destroy_response(m);
    return queued;
}

// Takes the answer.
static enum MHD_Result send_answer(const struct http_requests *all, struct MHD_Connection *conn,
                                   struct api_response *a)
{
    return queue(all, conn, response_of(a), a);
}

static enum MHD_Result refuse(const struct http_requests *all, struct MHD_Connection *conn,
                              int status)
{
    struct api_response a = posix_http_refusal(all->http, status);
    return send_answer(all, conn, &a);
}

static enum MHD_Result begin_lines(const struct http_requests *all, struct MHD_Connection *conn,
                                   struct api_response *a)
{
    struct http_client *client = client_of(conn);
    struct api_response why;
    struct MHD_Response *m = http_lines_open(all->lines, conn, client, &a->stream, &why);
    if (!m)
        return send_answer(all, conn, &why);
    http_clients_remove(all->clients, client); // streams count apart
    return queue(all, conn, m, a);
}

static enum MHD_Result begin_websocket(const struct http_requests *all, struct MHD_Connection *conn,
                                       const struct api_response *a)
{
    struct http_client *client = client_of(conn);
    struct api_response why;
    if (!http_websocket_accept(all->websockets, conn, &a->stream, &why))
        return send_answer(all, conn, &why);
    posix_http_count(all->counts, 101);
    if (client)
        http_clients_remove(all->clients, client);
    return MHD_YES;
}

// HTTP/1.0 has no Upgrade, and who sends one is not to be taken at his word (RFC 9110 7.8).
static const char *header(void *ctx, const char *name)
{
    const struct request *r = ctx;
    if (r->is_1_0 && strcasecmp(name, "Upgrade") == 0)
        return NULL;
    return MHD_lookup_connection_value(r->job.conn, MHD_HEADER_KIND, name);
}

static struct base_address peer_of(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return i ? posix_peer((const void *)i->client_addr).address : (struct base_address){0};
}

static bool is_secure(struct MHD_Connection *conn)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    return i && http_tls_is(i->connect_fd);
}

// Asks the routes. The answer has come then, or will (API_JOB).
static struct api_response ask(const struct http_requests *all, struct MHD_Connection *conn,
                               const char *method, struct request *r)
{
    const struct base_address peer = peer_of(conn);
    const struct api_request question = {
        .method = method,
        .path = r->path,
        .query = r->query,
        .header = header,
        .header_ctx = r,
        .peer = &peer,
        .secure = is_secure(conn),
        .body = r->body,
        .body_size = r->size,
    };
    http_job_begin(&r->job, all->jobs, conn);
    return posix_http_ask(all->http, &question, &r->job.waiting);
}

// The answer that there is, which is its taker's.
static struct api_response take_answer(struct request *r)
{
    struct api_response a = r->job.answer;
    r->job.answer = (struct api_response){.status = 0};
    return a;
}

static enum MHD_Result answer(const struct http_requests *all, struct MHD_Connection *conn,
                              const char *method, struct request *r)
{
    struct http_client *client = client_of(conn);
    if (client)
        http_clients_run(all->clients, client, posix_now_us());
    if (r->refusal)
        return refuse(all, conn, r->refusal);
    struct api_response a = r->job.has_answer ? take_answer(r) : ask(all, conn, method, r);
    switch (a.kind) {
    case API_STREAM:
        return begin_lines(all, conn, &a);
    case API_WEBSOCKET:
        return begin_websocket(all, conn, &a);
    case API_JOB:
        MHD_suspend_connection(conn); // until http_jobs_turn()
        return MHD_YES;
    default:
        return send_answer(all, conn, &a);
    }
}

// --- what the library does not look at -----------------------------------------------------------

struct head {
    size_t size;
    unsigned hosts, lengths, codings;
    bool chunked, bad;
};

static bool is_name(const char *name, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$%&'*+-.^_`|~"; // RFC 9110 5.6.2
    return size > 0 && strspn(name, letters) == size;
}

static enum MHD_Result look(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
                            const char *value, size_t size)
{
    struct head *h = cls;
    (void)kind;
    if (!value)
        value = "";
    h->size += name_size + size;
    h->bad |= !is_name(name, name_size) || strlen(value) != size;
    h->hosts += strcasecmp(name, "Host") == 0;
    if (strcasecmp(name, "Content-Length") == 0) {
        h->lengths++;
        h->bad |= size == 0 || strspn(value, "0123456789") != size;
    }
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        h->codings++;
        h->chunked = strcasecmp(value, "chunked") == 0;
    }
    return MHD_YES;
}

// Two lengths, or a length and chunks, are how requests are smuggled past a proxy. *read: the body
// can be read to its end, so that the client sees the answer.
static int judge(struct MHD_Connection *conn, const char *version, bool *read)
{
    struct head h = {0};
    bool is_1_1 = strcmp(version, "HTTP/1.1") == 0;
    *read = false;
    if (!is_1_1 && strcmp(version, "HTTP/1.0") != 0)
        return 505;
    MHD_get_connection_values_n(conn, MHD_HEADER_KIND, look, &h);
    if (h.bad || h.hosts > 1 || (is_1_1 && h.hosts == 0) || h.lengths + h.codings > 1)
        return 400;
    *read = h.codings == 0 || h.chunked;
    if (h.size > HTTP_HEADERS_SIZE)
        return 431;
    if (h.codings && !is_1_1)
        return 400; // RFC 9112 6.1: nobody knows where it ends
    return h.codings && !h.chunked ? 411 : 0;
}

// The library takes the target for a string and finds the version from the line's end: the two are
// further apart than a space if a NUL has cut the target.
static bool is_cut(const struct request *r, const char *version)
{
    uintptr_t end = (uintptr_t)r->end, next = (uintptr_t)version;
    return next > end + 1 && next < end + HTTP_HEAD_SIZE;
}

static bool is_too_long(struct MHD_Connection *conn, size_t most)
{
    const char *length = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Content-Length");
    return length && strtoull(length, NULL, 10) > most;
}

// False: answer now, a body is not read.
static bool take_head(struct request *r, struct MHD_Connection *conn, const char *version,
                      size_t most)
{
    bool read;
    int refusal = judge(conn, version, &read);
    if (refusal == 0 && is_cut(r, version))
        refusal = 400;
    if (refusal == 0 && is_too_long(conn, most))
        refusal = 413;
    r->has_head = true;
    r->is_1_0 = strcmp(version, "HTTP/1.0") == 0;
    r->refusal = refusal ? refusal : r->refusal;
    // Who waits for a go-ahead need not send what is refused.
    return read && !(r->refusal && MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Expect"));
}

// Most bodies are short.
static bool make_room(struct request *r, size_t most, size_t size)
{
    size_t room = most > API_BODY_MAX && r->size + size > API_BODY_MAX ? most : API_BODY_MAX;
    if (r->body && r->room >= room)
        return true;
    char *body = malloc(room);
    if (!body)
        return false;
    if (r->body)
        memcpy(body, r->body, r->size);
    free_body(r);
    r->body = body;
    r->room = room;
    return true;
}

// A body that is too long is read to its end, within the time that a request has: a client that
// gets a reset while it sends does not see the answer.
static void take_body(struct request *r, size_t most, const char *data, size_t size)
{
    if (r->refusal == 0)
        r->refusal = size > most - r->size ? 413 : !make_room(r, most, size) ? 503 : 0;
    if (r->refusal)
        return;
    memcpy(r->body + r->size, data, size);
    r->size += size;
}

// NOLINTNEXTLINE(readability-function-size): the library decides about the parameters
enum MHD_Result http_request_go_on(void *cls, struct MHD_Connection *conn, const char *target,
                                   const char *method, const char *version, const char *data,
                                   size_t *size, void **request)
{
    const struct http_requests *all = cls;
    struct request *r = *request;
    (void)target;
    if (!r || !r->query)
        return refuse(all, conn, 503);
    if (!r->has_head)
        return take_head(r, conn, version, api_body_max(&all->http->api))
                   ? MHD_YES
                   : answer(cls, conn, method, r);
    if (*size == 0)
        return answer(cls, conn, method, r);
    take_body(r, api_body_max(&all->http->api), data, *size);
    *size = 0;
    return MHD_YES;
}
