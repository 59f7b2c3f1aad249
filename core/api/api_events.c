// SPDX-License-Identifier: Apache-2.0
#include "api/api_events.h"
#include "api/api_problem.h"
#include "api/api_query.h"
#include "api/api_who.h"

#include "base/base_number.h"
#include "base/base_text.h"

#include <string.h>

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000 };

struct wanted {
    struct api_stream filter; // its `event` is `after`
    bool after_given;
    uint64_t limit;
};

// --- the query -----------------------------------------------------------------------------------

static const char *take_level(const char *value, uint8_t *level)
{
    for (unsigned i = EVENTLOG_ERROR; i <= EVENTLOG_DEBUG; i++) {
        if (strcmp(value, eventlog_level_name((enum eventlog_level)i)) != 0)
            continue;
        *level = (uint8_t)i;
        return NULL;
    }
    return "must be error, warning, info or debug";
}

static const char *take_number(const char *value, uint64_t min, uint64_t max, uint64_t *number,
                               const char *wants)
{
    return base_number(value, min, max, number) ? NULL : wants;
}

// What is wrong with the parameter, or NULL.
static const char *take_parameter(struct wanted *w, const struct api_query *q)
{
    uint64_t session = 0;
    const char *wrong = NULL;
    if (strcmp(q->name, "after") == 0) {
        w->after_given = true;
        return take_number(q->value, 0, UINT64_MAX >> 11, &w->filter.event,
                           "must be the number of an event, or 0");
    }
    if (strcmp(q->name, "limit") == 0)
        return take_number(q->value, 1, LIMIT_MAX, &w->limit, "must be a number from 1 to 1000");
    if (strcmp(q->name, "level") == 0)
        return take_level(q->value, &w->filter.level);
    if (strcmp(q->name, "session") == 0) {
        wrong = take_number(q->value, 1, UINT32_MAX, &session, "must be the number of a session");
        w->filter.session = (uint32_t)session;
        return wrong;
    }
    if (strcmp(q->name, "busid") != 0)
        return "is not known here; there are after, limit, level, busid and session";
    if (!q->value[0] || !base_text_copy(w->filter.busid, sizeof w->filter.busid, q->value))
        return "must be a bus ID like 1-2.1";
    return NULL;
}

static bool read_query(const struct api_request *req, struct wanted *w, struct api_response *r)
{
    struct api_query q = api_query_begin(req);
    *w = (struct wanted){.filter.level = EVENTLOG_DEBUG, .limit = LIMIT_DEFAULT};
    while (api_query_next(&q)) {
        const char *wrong = take_parameter(w, &q);
        if (!wrong)
            continue;
        *r = api_query_problem(q.name, wrong);
        return false;
    }
    if (q.wrong)
        *r = api_problem(400, "The query is wrong", "It cannot be decoded, or is too long.");
    return !q.wrong;
}

// --- answers -------------------------------------------------------------------------------------

const struct eventlog_event *api_events_next(const struct api_context *ctx,
                                             const struct api_stream *stream, uint64_t after)
{
    const struct eventlog_event *e;
    bool all = api_who_sees_users(ctx);
    while ((e = eventlog_next(server_eventlog(ctx->server), after)) != NULL) {
        bool wanted = (all || !api_event_is_of_users(e)) && eventlog_level(e) <= stream->level &&
                      (stream->session == 0 || e->session == stream->session) &&
                      (!stream->busid[0] || strcmp(e->busid, stream->busid) == 0);
        if (wanted)
            return e;
        after = e->number;
    }
    return NULL;
}

// Of "10.0.0.7:4711", "[::1]:4711", or without a port; "" if there is none or it is no address.
static const char *note_of(const struct access_list *list, const char *peer)
{
    char text[EVENTLOG_PEER_SIZE];
    struct base_address a;
    bool brackets = peer[0] == '[';
    const char *colon = strchr(peer, ':');
    size_t size = strlen(peer);
    if (brackets)
        size = strcspn(++peer, "]");
    else if (colon && !strchr(colon + 1, ':'))
        size = (size_t)(colon - peer);
    (void)base_text_copy(text, sizeof text, peer); // it has that size
    text[size] = '\0';
    return base_address_parse(text, &a) ? access_note(list, &a) : "";
}

void api_events_add(struct api_json *j, const struct api_context *ctx,
                    const struct eventlog_event *e)
{
    const char *note = note_of(server_access(ctx->server), e->peer);
    struct eventlog_event seen = *e;
    char *user = api_who_sees_users(ctx) ? NULL : strstr(seen.peer, " (");
    if (user) // "10.0.0.7 (anna)"
        *user = '\0';
    api_json_object(j, NULL);
    api_json_event(j, &seen);
    if (note[0])
        api_json_text(j, "note", note);
    api_json_object_end(j);
}

// Behind which event the newest `limit` wanted ones are.
static uint64_t newest(const struct api_context *ctx, const struct wanted *w)
{
    const struct eventlog_event *e;
    uint64_t count = 0, after = 0;
    while ((e = api_events_next(ctx, &w->filter, after)) != NULL) {
        after = e->number;
        count++;
    }
    after = 0;
    for (; count > w->limit; count--)
        after = api_events_next(ctx, &w->filter, after)->number;
    return after;
}

// Events behind `after` that are not kept any more.
static uint64_t missed(const struct api_context *ctx, uint64_t after)
{
    const struct eventlog_event *first = eventlog_next(server_eventlog(ctx->server), after);
    return first ? first->number - after - 1 : 0;
}

static struct api_response list(const struct api_context *ctx, const struct wanted *w)
{
    struct api_json j;
    const struct eventlog_event *e;
    uint64_t after = w->after_given ? w->filter.event : newest(ctx, w), count = 0;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_array(&j, "events");
    while (count++ < w->limit && (e = api_events_next(ctx, &w->filter, after)) != NULL) {
        api_events_add(&j, ctx, e);
        after = e->number;
    }
    api_json_array_end(&j);
    api_json_number(&j, "missed", w->after_given ? missed(ctx, w->filter.event) : 0);
    api_json_number(&j, "last", eventlog_last(server_eventlog(ctx->server)));
    api_json_object_end(&j);
    return api_answer(200, api_json_end(&j));
}

static struct api_response stream(const struct api_context *ctx, const struct wanted *w)
{
    struct api_response r = {
        .status = 200,
        .kind = API_STREAM,
        .content_type = "application/x-ndjson",
        .stream = w->filter,
    };
    r.stream.kind = API_STREAM_EVENTS;
    if (!w->after_given)
        r.stream.event = newest(ctx, w);
    return r;
}

struct api_response api_get_events(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument)
{
    struct wanted w;
    struct api_response r;
    const char *accept = api_header(req, "Accept");
    (void)argument;
    if (!read_query(req, &w, &r))
        return r;
    const char *busid = server_busid(ctx->server, w.filter.busid);
    if (busid != w.filter.busid) // it was an alias
        (void)base_text_copy(w.filter.busid, sizeof w.filter.busid, busid);
    bool lines = accept && strstr(accept, "application/x-ndjson");
    return lines ? stream(ctx, &w) : list(ctx, &w);
}
