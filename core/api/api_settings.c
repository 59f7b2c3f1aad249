// SPDX-License-Identifier: Apache-2.0
#include "api/api_settings.h"
#include "api/api_change.h"
#include "api/api_differences.h"
#include "api/api_json.h"
#include "api/api_problem.h"
#include "api/api_query.h"
#include "api/api_verdict.h"

#include "base/base_text.h"

#include <cJSON.h>
#include <string.h>

// --- the document --------------------------------------------------------------------------------

static void add_document(struct api_json *j, const struct settings *s)
{
    size_t size = settings_max_bytes(s->port) + SETTINGS_DEFAULTS_SIZE + 1;
    char *text = cJSON_malloc(size);
    if (!text) {
        j->failed = true;
        return;
    }
    (void)settings_print(s, SETTINGS_ALL, text, size);
    cJSON_Minify(text);
    api_json_raw(j, "settings", text, strlen(text));
    cJSON_free(text);
}

static void add_fixed(struct api_json *j, const struct api_change *change)
{
    const char *key;
    api_json_array(j, "fixed");
    for (unsigned i = 0; change && (key = change->fixed(change->ctx, i)); i++)
        api_differences_pointer(j, NULL, key);
    api_json_array_end(j);
}

static void add_limits(struct api_json *j, const struct settings_port *port)
{
    api_json_object(j, "limits");
    api_json_number(j, "rules", port->max_rules);
    api_json_number(j, "addresses", port->max_addresses);
    api_json_number(j, "devices", port->max_namings);
    api_json_number(j, "document_bytes", settings_max_bytes(port));
    api_json_object_end(j);
}

// FNV-1a: whoever has read another document gets another tag.
static void tag(struct api_response *r)
{
    struct base_text t;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < r->size; i++)
        hash = (hash ^ (uint8_t)r->body[i]) * UINT64_C(0x100000001b3);
    base_text_init(&t, r->etag, sizeof r->etag);
    base_text_char(&t, '"');
    base_text_hex(&t, (uint32_t)(hash >> 32), 8);
    base_text_hex(&t, (uint32_t)hash, 8);
    base_text_char(&t, '"');
}

static struct api_response answer(const struct api_context *ctx)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    add_document(&j, ctx->settings);
    add_fixed(&j, ctx->change);
    api_json_text(&j, "fixed_by", ctx->change ? ctx->change->fixed_by : NULL);
    api_json_bool(&j, "changeable", ctx->change != NULL);
    api_json_bool(&j, "kept", ctx->kept);
    add_limits(&j, ctx->settings->port);
    api_json_object_end(&j);
    struct api_response r = api_answer(200, api_json_end(&j));
    if (r.status == 200)
        tag(&r);
    return r;
}

static struct api_response no_settings(void)
{
    return api_problem(404, "No settings", "This server has none.");
}

struct api_response api_get_settings(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument)
{
    (void)req;
    (void)argument;
    return ctx->settings ? answer(ctx) : no_settings();
}

// --- changes -------------------------------------------------------------------------------------

static size_t blanks(const char *text)
{
    return strspn(text, " \t");
}

// If-Match: a list of tags, of which weak ones never fit (RFC 9110 13.1.1), or all.
static bool matches(const char *list, const char *etag)
{
    size_t n = strlen(etag);
    for (const char *at = list + blanks(list); *at; at += blanks(at)) {
        const char *behind = at + (strncmp(at, etag, n) == 0 ? n : 0);
        behind += at[0] == '*';
        if (behind > at && strchr(",", behind[blanks(behind)]))
            return true;
        at += strcspn(at, ",");
        at += *at == ',';
    }
    return false;
}

// True: go on, the client has seen what there is.
static bool is_fresh(const struct api_context *ctx, const struct api_request *req,
                     struct api_response *r)
{
    const char *list = api_header(req, "If-Match");
    if (!list) {
        *r = api_problem(428, "If-Match is missing",
                         "Send the ETag of the settings that you have read, or * for any.");
        return false;
    }
    struct api_response now = answer(ctx);
    bool fresh = now.status == 200 && matches(list, now.etag);
    if (now.status != 200) {
        *r = now;
        return false;
    }
    api_text_free(now.memory);
    if (!fresh)
        *r = api_problem(412, "The settings have changed",
                         "Somebody was faster. Read them again, and decide anew.");
    return fresh;
}

static bool is_json(const struct api_request *req, struct api_response *r)
{
    static const char *const types[] = {"application/merge-patch+json", "application/json"};
    const char *type = api_header(req, "Content-Type");
    bool known = type == NULL;
    for (unsigned i = 0; i < 2 && !known; i++) {
        size_t n = strlen(types[i]);
        known = strncmp(type, types[i], n) == 0 && strchr("; ", type[n]);
    }
    if (!known)
        *r = api_problem(415, "Not a merge patch", "application/merge-patch+json is taken.");
    else if (!req->body)
        *r = api_problem(400, "The body is missing", "It must be a merge patch (RFC 7396).");
    return known && req->body;
}

static struct api_response tell_ends(const struct api_context *ctx, const struct settings *s)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_verdict_ends(&j, ctx, s);
    api_json_object_end(&j);
    return api_answer(200, api_json_end(&j));
}

static void would(const struct api_context *ctx, const struct api_request *req,
                  struct api_response *r)
{
    struct settings *try = cJSON_malloc(sizeof *try); // the chip's stacks are small
    *r = api_answer(200, NULL);
    if (try && api_change_try(ctx, req->body, req->body_size, try, r)) {
        *r = tell_ends(ctx, try);
        settings_drop(try);
    }
    cJSON_free(try);
}

// --- the route, and its turn ---------------------------------------------------------------------

static bool patch_of(const struct api_context *ctx, const struct api_request *req, char *name,
                     struct api_patch *patch, struct api_response *r)
{
    (void)name;
    *patch = (struct api_patch){req->body, req->body_size, NULL};
    return is_fresh(ctx, req, r);
}

struct api_response api_patch_settings(const struct api_context *ctx, const struct api_request *req,
                                       const char *argument)
{
    static const struct api_changer changer = {.patch = patch_of, .answer = api_get_settings};
    struct api_response r;
    bool dry_run;
    if (!ctx->settings)
        return no_settings();
    if (!api_query_dry_run(req, &dry_run, &r) || !is_json(req, &r))
        return r;
    if (!dry_run)
        return api_change(ctx, req, argument, &changer);
    if (is_fresh(ctx, req, &r))
        would(ctx, req, &r);
    return r;
}
