// SPDX-License-Identifier: Apache-2.0
// Any bytes as requests to the HTTP routes, one after the other, with a NUL between two:
//     METHOD target
//     Header: value
//     (an empty line)
//     body
#include "api/api.h"
#include "fuzz/fuzz.h"
#include "fuzz/fuzz_world.h"
#include "ports/posix/posix_http_target.h"
#include "sim/set/sim_set.h"
#include "tests/support/settings_rig.h"

#include <cJSON.h>
#include <string.h>
#include <strings.h>

enum { HEADERS = 8, REQUESTS_MAX = 24, MESSAGES = 3, BETWEEN_US = 600000 };

struct place {
    struct fuzz_world world;
    struct api_context ctx;
    struct api_simulate simulate;
    struct settings settings;
};

// One request, cut out of its text.
struct form {
    char path[POSIX_HTTP_PATH_SIZE];
    const char *names[HEADERS], *values[HEADERS];
    struct api_request request;
};

static const char *header(void *ctx, const char *name)
{
    const struct form *f = ctx;
    for (unsigned i = 0; i < HEADERS && f->names[i]; i++)
        if (strcasecmp(f->names[i], name) == 0)
            return f->values[i];
    return NULL;
}

// Ends the text at the first `end` and returns what is behind it: "" if there is none.
static char *cut(char *text, const char *end)
{
    char *at = strstr(text, end);
    if (!at)
        return text + strlen(text);
    *at = '\0';
    return at + strlen(end);
}

// False: no port would let it pass.
static bool read_form(struct form *f, char *text)
{
    static const struct base_address here = {.bytes = {127, 0, 0, 1}, .bits = 32};
    const char *query;
    char *body = cut(text, "\n\n"), *lines = cut(text, "\n"), *target = cut(text, " ");
    if (posix_http_target(target, f->path, &query) != 0 || strlen(body) > API_BODY_MAX)
        return false;
    for (unsigned i = 0; i < HEADERS && *lines; i++) {
        char *line = lines;
        lines = cut(line, "\n");
        f->values[i] = cut(line, ": ");
        f->names[i] = line;
    }
    f->request = (struct api_request){
        .method = text,
        .path = f->path,
        .query = query,
        .header = header,
        .header_ctx = f,
        .peer = &here,
        .body = *body ? body : NULL,
        .body_size = strlen(body),
    };
    return true;
}

// --- what an answer has to be --------------------------------------------------------------------

static void require_json(const char *text, size_t size)
{
    const char *end = text;
    cJSON *o = cJSON_ParseWithLengthOpts(text, size, &end, false);
    fuzz_require(o && cJSON_IsObject(o));
    end += end < text + size && *end == '\n';
    fuzz_require(end == text + size);
    cJSON_Delete(o);
}

static void require_problem(const struct api_response *r)
{
    fuzz_require(r->kind == API_ANSWER && r->content_type);
    fuzz_require(strcmp(r->content_type, "application/problem+json") == 0);
    cJSON *o = cJSON_ParseWithLength(r->body, r->size);
    fuzz_require(cJSON_GetNumberValue(cJSON_GetObjectItem(o, "status")) == r->status);
    fuzz_require(cJSON_IsString(cJSON_GetObjectItem(o, "detail")));
    cJSON_Delete(o);
    fuzz_require((r->status == 405) == (r->allow[0] != '\0'));
}

static void require_lines(const char *text, size_t size)
{
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        fuzz_require(end != NULL);
        require_json(text, (size_t)(end + 1 - text));
        size -= (size_t)(end + 1 - text);
        text = end + 1;
    }
}

static void require_stream(struct api_context *ctx, const struct api_response *r)
{
    struct api_stream cursor = r->stream;
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct api_message *m = api_stream_next(ctx, &cursor);
        if (!m)
            return;
        fuzz_require(m->size > 0);
        if (cursor.kind == API_STREAM_EVENTS)
            require_lines(m->data, m->size);
        else
            require_json(m->data, m->size);
        api_message_release(m);
    }
}

static void require_answer(struct api_context *ctx, const struct api_response *r)
{
    fuzz_require(r->status == 101 || (r->status >= 200 && r->status < 600 && r->status != 500));
    if (r->status >= 400)
        require_problem(r);
    else if (r->kind != API_ANSWER)
        require_stream(ctx, r);
    else if (r->content_type && strcmp(r->content_type, "application/json") == 0)
        require_json(r->body, r->size);
    fuzz_require((r->size == 0 || r->body) && strlen(r->etag) < sizeof r->etag);
}

// --- the server ----------------------------------------------------------------------------------

static struct api_response devices_of(const struct api_context *ctx)
{
    const struct api_request q = {.method = "GET", .path = "/api/v1/devices", .query = ""};
    struct api_response r = api_handle(ctx, &q);
    fuzz_require(r.status == 200);
    return r;
}

// What is refused changes nothing.
static void ask(struct place *p, char *text)
{
    struct form f = {0};
    if (!read_form(&f, text))
        return;
    p->ctx.now_us = p->world.now_us;
    struct api_response before = devices_of(&p->ctx);
    struct api_response r = api_handle(&p->ctx, &f.request);
    struct api_response after = devices_of(&p->ctx);
    require_answer(&p->ctx, &r);
    if (r.status >= 400 || strcmp(f.request.method, "GET") == 0)
        fuzz_require(before.size == after.size && memcmp(before.body, after.body, after.size) == 0);
    api_response_free(&before);
    api_response_free(&r);
    api_response_free(&after);
    fuzz_world_settle(&p->world);
    p->world.now_us += BETWEEN_US;
}

static void start(struct place *p)
{
    p->world.now_us = 1000000;
    fuzz_world_start(&p->world);
    fuzz_world_settle(&p->world);
    fuzz_world_connect(&p->world, &p->world.peers[0]);
    sim_set_simulate(&p->simulate, p->world.bus);
    p->settings = settings_rig();
    p->ctx = (struct api_context){
        .server = p->world.server,
        .version = "1.2.3",
        .host_name = "bench-3",
        .simulate = &p->simulate,
        .settings = &p->settings,
        .live = api_live_create(),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct place p; // too large for the stack
    memset(&p, 0, sizeof p);
    start(&p);
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    for (size_t at = 0, n = 0; at < size && n < REQUESTS_MAX; n++) {
        size_t length = strlen(text + at);
        ask(&p, text + at);
        at += length + 1;
    }
    free(text);
    api_live_destroy(p.ctx.live);
    settings_drop(&p.settings);
    fuzz_world_end(&p.world);
    return 0;
}
