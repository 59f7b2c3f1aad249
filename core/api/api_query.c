// SPDX-License-Identifier: Apache-2.0
#include "api/api_query.h"
#include "api/api_problem.h"

#include "base/base_text.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// -1: that is no character of a value.
static int take(const char **at)
{
    const char *s = *at;
    *at += 1;
    if (*s != '%')
        return *s == '+' ? ' ' : (uint8_t)*s;
    int high = digit(s[1]), low = high < 0 ? -1 : digit(s[2]);
    *at += 2;
    return low < 0 || high * 16 + low == 0 ? -1 : high * 16 + low;
}

static bool take_until(struct api_query *q, char end, char *to, size_t size)
{
    size_t n = 0;
    while (*q->rest && *q->rest != end && *q->rest != '&') {
        int c = take(&q->rest);
        if (c < 0 || n + 1 == size)
            return false;
        to[n++] = (char)c;
    }
    to[n] = '\0';
    return true;
}

bool api_query_next(struct api_query *q)
{
    while (*q->rest == '&')
        q->rest++;
    if (q->wrong || !*q->rest)
        return false;
    q->wrong = !take_until(q, '=', q->name, sizeof q->name);
    if (!q->wrong && *q->rest == '=')
        q->rest++;
    q->wrong = q->wrong || !take_until(q, '&', q->value, sizeof q->value);
    return !q->wrong;
}

struct api_response api_query_problem(const char *name, const char *detail)
{
    char pointer[API_QUERY_NAME + 2], text[160];
    struct base_text t;
    base_text_init(&t, pointer, sizeof pointer);
    base_text_char(&t, '/');
    base_text_str(&t, name);
    base_text_init(&t, text, sizeof text);
    base_text_str(&t, "The parameter ");
    base_text_str(&t, name);
    base_text_char(&t, ' ');
    base_text_str(&t, detail);
    base_text_char(&t, '.');
    const struct api_error error = {pointer, text};
    return api_problem_of(400, "The query is wrong", text, &error, 1);
}

bool api_query_dry_run(const struct api_request *req, bool *dry_run, struct api_response *r)
{
    struct api_query q = api_query_begin(req);
    *dry_run = false;
    while (api_query_next(&q)) {
        if (strcmp(q.name, "dry_run") != 0) {
            *r = api_query_problem(q.name, "is not known here; there is dry_run");
            return false;
        }
        *dry_run = strcmp(q.value, "1") == 0;
        if (!*dry_run && strcmp(q.value, "0") != 0) {
            *r = api_query_problem(q.name, "must be 0 or 1");
            return false;
        }
    }
    if (q.wrong)
        *r = api_problem(400, "The query is wrong", "It cannot be decoded, or is too long.");
    return !q.wrong;
}
