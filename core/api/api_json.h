// SPDX-License-Identifier: Apache-2.0
// Building JSON with one check at the end: whatever finds no memory marks the document as failed,
// and all later calls on it do nothing. `name` NULL adds to an array.
#pragma once

#include "eventlog/eventlog.h"

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct api_json {
    cJSON *root; // an object
    bool failed;
};

void api_json_begin(struct api_json *j);

// The document in one line and the end of `j`; free with cJSON_free(). NULL: no memory.
char *api_json_end(struct api_json *j);

// These return the new object or array, NULL if the document has failed.
cJSON *api_json_object(struct api_json *j, cJSON *parent, const char *name);
cJSON *api_json_array(struct api_json *j, cJSON *parent, const char *name);

// Exact up to 2^53.
void api_json_number(struct api_json *j, cJSON *parent, const char *name, uint64_t v);
void api_json_seconds(struct api_json *j, cJSON *parent, const char *name, uint64_t us);
void api_json_bool(struct api_json *j, cJSON *parent, const char *name, bool v);

// `text` NULL gives null. Bytes that are not UTF-8 become '?': busids come from clients, names from
// devices.
void api_json_text(struct api_json *j, cJSON *parent, const char *name, const char *text);

// "1209:0002"
void api_json_usb_id(struct api_json *j, cJSON *parent, const char *name, uint16_t vendor,
                     uint16_t product);

// Members of one event.
void api_json_event(struct api_json *j, cJSON *parent, const struct eventlog_event *e);
