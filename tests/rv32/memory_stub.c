// SPDX-License-Identifier: Apache-2.0
// What the firmware's own configuration calls of ESP-IDF, for the memory budget: an empty NVS.
#include "esp_cache.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_system.h"
#include "store_nvs.h"

#include <pthread.h>
#include <stdlib.h>

void *heap_caps_calloc(size_t n, size_t size, uint32_t caps)
{
    (void)caps;
    return calloc(n, size);
}

void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
{
    (void)level, (void)tag, (void)format;
}

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)
{
    (void)attr;
    *mutex = 0;
    return 0;
}

int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)
{
    (void)attr;
    *cond = 0;
    return 0;
}

bool store_nvs_open(struct store_nvs *s, const char *document)
{
    (void)document;
    s->store.why[0] = '\0';
    return false; // the defaults hold
}

enum settings_store_result settings_store_load(struct settings_store *st, struct settings *s)
{
    (void)st, (void)s;
    return SETTINGS_STORE_NONE;
}

enum settings_store_result settings_store_save(struct settings_store *st, const struct settings *s)
{
    (void)st, (void)s;
    return SETTINGS_STORE_FAILED;
}

enum settings_store_result settings_store_erase(struct settings_store *st)
{
    (void)st;
    return SETTINGS_STORE_FAILED;
}

esp_err_t esp_cache_msync(void *addr, size_t size, int flags)
{
    (void)addr, (void)size, (void)flags;
    return ESP_OK;
}
