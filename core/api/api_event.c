// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"
#include "api/api_json.h"

#include <cJSON.h>

enum { TEXT_SIZE = 256 };

const char *api_event_peer_name(const struct eventlog_event *e)
{
    enum eventlog_type type = e->what.type;
    bool file = type == EVENT_FILE_TROUBLE || type == EVENT_FILE_SILENT || type == EVENT_FILE_BACK;
    return file ? "file" : "peer";
}

const char *api_event_busid_name(const struct eventlog_event *e)
{
    switch (e->what.type) {
    case EVENT_CLAIMED:
    case EVENT_LOGIN:
    case EVENT_USER_CHANGED:
        return "user";
    case EVENT_TOKEN_MADE:
    case EVENT_TOKEN_REVOKED:
        return "token";
    default:
        return "busid";
    }
}

bool api_event_is_of_users(const struct eventlog_event *e)
{
    enum eventlog_type type = e->what.type;
    return api_event_busid_name(e)[0] != 'b' || type == EVENT_LOGIN_REFUSED ||
           type == EVENT_LOGIN_BACKED_OFF;
}

void api_json_event(struct api_json *j, const struct eventlog_event *e)
{
    char text[TEXT_SIZE];
    struct eventlog_value v;
    api_json_number(j, "number", e->number);
    api_json_number(j, "boot", e->boot);
    api_json_seconds(j, "uptime_s", e->uptime_us);
    api_json_utc(j, "time", e->unix_us);
    api_json_text(j, "level", eventlog_level_name(eventlog_level(e)));
    api_json_text(j, "type", eventlog_name(e->what.type));
    if (e->session)
        api_json_number(j, "session", e->session);
    if (e->peer[0])
        api_json_text(j, api_event_peer_name(e), e->peer);
    if (e->busid[0])
        api_json_text(j, api_event_busid_name(e), e->busid);
    for (unsigned i = 0; i < EVENTLOG_MAX_VALUES; i++) {
        if (!eventlog_value(e, i, &v))
            continue;
        if (v.text)
            api_json_text(j, v.name, v.text);
        else
            api_json_number(j, v.name, v.number);
    }
    eventlog_text(e, text, sizeof text);
    api_json_text(j, "text", text);
}

char *api_event_json(const struct eventlog_event *e)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_event(&j, e);
    api_json_object_end(&j);
    return api_json_end(&j);
}

void api_text_free(char *text)
{
    cJSON_free(text);
}
