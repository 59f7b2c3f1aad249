// SPDX-License-Identifier: Apache-2.0
#include "api/api_message.h"

#include <cJSON.h> // its memory only
#include <string.h>

struct api_message *api_message_of(char *text)
{
    struct api_message *m = text ? cJSON_malloc(sizeof *m) : NULL;
    if (m)
        *m = (struct api_message){.data = text, .size = strlen(text), .users = 1, .memory = text};
    else
        api_text_free(text);
    return m;
}

void api_message_release(struct api_message *m)
{
    if (!m || --m->users > 0)
        return;
    api_text_free(m->memory);
    cJSON_free(m);
}
