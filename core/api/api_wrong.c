// SPDX-License-Identifier: Apache-2.0
#include "api/api_wrong.h"
#include "api/api_problem.h"

#include "base/base_text.h"

#include <cJSON.h> // its memory only
#include <string.h>

enum { ERRORS_MOST = 16, DETAIL_SIZE = SETTINGS_WHY_SIZE + 2 };

bool api_wrong_begin(struct api_wrong *w)
{
    w->errors = (struct settings_errors){
        .list = cJSON_malloc(ERRORS_MOST * sizeof(struct settings_error)), .max = ERRORS_MOST};
    return w->errors.list != NULL;
}

void api_wrong_end(struct api_wrong *w)
{
    cJSON_free(w->errors.list);
}

static const char *without(const char *pointer, unsigned skip)
{
    while (skip-- && pointer) {
        pointer = strchr(pointer + (*pointer == '/'), '/');
        if (!pointer)
            return "";
    }
    return pointer;
}

// Words to a sentence.
static void finish(char detail[DETAIL_SIZE], const char *words)
{
    struct base_text t;
    base_text_init(&t, detail, DETAIL_SIZE);
    base_text_str(&t, words);
    base_text_char(&t, '.');
    if (detail[0] >= 'a' && detail[0] <= 'z')
        detail[0] = (char)(detail[0] - 'a' + 'A');
}

struct api_response api_wrong_problem(const struct api_wrong *w, unsigned skip)
{
    const struct settings_errors *e = &w->errors;
    unsigned count = e->count < e->max ? e->count : e->max;
    char(*detail)[DETAIL_SIZE] = cJSON_malloc(ERRORS_MOST * sizeof *detail);
    struct api_error *errors = cJSON_malloc(ERRORS_MOST * sizeof *errors);
    struct api_response r = api_answer(200, NULL);
    if (!detail || !errors)
        count = 0;
    for (unsigned i = 0; i < count; i++) {
        finish(detail[i], e->list[i].detail);
        errors[i] = (struct api_error){without(e->list[i].pointer, skip), detail[i]};
    }
    if (count)
        r = api_problem_of(422, "A value is wrong, and nothing has changed", detail[0], errors,
                           count);
    cJSON_free(errors);
    cJSON_free(detail);
    return r;
}
