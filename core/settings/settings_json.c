// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_json.h"

#include "base/base_text.h"

#include <string.h>

struct reader {
    const char *at, *end;
    unsigned line;
    const char *wrong; // the first thing that is, as a sentence
};

static bool fail(struct reader *r, const char *sentence)
{
    if (!r->wrong)
        r->wrong = sentence;
    return false;
}

// 0 at the end, which no byte of a valid document is.
static char next(const struct reader *r)
{
    return r->at < r->end ? *r->at : '\0';
}

static void skip_blanks(struct reader *r)
{
    for (; r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at; r->at++)
        r->line += *r->at == '\n';
}

static bool take(struct reader *r, char c)
{
    if (next(r) != c)
        return false;
    r->at++;
    return true;
}

static bool string(struct reader *r)
{
    if (!take(r, '"'))
        return fail(r, "a text in double quotes is wanted");
    for (; r->at < r->end && *r->at != '"'; r->at++)
        if (*r->at < ' ' || *r->at > '~' || *r->at == '\\') // also what is above ASCII
            return fail(r, "only letters, digits and signs of ASCII can stand in a text, and no "
                           "backslash");
    return take(r, '"') || fail(r, "a text has no closing quote");
}

static bool digits(struct reader *r)
{
    const char *start = r->at;
    while (next(r) >= '0' && next(r) <= '9')
        r->at++;
    return r->at > start;
}

static bool number(struct reader *r)
{
    const char *start = r->at;
    (void)take(r, '-');
    bool good = take(r, '0') || digits(r);
    if (good && take(r, '.'))
        good = digits(r);
    if (good && (take(r, 'e') || take(r, 'E'))) {
        (void)(take(r, '+') || take(r, '-'));
        good = digits(r);
    }
    return (good && r->at - start <= SETTINGS_JSON_NUMBER_SIZE) || fail(r, "not a number");
}

static bool word(struct reader *r)
{
    static const char *const words[] = {"true", "false", "null"};
    for (unsigned i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if ((size_t)(r->end - r->at) >= n && memcmp(r->at, words[i], n) == 0) {
            r->at += n;
            return true;
        }
    }
    return fail(r, r->at == r->end ? "the document breaks off" : "a value is wanted");
}

static bool value(struct reader *r, unsigned depth);

// The members or elements between the brackets; `close` ends them.
static bool members(struct reader *r, char close, unsigned depth)
{
    r->at++;
    skip_blanks(r);
    if (take(r, close))
        return true;
    do {
        skip_blanks(r);
        if (close == '}') {
            if (!string(r))
                return false;
            skip_blanks(r);
            if (!take(r, ':'))
                return fail(r, "a colon is wanted behind a key");
            skip_blanks(r);
        }
        if (!value(r, depth + 1))
            return false;
        skip_blanks(r);
    } while (take(r, ','));
    return take(r, close) || fail(r, r->at == r->end ? "the document breaks off"
                                                     : "a comma or a closing bracket is wanted");
}

static bool value(struct reader *r, unsigned depth) // NOLINT(misc-no-recursion): limited
{
    char c = next(r);
    if ((c == '{' || c == '[') && depth >= SETTINGS_JSON_DEPTH)
        return fail(r, "too many brackets inside each other");
    if (c == '{' || c == '[')
        return members(r, c == '{' ? '}' : ']', depth);
    if (c == '"')
        return string(r);
    return c == '-' || (c >= '0' && c <= '9') ? number(r) : word(r);
}

static bool document(struct reader *r)
{
    skip_blanks(r);
    if (r->at == r->end)
        return fail(r, "the document is empty");
    if (*r->at != '{')
        return fail(r, "the document must begin with {");
    if (!value(r, 0))
        return false;
    skip_blanks(r);
    return r->at == r->end || fail(r, "there is something behind the document");
}

bool settings_json_check(const char *json, size_t size, char *why)
{
    struct reader r = {.at = json, .end = json + size, .line = 1};
    struct base_text t;
    base_text_init(&t, why, SETTINGS_WHY_SIZE);
    if (size > SETTINGS_MAX_BYTES) {
        base_text_str(&t, "the document is longer than ");
        base_text_u64(&t, SETTINGS_MAX_BYTES);
        base_text_str(&t, " bytes");
        return false;
    }
    if (document(&r))
        return true;
    base_text_str(&t, "line ");
    base_text_u64(&t, r.line);
    base_text_str(&t, ": ");
    base_text_str(&t, r.wrong);
    return false;
}
