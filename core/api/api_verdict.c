// SPDX-License-Identifier: Apache-2.0
#include "api/api_verdict.h"
#include "api/api_device.h"

#include "base/base_text.h"
#include "eventlog/eventlog_word.h"
#include "settings/settings.h"

enum { WHY_SIZE = 112 };

void api_verdict(struct api_json *j, struct access_answer answer)
{
    char why[WHY_SIZE];
    struct base_text t;
    base_text_init(&t, why, sizeof why);
    base_text_str(&t, eventlog_word_text(EVENTLOG_KIND_access_reason, answer.reason));
    if (answer.rule)
        base_text_u64(&t, answer.rule);
    bool of_access = answer.rule && answer.reason != ACCESS_KEPT_BY_RULE;
    api_json_number(j, "rule", of_access ? answer.rule : API_JSON_UNKNOWN);
    api_json_sentence(j, "why", why);
}

static struct access_answer ask(const struct settings *s, const struct registry_device *d,
                                const struct session *session)
{
    static const struct access_names none = {.hidden = false};
    const struct settings_lists *l = s->lists;
    const struct access_list access = settings_access(s);
    const struct access_naming *n =
        l ? access_naming_find(l->namings, l->naming_count, d->info.busid, d->info.serial) : NULL;
    const struct access_identity who = {
        .kind = ACCESS_IDENTITY_ADDRESS,
        .address = session_peer_address(session)->address,
    };
    return registry_ask_named(d, n ? &n->names : &none, &access, &who);
}

static void add_end(struct api_json *j, const struct api_context *ctx, const struct session *s,
                    const struct registry_device *d, struct access_answer answer)
{
    api_json_object(j, NULL);
    api_json_number(j, "session", session_id(s));
    api_peer_address(j, ctx, s);
    api_json_text(j, "busid", d->info.busid);
    api_verdict(j, answer);
    api_json_object_end(j);
}

void api_verdict_ends(struct api_json *j, const struct api_context *ctx, const struct settings *s)
{
    const struct session *session = NULL;
    struct session_view v;
    api_json_array(j, "ends");
    while ((session = server_next_session(ctx->server, session)) != NULL) {
        session_view(session, &v);
        const struct registry_device *d = registry_find(server_registry(ctx->server), v.busid);
        if (!d || d->session != v.id || session_is_closing(session))
            continue;
        struct access_answer answer = ask(s, d, session);
        if (!answer.yes)
            add_end(j, ctx, session, d, answer);
    }
    api_json_array_end(j);
}
