// SPDX-License-Identifier: Apache-2.0
#include "api/api_sorted.h"

#include "base/base_number.h"

#include <cJSON.h> // its memory only

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int api_busid_compare(const char *a, const char *b)
{
    while (*a && *b) {
        uint64_t left = 0, right = 0;
        if (is_digit(*a) && is_digit(*b) && base_number_take(&a, UINT32_MAX, &left) &&
            base_number_take(&b, UINT32_MAX, &right)) {
            if (left != right)
                return left < right ? -1 : 1;
        } else if (*a++ != *b++) {
            return (uint8_t)a[-1] < (uint8_t)b[-1] ? -1 : 1;
        }
    }
    return *a ? 1 : *b ? -1 : 0;
}

bool api_sorted_begin(struct api_sorted *sorted, const struct api_context *ctx)
{
    const struct registry *r = server_registry(ctx->server);
    sorted->count = 0;
    sorted->device = cJSON_malloc((r->count + 1) * sizeof *sorted->device);
    if (!sorted->device)
        return false;
    BASE_LIST_FOR_EACH (const struct registry_device, d, &r->devices, link) {
        unsigned at = sorted->count++;
        for (; at > 0; at--) {
            const struct registry_device *before = sorted->device[at - 1];
            if (api_busid_compare(before->info.busid, d->info.busid) <= 0)
                break;
            sorted->device[at] = before;
        }
        sorted->device[at] = d;
    }
    return true;
}

void api_sorted_end(struct api_sorted *sorted)
{
    cJSON_free(sorted->device);
}
