// SPDX-License-Identifier: Apache-2.0
#include "api/api_problem.h"
#include "api/api_json.h"

#include <string.h>

static const char no_memory[] =
    "{\"type\":\"about:blank\",\"title\":\"Out of memory\",\"status\":503,"
    "\"detail\":\"The server has no memory for this at the moment. Try again.\"}";

static struct api_response problem(int status, const char *body)
{
    struct api_response r = {
        .status = status,
        .content_type = "application/problem+json",
        .body = body,
        .size = strlen(body),
    };
    if (status == 503)
        r.retry_after[0] = '1';
    return r;
}

static void add_errors(struct api_json *j, const struct api_error *errors, unsigned count)
{
    if (count == 0)
        return;
    api_json_array(j, "errors");
    for (unsigned i = 0; i < count; i++) {
        api_json_object(j, NULL);
        api_json_text(j, "pointer", errors[i].pointer);
        api_json_text(j, "detail", errors[i].detail);
        api_json_object_end(j);
    }
    api_json_array_end(j);
}

struct api_response api_problem_of(int status, const char *title, const char *detail,
                                   const struct api_error *errors, unsigned count)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_text(&j, "type", "about:blank");
    api_json_text(&j, "title", title);
    api_json_number(&j, "status", (uint64_t)status);
    api_json_text(&j, "detail", detail);
    add_errors(&j, errors, count);
    api_json_object_end(&j);
    char *text = api_json_end(&j);
    struct api_response r = text ? problem(status, text) : problem(503, no_memory);
    r.memory = text;
    return r;
}

struct api_response api_problem(int status, const char *title, const char *detail)
{
    return api_problem_of(status, title, detail, NULL, 0);
}

struct api_response api_answer(int status, char *text)
{
    if (!text)
        return problem(503, no_memory);
    return (struct api_response){
        .status = status,
        .content_type = "application/json",
        .body = text,
        .size = strlen(text),
        .memory = text,
    };
}
