// SPDX-License-Identifier: Apache-2.0
// What streams give next.
#include "api/api.h"
#include "api/api_events.h"
#include "api/api_live.h"
#include "api/api_message.h"
#include "api/api_who.h"

enum { MESSAGE_SIZE = 32 * 1024 };

// As many lines as a message takes.
static struct api_message *next_events(const struct api_context *ctx, struct api_stream *stream)
{
    struct api_json j;
    const struct eventlog_event *e;
    api_json_begin(&j);
    while (j.size < MESSAGE_SIZE && (e = api_events_next(ctx, stream, stream->event)) != NULL) {
        j.follows = false; // a document each
        api_events_add(&j, ctx, e);
        api_json_line_end(&j);
        stream->event = e->number;
    }
    bool any = j.size > 0;
    char *text = api_json_end(&j);
    if (any)
        return api_message_of(text);
    api_text_free(text);
    return NULL;
}

struct api_message *api_stream_next(const struct api_context *ctx, struct api_stream *stream)
{
    struct api_context with = *ctx;
    with.who = &stream->who;
    return stream->kind == API_STREAM_LIVE ? api_live_next(&with, stream)
                                           : next_events(&with, stream);
}

bool api_stream_may_go_on(const struct api_context *ctx, const struct api_stream *stream)
{
    if (stream->who.kind != USERS_NOBODY)
        return ctx->users && users_is_still(ctx->users, &stream->who, ctx->now_us);
    return api_who_nobody(ctx, NULL) >= USERS_VIEW;
}
