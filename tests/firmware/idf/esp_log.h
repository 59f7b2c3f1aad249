// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>

typedef enum {
    ESP_LOG_NONE = 0,
    ESP_LOG_ERROR = 1,
    ESP_LOG_WARN = 2,
    ESP_LOG_INFO = 3,
    ESP_LOG_DEBUG = 4,
    ESP_LOG_VERBOSE = 5,
    ESP_LOG_MAX = 6,
} esp_log_level_t;

typedef int (*vprintf_like_t)(const char *, va_list);

vprintf_like_t esp_log_set_vprintf(vprintf_like_t func);
void esp_log_level_set(const char *tag, esp_log_level_t level);
void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define ESP_LOG_STAND_IN(level, tag, ...)                                                          \
    do {                                                                                           \
        esp_log_write(level, tag, __VA_ARGS__);                                                    \
    } while (0)
#define ESP_LOGE(tag, ...) ESP_LOG_STAND_IN(ESP_LOG_ERROR, tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) ESP_LOG_STAND_IN(ESP_LOG_WARN, tag, __VA_ARGS__)
#define ESP_LOGI(tag, ...) ESP_LOG_STAND_IN(ESP_LOG_INFO, tag, __VA_ARGS__)
#define ESP_LOGD(tag, ...) ESP_LOG_STAND_IN(ESP_LOG_DEBUG, tag, __VA_ARGS__)
#define ESP_LOGV(tag, ...) ESP_LOG_STAND_IN(ESP_LOG_VERBOSE, tag, __VA_ARGS__)
