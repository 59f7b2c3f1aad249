// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/http_websocket.h"
#include "api/api_problem.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    KEY_SIZE = 24, // 16 bytes in base64
    SHA1_SIZE = 20,
    ACCEPT_SIZE = 32, // 20 bytes in base64, and NUL
};

struct websocket {
    struct http_websockets *all;
    struct posix_stream stream;
};

void http_websockets_begin(struct http_websockets *all, const struct posix_http *http)
{
    all->loop = http->loop;
    atomic_init(&all->count, 0);
    posix_streams_init(&all->streams, http->loop, &http->api);
}

static void end_all(void *arg)
{
    struct http_websockets *all = arg;
    posix_streams_end(&all->streams);
}

void http_websockets_end(struct http_websockets *all)
{
    if (!posix_loop_call(all->loop, end_all, all))
        end_all(all);
}

// Loop thread, or HTTP's if there was none.
static void on_end(void *ctx)
{
    struct websocket *w = ctx;
    if (w->stream.fd >= 0) {
        shutdown(w->stream.fd, SHUT_RDWR); // the library may still have its own
        close(w->stream.fd);
    }
    atomic_fetch_sub(&w->all->count, 1);
    free(w);
}

static void begin_stream(void *arg)
{
    struct websocket *w = arg;
    posix_stream_begin(&w->all->streams, &w->stream);
}

// The library has sent its answer. It closes its descriptor; the connection lives on in ours.
static void on_upgrade(void *cls, struct MHD_Connection *conn, void *request, const char *extra,
                       size_t extra_size, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
    struct websocket *w = cls;
    (void)conn;
    (void)request;
    (void)extra;
    w->stream.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    (void)MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
    bool good = w->stream.fd >= 0 && extra_size == 0; // no client talks before it is answered
    if (!good || !posix_loop_call(w->all->loop, begin_stream, w))
        on_end(w);
}

// RFC 6455 4.2.2. False: there is no memory.
static bool make_accept(const char *key, char accept[ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_SIZE + sizeof guid];
    uint8_t hash[SHA1_SIZE];
    gnutls_datum_t in = {hash, sizeof hash}, out = {NULL, 0};
    int size = snprintf(text, sizeof text, "%s%s", key, guid);
    if (gnutls_hash_fast(GNUTLS_DIG_SHA1, text, (size_t)size, hash) != 0 ||
        gnutls_base64_encode2(&in, &out) != 0)
        return false;
    bool fits = out.size < ACCEPT_SIZE;
    if (fits) {
        memcpy(accept, out.data, out.size);
        accept[out.size] = '\0';
    }
    gnutls_free(out.data);
    return fits;
}

static struct MHD_Response *make_response(struct websocket *w, const char *accept)
{
    struct MHD_Response *m = MHD_create_response_for_upgrade(on_upgrade, w);
    if (!m)
        return NULL;
    if (MHD_add_response_header(m, "Upgrade", "websocket") == MHD_YES &&
        MHD_add_response_header(m, "Sec-WebSocket-Accept", accept) == MHD_YES)
        return m;
    MHD_destroy_response(m);
    return NULL;
}

static bool refuse(struct api_response *why, const char *detail)
{
    *why = api_problem(503, "No WebSocket", detail);
    return false;
}

static bool queue(struct http_websockets *all, struct MHD_Connection *conn,
                  const struct api_stream *stream, const char *accept)
{
    struct websocket *w = calloc(1, sizeof *w);
    struct MHD_Response *m = w ? make_response(w, accept) : NULL;
    if (!m) {
        free(w);
        return false;
    }
    w->all = all;
    w->stream = (struct posix_stream){
        .fd = -1, .websocket = true, .cursor = *stream, .ended = on_end, .ctx = w};
    atomic_fetch_add(&all->count, 1);
    bool queued = MHD_queue_response(conn, MHD_HTTP_SWITCHING_PROTOCOLS, m) == MHD_YES;
    MHD_destroy_response(m);
    if (!queued)
        on_end(w);
    return queued;
}

bool http_websocket_accept(struct http_websockets *all, struct MHD_Connection *conn,
                           const struct api_stream *stream, struct api_response *why)
{
    char accept[ACCEPT_SIZE];
    const char *key = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Sec-WebSocket-Key");
    if (atomic_load(&all->count) >= HTTP_WEBSOCKETS)
        return refuse(why, "As many WebSockets are open as there may be: close one.");
    if (!make_accept(key, accept) || !queue(all, conn, stream, accept))
        return refuse(why, "The server has no memory for it at the moment. Try again.");
    return true;
}
