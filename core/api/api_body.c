// SPDX-License-Identifier: Apache-2.0
#include "api/api_body.h"
#include "api/api_problem.h"

#include "base/base_text.h"

#include <cJSON.h>
#include <string.h>

enum { POINTER_SIZE = 48 };

static struct api_response wrong(const char *name, const char *detail)
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

// The text, or NULL with *r filled in.
static char *take(const cJSON *body, const char *name, struct api_response *r)
{
    const cJSON *text = NULL;
    for (const cJSON *o = body->child; o; o = o->next) {
        if (strcmp(o->string, name) != 0) {
            *r = wrong(o->string, "There is no such member.");
            return NULL;
        }
        if (text) {
            *r = wrong(name, "It is there twice.");
            return NULL;
        }
        text = o;
    }
    if (!cJSON_IsString(text)) {
        *r = wrong(name, "It must be there, and be a text.");
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
    const char *end = NULL;
    cJSON *body =
        req->body ? cJSON_ParseWithLengthOpts(req->body, req->body_size, &end, false) : NULL;
    bool whole = body != NULL;
    for (; whole && end < (const char *)req->body + req->body_size; end++)
        whole = *end == ' ' || *end == '\n' || *end == '\r' || *end == '\t';
    if (!whole || !cJSON_IsObject(body)) {
        cJSON_Delete(body);
        *r = api_problem(400, "The body is no JSON object", "It must be {\"name\": value, ...}.");
        return NULL;
    }
    char *text = take(body, name, r);
    cJSON_Delete(body);
    return text;
}
