// SPDX-License-Identifier: Apache-2.0
#include "api/api_base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static uint32_t digit(char c)
{
    return (uint32_t)(strchr(alphabet, c) - alphabet);
}

bool api_base64_bytes(const char *digits, uint8_t *bytes, size_t room, size_t *size)
{
    size_t count = strspn(digits, alphabet);
    const char *rest = digits + count;
    uint32_t bits = 0;
    *size = count * 6 / 8;
    if (rest[strspn(rest, "=")] != '\0' || (count + strlen(rest)) % 4 != 0 || strlen(rest) > 2 ||
        *size > room)
        return false;
    for (size_t i = 0, n = 0; i < count; i++) {
        bits = bits << 6 | digit(digits[i]);
        if (i % 4 != 0)
            bytes[n++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    return true;
}

bool api_base64_text(const char *digits, char text[API_BASE64_MAX])
{
    size_t size;
    if (!api_base64_bytes(digits, (uint8_t *)text, API_BASE64_MAX - 1, &size))
        return false;
    text[size] = '\0';
    return strlen(text) == size;
}

// Three bytes at most, to four digits.
static void add_group(struct api_json *j, const uint8_t *bytes, size_t size)
{
    uint32_t bits = 0;
    char digits[4];
    for (size_t i = 0; i < 3; i++)
        bits = bits << 8 | (i < size ? bytes[i] : 0u);
    for (size_t i = 0; i < 4; i++)
        digits[i] = i <= size ? alphabet[bits >> (18 - i * 6) & 63] : '=';
    api_json_text_add(j, digits, sizeof digits);
}

void api_base64_add(struct api_json *j, const char *name, const uint8_t *bytes, size_t size)
{
    api_json_text_begin(j, name);
    for (size_t i = 0; i < size; i += 3)
        add_group(j, bytes + i, size - i < 3 ? size - i : 3);
    api_json_text_end(j);
}
