// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"
#include "api/api_json.h"

#include "base/base_text.h"

enum { TEXT_SIZE = 256 };

static void add_value(struct api_json *j, cJSON *o, const struct eventlog_value *v)
{
    if (v->text)
        api_json_text(j, o, v->name, v->text);
    else
        api_json_number(j, o, v->name, v->number);
}

// Only known if the clock was set in the run of the event.
static void add_time(struct api_json *j, cJSON *o, uint64_t unix_us)
{
    char text[25];
    struct base_text t;
    if (unix_us == 0)
        return;
    base_text_init(&t, text, sizeof text);
    base_text_utc(&t, unix_us);
    api_json_text(j, o, "time", text);
}

static bool is_of_file(enum eventlog_type type)
{
    return type == EVENT_FILE_TROUBLE || type == EVENT_FILE_SILENT || type == EVENT_FILE_BACK;
}

void api_json_event(struct api_json *j, cJSON *parent, const struct eventlog_event *e)
{
    char text[TEXT_SIZE];
    struct eventlog_value v;
    api_json_number(j, parent, "number", e->number);
    api_json_number(j, parent, "boot", e->boot);
    api_json_seconds(j, parent, "uptime_s", e->uptime_us);
    add_time(j, parent, e->unix_us);
    api_json_text(j, parent, "level", eventlog_level_name(eventlog_level(e)));
    api_json_text(j, parent, "type", eventlog_name(e->what.type));
    if (e->session)
        api_json_number(j, parent, "session", e->session);
    if (e->peer[0])
        api_json_text(j, parent, is_of_file(e->what.type) ? "file" : "peer", e->peer);
    if (e->busid[0])
        api_json_text(j, parent, "busid", e->busid);
    for (unsigned i = 0; i < EVENTLOG_MAX_VALUES; i++)
        if (eventlog_value(e, i, &v))
            add_value(j, parent, &v);
    eventlog_text(e, text, sizeof text);
    api_json_text(j, parent, "text", text);
}

char *api_event_json(const struct eventlog_event *e)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_event(&j, j.root, e);
    return api_json_end(&j);
}

void api_text_free(char *text)
{
    cJSON_free(text);
}
