// SPDX-License-Identifier: Apache-2.0
#include "api/api_lease.h"
#include "api/api_body.h"
#include "api/api_problem.h"
#include "api/api_who.h"
#include "api/api_wrong.h"

#include "base/base_utc.h"
#include "server/server_lease.h"
#include "settings/settings_member.h"

#include <string.h>

#define S_IN_US 1e6

static const char how_long[] = "1 s to 31 days from now are wanted";

// 0: not known.
static uint64_t unix_of(const struct api_context *ctx, uint64_t time_us)
{
    return eventlog_unix_us(server_eventlog(ctx->server), time_us);
}

void api_lease(struct api_json *j, const struct api_context *ctx, const char *busid)
{
    const struct server_lease *l = server_lease(ctx->server, busid, ctx->now_us);
    char addresses[BASE_BLOCK_TEXT_SIZE];
    struct base_text t;
    if (!l) {
        api_json_null(j, "lease");
        return;
    }
    base_text_init(&t, addresses, sizeof addresses);
    base_block_text(&l->addresses, &t);
    api_json_object(j, "lease");
    api_json_text(j, "owner", l->owner);
    api_json_text(j, "reason", l->reason);
    api_json_text(j, "address", addresses);
    api_json_text(j, "maker", j->steady || api_who_sees_users(ctx) ? l->maker : NULL);
    api_json_utc(j, "until", unix_of(ctx, l->until_us));
    api_json_age(j, "left_s", l->until_us - ctx->now_us);
    api_json_object_end(j);
}

// --- who asks, and for what ----------------------------------------------------------------------

struct asking {
    struct server_lease lease;
    struct api_wrong wrong;
    char by[EVENTLOG_PEER_SIZE]; // for the event
};

// A kind, and who of that kind. A token is known by its ID: the next one of its name is another.
static void identify_maker(const struct api_context *ctx, const struct api_request *req,
                           struct base_text *t)
{
    bool is_user = ctx->who && ctx->who->kind == USERS_BY_SESSION;
    if (ctx->who && ctx->who->kind == USERS_BY_TOKEN) {
        base_text_str(t, "token ");
        base_text_str(t, ctx->who->token);
        return;
    }
    base_text_str(t, is_user ? "user " : "address ");
    if (is_user)
        base_text_str(t, users_name(ctx->users, ctx->who, ctx->now_us));
    else if (req->peer)
        base_address_text(req->peer, t);
}

// For people.
static void name_maker(const struct api_context *ctx, const struct api_request *req,
                       struct base_text *t)
{
    if (!ctx->who || ctx->who->kind == USERS_NOBODY) {
        if (req->peer)
            base_address_text(req->peer, t);
        return;
    }
    if (ctx->who->kind == USERS_BY_TOKEN)
        base_text_str(t, "token ");
    base_text_str(t, users_name(ctx->users, ctx->who, ctx->now_us));
}

static struct asking *begin(const struct api_context *ctx, const struct api_request *req,
                            const char *name)
{
    struct asking *a = cJSON_malloc(sizeof *a); // the chip's stacks are small
    struct base_text t;
    if (!a)
        return NULL;
    memset(a, 0, sizeof *a);
    (void)base_text_copy(a->lease.busid, sizeof a->lease.busid, server_busid(ctx->server, name));
    base_text_init(&t, a->lease.maker, sizeof a->lease.maker);
    name_maker(ctx, req, &t);
    base_text_init(&t, a->lease.identity, sizeof a->lease.identity);
    identify_maker(ctx, req, &t);
    base_text_init(&t, a->by, sizeof a->by);
    api_who_text(ctx, req->peer, &t);
    return a;
}

// --- the body ------------------------------------------------------------------------------------

static void take_texts(struct asking *a, const cJSON *body, struct settings_errors *e)
{
    const struct settings_place at_owner = {.name = "owner"}, at_reason = {.name = "reason"};
    const cJSON *owner = cJSON_GetObjectItemCaseSensitive(body, "owner");
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(body, "reason");
    struct server_lease *l = &a->lease;
    (void)base_text_copy(l->owner, sizeof l->owner,
                         settings_member_text(owner, sizeof l->owner, false, &at_owner, e));
    if (reason)
        (void)base_text_copy(l->reason, sizeof l->reason,
                             settings_member_text(reason, sizeof l->reason, true, &at_reason, e));
}

static void take_addresses(struct asking *a, const struct api_request *req, const cJSON *body,
                           struct settings_errors *e)
{
    const struct settings_place at = {.name = "address"};
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, "address");
    if (!item && req->peer)
        a->lease.addresses = (struct base_block){*req->peer, req->peer->bits};
    else
        (void)settings_member_block(item, &a->lease.addresses, &at, e);
}

static void take_seconds(struct asking *a, const struct api_context *ctx, const cJSON *item,
                         struct settings_errors *e)
{
    const struct settings_place at = {.name = "for_s"};
    double us = cJSON_IsNumber(item) ? item->valuedouble * S_IN_US : 0;
    if (us >= (double)SERVER_LEASE_MIN_US && us <= (double)SERVER_LEASE_MAX_US)
        a->lease.until_us = ctx->now_us + (uint64_t)us;
    else
        (void)settings_error_add(e, &at, how_long);
}

static void take_until(struct asking *a, const struct api_context *ctx, const cJSON *item,
                       struct settings_errors *e)
{
    const struct settings_place at = {.name = "until"};
    const char *text = cJSON_GetStringValue(item);
    uint64_t now_us = unix_of(ctx, ctx->now_us), until_us = 0;
    if (!text || !base_utc_parse(text, &until_us))
        (void)settings_error_add(e, &at, "a time in UTC like 2026-11-22T18:00:00Z is wanted");
    else if (until_us < now_us + SERVER_LEASE_MIN_US || until_us > now_us + SERVER_LEASE_MAX_US)
        (void)settings_error_add(e, &at, how_long);
    else
        a->lease.until_us = ctx->now_us + (until_us - now_us);
}

static bool no_time(struct api_response *r)
{
    *r = api_problem(409, "The time of day is not known",
                     "The server has not heard it yet. Say for_s instead, in seconds.");
    return false;
}

static bool take(struct asking *a, const struct api_context *ctx, const struct api_request *req,
                 const cJSON *body, struct api_response *r)
{
    static const char *const names[] = {"owner", "reason", "for_s", "until", "address", NULL};
    const cJSON *for_s = cJSON_GetObjectItemCaseSensitive(body, "for_s");
    const cJSON *until = cJSON_GetObjectItemCaseSensitive(body, "until");
    const struct settings_place at = {.name = "for_s"};
    struct settings_errors *e = &a->wrong.errors;
    if (!api_body_only(body, names, r))
        return false;
    if (until && unix_of(ctx, ctx->now_us) == 0)
        return no_time(r);
    take_texts(a, body, e);
    take_addresses(a, req, body, e);
    if (!for_s == !until)
        (void)settings_error_add(e, &at, "either for_s or until is wanted");
    else if (for_s)
        take_seconds(a, ctx, for_s, e);
    else
        take_until(a, ctx, until, e);
    if (e->count)
        *r = api_wrong_problem(&a->wrong, 0);
    return e->count == 0;
}

// --- routes --------------------------------------------------------------------------------------

static struct api_response answer(const struct api_context *ctx, const char *busid, int status)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_lease(&j, ctx, busid);
    api_json_object_end(&j);
    return api_answer(status, api_json_end(&j));
}

static struct api_response put(const struct api_context *ctx, const struct asking *a)
{
    bool there = server_lease(ctx->server, a->lease.busid, ctx->now_us);
    switch (server_lease_take(ctx->server, &a->lease, a->by, ctx->now_us)) {
    case BASE_OK:
        return answer(ctx, a->lease.busid, there ? 200 : 201);
    case BASE_ERR_BUSY:
        return api_problem(409, "The device is leased",
                           "Somebody else has made that lease. It ends by itself, or by DELETE.");
    case BASE_ERR_LIMIT:
        return api_problem(409, "There are too many leases",
                           "There may be as many as devices. Give one back first.");
    default:
        return api_answer(200, NULL);
    }
}

// Something that can be leased is there, or was when it was leased.
static bool can_be_leased(const struct api_context *ctx, const char *busid, struct api_response *r)
{
    const struct registry_device *d = registry_find(server_registry(ctx->server), busid);
    bool hub = d && d->state == REGISTRY_HUB;
    if (hub)
        *r = api_problem(409, "The device cannot be leased",
                         "It is a hub. Lease the devices behind it.");
    if (d || server_lease(ctx->server, busid, ctx->now_us))
        return !hub;
    *r = api_problem(404, "No such device",
                     "No device has that bus ID or alias. It may be unplugged.");
    return false;
}

struct api_response api_put_lease(const struct api_context *ctx, const struct api_request *req,
                                  const char *name)
{
    struct api_response r = api_answer(200, NULL);
    struct asking *a = begin(ctx, req, name);
    if (a && can_be_leased(ctx, a->lease.busid, &r) && api_wrong_begin(&a->wrong)) {
        cJSON *body = api_body_object(req, &r);
        if (body && take(a, ctx, req, body, &r))
            r = put(ctx, a);
        cJSON_Delete(body);
        api_wrong_end(&a->wrong);
    }
    cJSON_free(a);
    return r;
}

struct api_response api_delete_lease(const struct api_context *ctx, const struct api_request *req,
                                     const char *name)
{
    struct asking *a = begin(ctx, req, name);
    if (!a)
        return api_answer(200, NULL);
    const struct server_lease *l = server_lease(ctx->server, a->lease.busid, ctx->now_us);
    bool own = l && strcmp(l->identity, a->lease.identity) == 0;
    bool ended = l && server_lease_end(ctx->server, a->lease.busid,
                                       own ? EVENT_LEASE_GIVEN_BACK : EVENT_LEASE_TAKEN_BACK, a->by,
                                       ctx->now_us);
    cJSON_free(a);
    return ended ? (struct api_response){.status = 204}
                 : api_problem(404, "There is no lease", "It has ended, or there never was one.");
}
