// SPDX-License-Identifier: Apache-2.0
#include "api/api_json.h"

#include "base/base_text.h"

#include <cJSON.h> // its memory only, which the port may have set
#include <string.h>

enum { FIRST_SIZE = 1024, SHORT_TEXT = 64 };

static bool make_room(struct api_json *j, size_t more)
{
    if (j->failed)
        return false;
    size_t room = j->room ? j->room : FIRST_SIZE;
    while (room - j->size <= more) // one is left for the NUL
        room *= 2;
    if (room == j->room)
        return true;
    char *text = cJSON_malloc(room);
    if (text && j->size > 0)
        memcpy(text, j->text, j->size);
    j->failed = !text;
    if (!text)
        return false;
    cJSON_free(j->text);
    j->text = text;
    j->room = room;
    return true;
}

static void put(struct api_json *j, const char *bytes, size_t size)
{
    if (!make_room(j, size))
        return;
    memcpy(j->text + j->size, bytes, size);
    j->size += size;
}

static void put_char(struct api_json *j, char c)
{
    put(j, &c, 1);
}

void api_json_begin(struct api_json *j)
{
    *j = (struct api_json){0};
}

char *api_json_end(struct api_json *j)
{
    char *text = j->text;
    if (!make_room(j, 0)) {
        cJSON_free(text);
        text = NULL;
    } else {
        text = j->text;
        text[j->size] = '\0';
    }
    *j = (struct api_json){0};
    return text;
}

// --- text ----------------------------------------------------------------------------------------

// Bytes of the UTF-8 character at `s` (RFC 3629: no overlong forms, surrogates, or above U+10FFFF);
// 0 if there is none.
static unsigned utf8_length(const uint8_t *s)
{
    unsigned n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] > 0xf4)
        return 0;
    for (unsigned i = 1; i < n; i++) // a NUL ends this too
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool outside = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
    return overlong || outside ? 0 : n;
}

static bool is_plain(uint8_t c)
{
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

static void put_escaped(struct api_json *j, char c)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    char buf[8];
    struct base_text t;
    base_text_init(&t, buf, sizeof buf);
    const char *found = strchr(from, c);
    base_text_char(&t, '\\');
    if (found) {
        base_text_char(&t, to[found - from]);
    } else {
        base_text_char(&t, 'u');
        base_text_hex(&t, (uint8_t)c, 4);
    }
    put(j, buf, t.length);
}

static void put_text(struct api_json *j, const char *text)
{
    const uint8_t *s = (const uint8_t *)text;
    while (*s) {
        size_t plain = 0;
        while (is_plain(s[plain]))
            plain++;
        put(j, (const char *)s, plain);
        s += plain;
        if (!*s)
            break;
        unsigned n = utf8_length(s);
        if (n > 1)
            put(j, (const char *)s, n);
        else if (n == 1)
            put_escaped(j, (char)*s);
        else
            put_char(j, '?');
        s += n ? n : 1;
    }
}

static void put_string(struct api_json *j, const char *text)
{
    put_char(j, '"');
    put_text(j, text);
    put_char(j, '"');
}

// --- values --------------------------------------------------------------------------------------

static void begin_value(struct api_json *j, const char *name)
{
    if (j->follows)
        put_char(j, ',');
    j->follows = true;
    if (!name)
        return;
    put_string(j, name);
    put_char(j, ':');
}

static void open(struct api_json *j, const char *name, char bracket)
{
    begin_value(j, name);
    put_char(j, bracket);
    j->follows = false;
}

static void shut(struct api_json *j, char bracket)
{
    put_char(j, bracket);
    j->follows = true;
}

void api_json_object(struct api_json *j, const char *name)
{
    open(j, name, '{');
}

void api_json_object_end(struct api_json *j)
{
    shut(j, '}');
}

void api_json_array(struct api_json *j, const char *name)
{
    open(j, name, '[');
}

void api_json_array_end(struct api_json *j)
{
    shut(j, ']');
}

void api_json_raw(struct api_json *j, const char *name, const char *text, size_t size)
{
    begin_value(j, name);
    put(j, text, size);
}

void api_json_line_end(struct api_json *j)
{
    put_char(j, '\n');
}

void api_json_plain(struct api_json *j, const char *text)
{
    put(j, text, strlen(text));
}

void api_json_null(struct api_json *j, const char *name)
{
    api_json_raw(j, name, "null", 4);
}

void api_json_bool(struct api_json *j, const char *name, bool v)
{
    api_json_raw(j, name, v ? "true" : "false", v ? 4 : 5);
}

void api_json_number(struct api_json *j, const char *name, uint64_t v)
{
    char buf[24];
    struct base_text t;
    if (v == API_JSON_UNKNOWN) {
        api_json_null(j, name);
        return;
    }
    base_text_init(&t, buf, sizeof buf);
    base_text_u64(&t, v);
    api_json_raw(j, name, buf, t.length);
}

void api_json_latency(struct api_json *j, const char *name, uint64_t us)
{
    char buf[32];
    struct base_text t;
    if (us == API_JSON_UNKNOWN) {
        api_json_null(j, name);
        return;
    }
    base_text_init(&t, buf, sizeof buf);
    base_text_u64(&t, us / 1000000);
    uint32_t rest = (uint32_t)(us % 1000000);
    if (rest > 0)
        base_text_char(&t, '.');
    for (uint32_t digit = 100000; rest > 0; digit /= 10) {
        base_text_char(&t, (char)('0' + rest / digit));
        rest %= digit;
    }
    api_json_raw(j, name, buf, t.length);
}

void api_json_seconds(struct api_json *j, const char *name, uint64_t us)
{
    api_json_latency(j, name, us == API_JSON_UNKNOWN ? us : us - us % 1000);
}

void api_json_age(struct api_json *j, const char *name, uint64_t us)
{
    if (j->steady)
        api_json_null(j, name);
    else
        api_json_seconds(j, name, us);
}

void api_json_utc(struct api_json *j, const char *name, uint64_t unix_us)
{
    char buf[32];
    struct base_text t;
    base_text_init(&t, buf, sizeof buf);
    base_text_utc(&t, unix_us);
    api_json_text(j, name, unix_us ? buf : NULL);
}

void api_json_text(struct api_json *j, const char *name, const char *text)
{
    if (!text) {
        api_json_null(j, name);
        return;
    }
    begin_value(j, name);
    put_string(j, text);
}

void api_json_text_begin(struct api_json *j, const char *name)
{
    begin_value(j, name);
    put_char(j, '"');
}

void api_json_text_add(struct api_json *j, const char *plain, size_t size)
{
    put(j, plain, size);
}

void api_json_text_end(struct api_json *j)
{
    put_char(j, '"');
}

void api_json_sentence(struct api_json *j, const char *name, const char *words)
{
    bool small = *words >= 'a' && *words <= 'z';
    api_json_text_begin(j, name);
    if (small)
        put_char(j, (char)(*words - 'a' + 'A'));
    put_text(j, words + small);
    put_char(j, '.');
    api_json_text_end(j);
}

void api_json_hex(struct api_json *j, const char *name, uint32_t v, unsigned digits)
{
    char buf[16];
    struct base_text t;
    base_text_init(&t, buf, sizeof buf);
    base_text_str(&t, "0x");
    base_text_hex(&t, v, digits);
    api_json_text(j, name, buf);
}

void api_json_usb_id(struct api_json *j, const char *name, uint16_t vendor, uint16_t product)
{
    char buf[10];
    struct base_text t;
    base_text_init(&t, buf, sizeof buf);
    base_text_hex(&t, vendor, 4);
    base_text_char(&t, ':');
    base_text_hex(&t, product, 4);
    api_json_text(j, name, buf);
}

void api_json_address(struct api_json *j, const char *name, const struct base_address *a)
{
    char buf[SHORT_TEXT];
    struct base_text t;
    base_text_init(&t, buf, sizeof buf);
    base_address_text(a, &t);
    api_json_text(j, name, buf[0] ? buf : NULL);
}
