// SPDX-License-Identifier: Apache-2.0
#include "api/api_body.h"
#include "api/api_problem.h"

#include "base/base_text.h"
#include "settings/settings_json.h"

#include <string.h>

enum { POINTER_SIZE = 48 };

struct api_response api_body_wrong(const char *name, const char *detail)
{
    char pointer[POINTER_SIZE];
    struct base_text t;
    base_text_init(&t, pointer, sizeof pointer);
    base_text_char(&t, '/');
    for (const char *s = name; *s && !t.cut; s++) { // RFC 6901
        if (*s == '~' || *s == '/')
            base_text_str(&t, *s == '~' ? "~0" : "~1");
        else
            base_text_char(&t, *s);
    }
    const struct api_error error = {pointer, detail};
    return api_problem_of(422, "The body is wrong", detail, &error, 1);
}

bool api_body_only(const cJSON *body, const char *const *names, struct api_response *r)
{
    for (const cJSON *o = body->child; o; o = o->next) {
        unsigned i = 0;
        while (names[i] && strcmp(names[i], o->string) != 0)
            i++;
        bool twice = cJSON_GetObjectItemCaseSensitive(body, o->string) != o;
        if (names[i] && !twice)
            continue;
        *r = api_body_wrong(o->string, twice ? "It is there twice." : "There is no such member.");
        return false;
    }
    return true;
}

cJSON *api_body_object(const struct api_request *req, struct api_response *r)
{
    char why[SETTINGS_WHY_SIZE] = "";
    bool good = req->body && settings_json_check(req->body, req->body_size, req->body_size, why);
    cJSON *body = good ? cJSON_ParseWithLength(req->body, req->body_size) : NULL;
    if (!good)
        *r = api_problem(400, "The body is no JSON object", "It must be {\"name\": value, ...}.");
    else if (!body)
        *r = api_answer(200, NULL);
    return body;
}

// The text, or NULL with *r filled in.
static char *take(const cJSON *body, const char *name, struct api_response *r)
{
    const char *const names[] = {name, NULL};
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(body, name);
    if (!api_body_only(body, names, r))
        return NULL;
    if (!cJSON_IsString(text)) {
        *r = api_body_wrong(name, "It must be there, and be a text.");
        return NULL;
    }
    size_t size = strlen(text->valuestring) + 1;
    char *copy = cJSON_malloc(size);
    if (!copy) {
        *r = api_answer(200, NULL);
        return NULL;
    }
    return memcpy(copy, text->valuestring, size);
}

char *api_body_text(const struct api_request *req, const char *name, struct api_response *r)
{
    cJSON *body = api_body_object(req, r);
    char *text = body ? take(body, name, r) : NULL;
    cJSON_Delete(body);
    return text;
}
