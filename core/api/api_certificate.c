// SPDX-License-Identifier: Apache-2.0
#include "api/api_certificate.h"
#include "api/api_body.h"
#include "api/api_job.h"
#include "api/api_json.h"
#include "api/api_problem.h"
#include "api/api_who.h"

#include "base/base_text.h"

#include <string.h>

enum { US_PER_S = 1000000 };

static struct api_response none(void)
{
    return api_problem(404, "There is no certificate",
                       "HTTPS is off. On Linux the option --https-port switches it on; if "
                       "it could not, the log says why.");
}

static void add_names(struct api_json *j, const char *names)
{
    char name[API_CERTIFICATE_TEXT];
    api_json_array(j, "names");
    for (size_t n; *names; names += n + (names[n] == '\n')) {
        n = strcspn(names, "\n");
        size_t size = n < sizeof name ? n : sizeof name - 1;
        memcpy(name, names, size);
        name[size] = '\0';
        api_json_text(j, NULL, name);
    }
    api_json_array_end(j);
}

static struct api_response shown(const struct api_certificate *c)
{
    struct api_certificate_facts *facts = cJSON_malloc(sizeof *facts);
    struct api_json j;
    if (!facts)
        return api_answer(200, NULL);
    memset(facts, 0, sizeof *facts);
    c->get(c->ctx, facts);
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_text(&j, "subject", facts->subject);
    add_names(&j, facts->names);
    api_json_utc(&j, "not_before", facts->not_before_s * US_PER_S);
    api_json_utc(&j, "not_after", facts->not_after_s * US_PER_S);
    api_json_text(&j, "sha256", facts->sha256);
    api_json_bool(&j, "self_made", facts->self_made);
    api_json_object_end(&j);
    cJSON_free(facts);
    return api_answer(200, api_json_end(&j));
}

struct api_response api_get_certificate(const struct api_context *ctx,
                                        const struct api_request *req, const char *argument)
{
    (void)req;
    (void)argument;
    return ctx->certificate ? shown(ctx->certificate) : none();
}

// --- another one ---------------------------------------------------------------------------------

struct certificate_job {
    struct api_job job; // the first
    const struct api_certificate *port;
    struct users_identity who;
    struct base_address peer;
    bool allowed;
    cJSON *body;
    const char *certificate, *key; // in the body
    enum api_certificate_result result;
    char why[API_CERTIFICATE_WHY];
};

static struct certificate_job *job_of(struct api_job *job)
{
    return (struct certificate_job *)job; // its first member
}

static bool begin(struct api_job *job, const struct api_context *ctx)
{
    struct certificate_job *c = job_of(job);
    c->allowed = api_who_is_still(ctx, &c->who);
    return c->allowed;
}

static void run(struct api_job *job)
{
    struct certificate_job *c = job_of(job);
    c->result = c->port->put(c->port->ctx, c->certificate, c->key, c->why);
}

static struct api_response refused(const struct certificate_job *c)
{
    switch (c->result) {
    case API_CERTIFICATE_WRONG:
        return api_body_wrong("certificate", c->why);
    case API_CERTIFICATE_WRONG_KEY:
        return api_body_wrong("key", c->why);
    case API_CERTIFICATE_FIXED:
        return api_problem(409, "The certificate cannot be changed here", c->why);
    default:
        return api_problem(503, "Nothing has changed", c->why);
    }
}

static void record(const struct certificate_job *c, const struct api_context *ctx)
{
    struct eventlog_event e = {.time_us = ctx->now_us, .what = EVENTLOG(certificate_changed)};
    struct base_text t;
    base_text_init(&t, e.peer, sizeof e.peer);
    api_who_text(ctx, &c->peer, &t);
    eventlog_record(server_eventlog(ctx->server), &e);
}

static struct api_response finish(struct api_job *job, const struct api_context *given)
{
    const struct certificate_job *c = job_of(job);
    struct api_context ctx = *given;
    ctx.who = &c->who;
    if (!c->allowed)
        return api_problem(403, "Not allowed", "You were logged out meanwhile.");
    if (c->result != API_CERTIFICATE_OK)
        return refused(c);
    record(c, &ctx);
    return shown(c->port);
}

// What the server itself has had of the key does not go to who gets that memory next: the port
// does the same with the body. Buffers of libraries are theirs.
static void free_job(struct api_job *job)
{
    struct certificate_job *c = job_of(job);
    cJSON *key = cJSON_GetObjectItemCaseSensitive(c->body, "key");
    if (cJSON_IsString(key))
        users_crypto_wipe(key->valuestring, strlen(key->valuestring));
    cJSON_Delete(c->body);
    cJSON_free(c);
}

// NULL: *r says what is wrong with it.
static const char *take(const cJSON *body, const char *name, struct api_response *r)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));
    bool too_long = text && strlen(text) > API_CERTIFICATE_MAX;
    if (!text)
        *r = api_body_wrong(name, "It must be there, and be a text in PEM.");
    else if (too_long)
        *r = api_body_wrong(name, "It is longer than 65536 bytes.");
    return too_long ? NULL : text;
}

static bool take_all(struct certificate_job *c, const struct api_request *req,
                     struct api_response *r)
{
    static const char *const names[] = {"certificate", "key", NULL};
    c->body = api_body_object(req, r);
    if (!c->body || !api_body_only(c->body, names, r))
        return false;
    c->certificate = take(c->body, "certificate", r);
    if (c->certificate)
        c->key = take(c->body, "key", r);
    return c->certificate && c->key;
}

// Over a wire that others can read it would be theirs as well.
static bool is_private(const struct api_request *req)
{
    return req->secure || (req->peer && base_address_is_loopback(req->peer));
}

struct api_response api_put_certificate(const struct api_context *ctx,
                                        const struct api_request *req, const char *argument)
{
    struct api_response r = api_answer(200, NULL);
    (void)argument;
    if (!ctx->certificate)
        return none();
    if (!is_private(req))
        return api_problem(409, "The key would be in plain sight",
                           "Send it over HTTPS, or from this machine itself.");
    struct certificate_job *c = cJSON_malloc(sizeof *c);
    if (!c)
        return r;
    memset(c, 0, sizeof *c);
    c->job = (struct api_job){begin, run, finish, free_job, ctx->who->kind == USERS_NOBODY};
    c->port = ctx->certificate;
    c->who = *ctx->who;
    if (req->peer)
        c->peer = *req->peer;
    if (take_all(c, req, &r))
        return api_job_response(&c->job);
    free_job(&c->job);
    return r;
}
