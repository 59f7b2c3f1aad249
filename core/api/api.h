// SPDX-License-Identifier: Apache-2.0
// HTTP routes of the server, without any HTTP: request in, response out. The port's adapter carries
// them. Loop thread, except for the functions that free: any thread.
#pragma once

#include "base/base_address.h"
#include "server/server.h"
#include "users/users.h"

struct api_context;     // below
struct api_box;         // api_box.h
struct api_certificate; // api_certificate.h
struct api_change;      // api_change.h
struct api_job;         // api_job.h
struct api_simulate;    // api_simulate.h
struct api_live;
struct settings;

enum { API_BODY_MAX = 16384 }; // of a request, or api_body_max(): the adapter refuses longer ones

struct api_request {
    const char *method; // "GET"
    const char *path;   // decoded, without the query; "*" for OPTIONS of the whole server
    const char *query;  // as it came, without the question mark; "" if there is none
    // A header's value, until the next call; NULL: it is not there. Names in any case.
    const char *(*header)(void *ctx, const char *name);
    void *header_ctx;
    const struct base_address *peer; // of the connection; what proxies say is in the headers
    bool secure;                     // TLS
    const void *body;                // NULL if there is none
    size_t body_size;
};

// NULL: it is not there.
static inline const char *api_header(const struct api_request *req, const char *name)
{
    return req->header ? req->header(req->header_ctx, name) : NULL;
}

// --- streams -------------------------------------------------------------------------------------

// A stream is pulled: the adapter has a cursor per connection and asks for what is behind it when
// its socket takes more. Who reads slowly gets the latest state and costs nothing.
enum api_stream_kind {
    API_STREAM_EVENTS, // JSON objects, each with a line end
    API_STREAM_LIVE,   // a JSON document each
};

struct api_stream {
    enum api_stream_kind kind;
    uint64_t event;             // the number of the last event that was given out
    uint64_t version;           // of the last snapshot that was given out; 0: none
    uint64_t told_us;           // when something was last given out
    struct users_identity who;  // it is for, filled in by api_handle()
    uint8_t level;              // enum eventlog_level: this and worse
    uint32_t session;           // this only; 0: all
    char busid[USB_BUSID_SIZE]; // this only; "": all
};

// One message; many connections may share it. Borrowed from api_stream_next() until
// api_message_release() on the loop thread; its bytes may be read by any thread until then.
struct api_message {
    const char *data;
    size_t size;
    unsigned users;
    char *memory; // what the last api_message_release() frees
};

// What comes next, and the cursor moves behind it. NULL: nothing now (or no memory).
struct api_message *api_stream_next(const struct api_context *ctx, struct api_stream *stream);
// Whether whom it is for may still have it; else the adapter ends it.
bool api_stream_may_go_on(const struct api_context *ctx, const struct api_stream *stream);
void api_message_release(struct api_message *m);

// --- responses -----------------------------------------------------------------------------------

enum api_kind {
    API_ANSWER,    // status, headers, body
    API_STREAM,    // status and headers; then `stream` for as long as the client stays
    API_WEBSOCKET, // 101; then `stream`, each message as a text frame
    API_JOB,       // nothing yet: `job` will have the answer
};

enum { API_ETAG_SIZE = 24, API_LOCATION_SIZE = 48 };

struct api_response {
    int status; // HTTP status code
    enum api_kind kind;
    const char *content_type;         // NULL: there is no body
    const char *encoding;             // Content-Encoding, NULL: none
    const char *cache;                // Cache-Control, NULL: "no-store"
    char retry_after[4];              // seconds; "": none
    const char *authenticate;         // WWW-Authenticate, for 401; NULL: none
    const char *cookie;               // Set-Cookie; NULL: none
    char etag[API_ETAG_SIZE];         // with its quotation marks; "": none
    char location[API_LOCATION_SIZE]; // "": none
    char allow[API_LOCATION_SIZE];    // for 405 and OPTIONS; "": none
    const char *body;                 // `size` bytes, until api_response_free()
    size_t size;
    char *memory;            // what that frees; NULL for constant bodies
    const char *disposition; // Content-Disposition; NULL: none
    struct api_stream stream;
    struct api_job *job;
};

// What JSON documents are answered with. Takes `text`; NULL is 503 "out of memory".
struct api_response api_answer(int status, char *text);

// --- what the port gives -------------------------------------------------------------------------

// A file of the page, from web's build. The one with the path "/" answers all pages.
struct api_asset {
    const char *path; // "/assets/app-3f2a.js"
    const char *content_type;
    const char *etag;          // with its quotation marks
    const unsigned char *body; // compressed with gzip
    size_t size;
    bool immutable; // its name changes with its bytes
};

struct api_assets {
    const struct api_asset *list;
    unsigned count;
};

enum { API_POOLS_MAX = 4, API_ADDRESSES_MAX = 8, API_NAME_SIZE = 64 };

#define API_UNKNOWN UINT64_MAX // a figure that the port does not know

struct api_pool {
    const char *name; // "internal"
    uint64_t size, free, least_free;
};

// HTTP answers with that status since the start.
struct api_answers {
    int status;
    uint32_t count;
};

struct api_port_facts {
    const char *port;         // "linux", "esp32p4"
    const char *board;        // NULL: none
    char id[API_NAME_SIZE];   // of the machine, the same for ever; "": unknown
    char name[API_NAME_SIZE]; // host name
    uint16_t usbip_port;
    uint16_t https_port; // 0: there is no HTTPS
    struct base_address addresses[API_ADDRESSES_MAX];
    unsigned address_count;
    const char *address_source; // "dhcp", "static", "link_local"; NULL: unknown
    bool link_up;
    uint64_t link_mbps;
    struct api_pool pools[API_POOLS_MAX];
    unsigned pool_count;
    unsigned live_sockets;             // that GET /api/v1/live serves
    unsigned live_sockets_max;         // and may serve, 0: unknown
    const struct api_answers *answers; // by status, borrowed until the next call
    unsigned answer_count;
};

// Who may change something as long as nobody has claimed the server by a password. NOBODY: it wants
// the set-up first, with the code that its console shows.
enum api_writers { API_WRITERS_LOOPBACK, API_WRITERS_ALL, API_WRITERS_NOBODY };

// What the core does not know by itself. All borrowed.
struct api_context {
    struct usbip_server *server;
    const char *version;
    const char *host_name; // besides addresses, localhost, *.local and the settings'; NULL: none
    enum api_writers writers;
    struct users *users;              // NULL: there are none, and nobody can claim the server
    const char *setup_code;           // claims it as well, from anywhere; NULL: there is none
    const struct users_identity *who; // asks; filled in for each call
    struct api_assets assets;
    void (*port_facts)(void *ctx, struct api_port_facts *facts); // fills in zeros; NULL: none
    void *port_ctx;
    const struct api_simulate *simulate;       // NULL: there are no simulated devices
    const struct settings *settings;           // now; NULL: there are none
    const struct api_certificate *certificate; // NULL: there is no HTTPS
    const struct api_change *change;           // NULL: nothing of them can be changed here
    bool kept;                                 // what is changed is there after a restart
    size_t body_max;                           // of a request, at least API_BODY_MAX; 0: that
    struct api_live *live;                     // for API_STREAM_LIVE; NULL: there is none
    const struct api_box *box;                 // NULL: it cannot begin again by itself
    uint64_t now_us;                           // filled in for each call
};

static inline size_t api_body_max(const struct api_context *ctx)
{
    return ctx->body_max ? ctx->body_max : API_BODY_MAX;
}

// What live updates need between two of them; one for all connections. NULL: no memory. Loop
// thread, and all messages must have been released before the end.
struct api_live *api_live_create(void);
void api_live_destroy(struct api_live *live);

// --- routes --------------------------------------------------------------------------------------

enum api_role {
    API_ANYBODY = USERS_NOTHING, // never needs a login
    API_VIEW = USERS_VIEW,
    API_OPERATE = USERS_OPERATE,
    API_ADMIN = USERS_ADMIN,
};

// `argument` is what stands for {...} in the pattern, "" if there is none.
typedef struct api_response (*api_handler)(const struct api_context *ctx,
                                           const struct api_request *req, const char *argument);

struct api_route {
    const char *method;  // GET serves HEAD too
    const char *pattern; // "/api/v1/devices/{busid}/reset"; at most one {...}, a whole segment
    enum api_role role;
    api_handler handler;
};

// Finds the route and calls it. 404 unknown, 405 with Allow, 401 and 403 not allowed, 421 not by
// this name, OPTIONS answered, 304 if the client has it; errors are problem documents
// (api_problem.h). The adapter leaves the body out for HEAD. `req` is not needed any more, for a
// job either.
struct api_response api_handle(const struct api_context *ctx, const struct api_request *req);
void api_response_free(struct api_response *r);

// One event as a JSON object in one line, NUL-terminated; free with api_text_free(). "uptime_s"
// counts from the start of the run that "boot" tells; "time" (UTC) is there if it is known. NULL:
// no memory.
char *api_event_json(const struct eventlog_event *e);

// What its `busid` and its `peer` are called there: "busid", "user" or "token"; "peer" or "file".
const char *api_event_busid_name(const struct eventlog_event *e);
const char *api_event_peer_name(const struct eventlog_event *e);
void api_text_free(char *text);
