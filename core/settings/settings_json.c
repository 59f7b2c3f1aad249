// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_json.h"

#include "base/base_text.h"

#include <string.h>

struct reader {
    const char *at, *end;
    unsigned line, depth;
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

// Four hex digits behind "\u"; -1: they are none.
static int code_unit(struct reader *r)
{
    int v = 0;
    for (unsigned i = 0; i < 4; i++, r->at++) {
        static const char hex[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = next(r) ? strchr(hex, next(r)) : NULL;
        if (!digit)
            return -1;
        v = v << 4 | ((int)(digit - hex) & 15);
    }
    return v;
}

// Behind the backslash. Half of a surrogate pair and NUL are no characters.
static bool escape(struct reader *r)
{
    char c = next(r);
    r->at += c != '\0';
    if (c != 'u')
        return c && strchr("\"\\/bfnrt", c);
    int v = code_unit(r);
    if (v < 0xd800 || v > 0xdfff)
        return v > 0;
    if (v > 0xdbff || !take(r, '\\') || !take(r, 'u'))
        return false;
    v = code_unit(r);
    return v >= 0xdc00 && v <= 0xdfff;
}

// A character of more than one byte (RFC 3629).
static bool utf8(struct reader *r)
{
    unsigned char c = (unsigned char)*r->at++;
    unsigned more = c >= 0xc2 && c < 0xe0   ? 1
                    : c >= 0xe0 && c < 0xf0 ? 2
                    : c >= 0xf0 && c < 0xf5 ? 3
                                            : 0;
    unsigned char least = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char most = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (more == 0)
        return false;
    for (; more; more--, r->at++, least = 0x80, most = 0xbf)
        if (r->at == r->end || (unsigned char)*r->at < least || (unsigned char)*r->at > most)
            return false;
    return true;
}

static bool character(struct reader *r)
{
    unsigned char c = (unsigned char)*r->at;
    if (c >= 0x80)
        return utf8(r);
    r->at++;
    return c == '\\' ? escape(r) : c >= ' ' && c != 0x7f;
}

static bool string(struct reader *r)
{
    if (!take(r, '"'))
        return fail(r, "a text in double quotes is wanted");
    while (r->at < r->end && *r->at != '"')
        if (!character(r))
            return fail(r, "a text has a character that cannot stand there");
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
    if ((c == '{' || c == '[') && depth >= r->depth)
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

bool settings_json_check_depth(const char *json, size_t size, size_t most, unsigned depth,
                               char *why)
{
    struct reader r = {.at = json, .end = json + size, .line = 1, .depth = depth};
    struct base_text t;
    base_text_init(&t, why, SETTINGS_WHY_SIZE);
    if (size > most) {
        base_text_str(&t, "the document is longer than ");
        base_text_u64(&t, most);
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

bool settings_json_check(const char *json, size_t size, size_t most, char *why)
{
    return settings_json_check_depth(json, size, most, SETTINGS_JSON_DEPTH, why);
}
