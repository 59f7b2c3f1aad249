// SPDX-License-Identifier: Apache-2.0
// Writing JSON, front to back, with one check at the end: whatever finds no memory marks the
// document as failed, and all later calls on it do nothing. `name` NULL: in an array, or the
// document itself. What is opened must be closed. Loop thread, or any for an object of one's own.
#pragma once

#include "base/base_address.h"
#include "eventlog/eventlog.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api_json {
    char *text;
    size_t size, room;
    bool failed;
    bool follows; // in the open object or array is something already
    bool steady; // what changes by itself is left out, so that documents show whether anything else
                 // has changed
};

#define API_JSON_UNKNOWN UINT64_MAX // as a number: null

void api_json_begin(struct api_json *j);

// The document in one line, NUL-terminated, and the end of `j`; free with api_text_free(). NULL: no
// memory.
char *api_json_end(struct api_json *j);

void api_json_object(struct api_json *j, const char *name);
void api_json_object_end(struct api_json *j);
void api_json_array(struct api_json *j, const char *name);
void api_json_array_end(struct api_json *j);

void api_json_null(struct api_json *j, const char *name);
void api_json_number(struct api_json *j, const char *name, uint64_t v);
void api_json_bool(struct api_json *j, const char *name, bool v);
void api_json_seconds(struct api_json *j, const char *name, uint64_t us);  // with milliseconds
void api_json_latency(struct api_json *j, const char *name, uint64_t us);  // with microseconds
void api_json_age(struct api_json *j, const char *name, uint64_t us);      // seconds since
void api_json_utc(struct api_json *j, const char *name, uint64_t unix_us); // 0: null

// `text` NULL gives null. Bytes that are not UTF-8 become '?': busids come from clients, names from
// devices.
void api_json_text(struct api_json *j, const char *name, const char *text);

// A text in pieces that need no escaping.
void api_json_text_begin(struct api_json *j, const char *name);
void api_json_text_add(struct api_json *j, const char *plain, size_t size);
void api_json_text_end(struct api_json *j);

// A sentence out of words without its begin and end: "no memory" is "No memory.".
void api_json_sentence(struct api_json *j, const char *name, const char *words);

void api_json_hex(struct api_json *j, const char *name, uint32_t v, unsigned digits); // "0x81"
void api_json_usb_id(struct api_json *j, const char *name, uint16_t vendor, uint16_t product);
void api_json_address(struct api_json *j, const char *name, const struct base_address *a);

void api_json_line_end(struct api_json *j); // behind a document

// Not JSON at all: a text as it is.
void api_json_plain(struct api_json *j, const char *text);

// JSON that was written before.
void api_json_raw(struct api_json *j, const char *name, const char *text, size_t size);

// Whether the event is about users, tokens and who they are.
bool api_event_is_of_users(const struct eventlog_event *e);

// Members of one event.
void api_json_event(struct api_json *j, const struct eventlog_event *e);
