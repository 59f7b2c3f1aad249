// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/idf_double.h"
#include "esp_err.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_pthread.h"
#include "esp_task_wdt.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LINE_SIZE = 256, LINES = 64, CACHE_LINE = 64, WATCHED_MAX = 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // guards all below

// --- heaps ---------------------------------------------------------------------------------------

// In front of each block, as large as the block's alignment.
struct block {
    enum idf_heap heap;
    size_t size;
    void *start; // what free() wants
};

struct heap {
    size_t limit, in_use, most, blocks;
};

static struct heap heaps[IDF_HEAPS] = {{.limit = SIZE_MAX}, {.limit = SIZE_MAX}};

static bool take(enum idf_heap heap, size_t size)
{
    struct heap *h = &heaps[heap];
    pthread_mutex_lock(&lock);
    bool fits = size <= h->limit && h->in_use <= h->limit - size;
    if (fits) {
        h->in_use += size;
        h->most = h->in_use > h->most ? h->in_use : h->most;
        h->blocks++;
    }
    pthread_mutex_unlock(&lock);
    return fits;
}

static void give_back(enum idf_heap heap, size_t size)
{
    pthread_mutex_lock(&lock);
    heaps[heap].in_use -= size;
    heaps[heap].blocks--;
    pthread_mutex_unlock(&lock);
}

static enum idf_heap heap_of(uint32_t caps)
{
    return caps & MALLOC_CAP_SPIRAM ? IDF_HEAP_SPIRAM : IDF_HEAP_INTERNAL;
}

static void *allocate(size_t alignment, size_t size, uint32_t caps)
{
    enum idf_heap heap = heap_of(caps);
    if (caps & (MALLOC_CAP_DMA | MALLOC_CAP_CACHE_ALIGNED) && alignment < CACHE_LINE)
        alignment = CACHE_LINE;
    if (alignment < alignof(max_align_t))
        alignment = alignof(max_align_t);
    size_t front = (sizeof(struct block) + alignment - 1) / alignment * alignment;
    if (size == 0 || size > SIZE_MAX / 2 || !take(heap, size))
        return NULL;
    void *start = NULL;
    if (posix_memalign(&start, alignment, front + size) != 0) {
        give_back(heap, size);
        return NULL;
    }
    const struct block b = {.heap = heap, .size = size, .start = start};
    uint8_t *data = (uint8_t *)start + front;
    memcpy(data - sizeof b, &b, sizeof b);
    return data;
}

void *heap_caps_malloc(size_t size, uint32_t caps)
{
    return allocate(1, size, caps);
}

void *heap_caps_aligned_alloc(size_t alignment, size_t size, uint32_t caps)
{
    return allocate(alignment, size, caps);
}

void *heap_caps_aligned_calloc(size_t alignment, size_t n, size_t size, uint32_t caps)
{
    void *p = size == 0 || n <= SIZE_MAX / size ? allocate(alignment, n * size, caps) : NULL;
    return p ? memset(p, 0, n * size) : NULL;
}

void *heap_caps_calloc(size_t n, size_t size, uint32_t caps)
{
    return heap_caps_aligned_calloc(1, n, size, caps);
}

void heap_caps_free(void *ptr)
{
    struct block b;
    if (!ptr)
        return;
    memcpy(&b, (uint8_t *)ptr - sizeof b, sizeof b);
    give_back(b.heap, b.size);
    free(b.start);
}

size_t heap_caps_get_total_size(uint32_t caps)
{
    return heaps[heap_of(caps)].limit;
}

size_t heap_caps_get_free_size(uint32_t caps)
{
    const struct heap *h = &heaps[heap_of(caps)];
    pthread_mutex_lock(&lock);
    size_t left = h->limit > h->in_use ? h->limit - h->in_use : 0;
    pthread_mutex_unlock(&lock);
    return left;
}

size_t heap_caps_get_minimum_free_size(uint32_t caps)
{
    const struct heap *h = &heaps[heap_of(caps)];
    pthread_mutex_lock(&lock);
    size_t left = h->limit > h->most ? h->limit - h->most : 0;
    pthread_mutex_unlock(&lock);
    return left;
}

size_t heap_caps_get_largest_free_block(uint32_t caps)
{
    return heap_caps_get_free_size(caps);
}

void idf_double_limit_heap(enum idf_heap heap, size_t bytes)
{
    pthread_mutex_lock(&lock);
    heaps[heap].limit = bytes;
    pthread_mutex_unlock(&lock);
}

size_t idf_double_heap_in_use(enum idf_heap heap)
{
    pthread_mutex_lock(&lock);
    size_t n = heaps[heap].in_use;
    pthread_mutex_unlock(&lock);
    return n;
}

size_t idf_double_heap_blocks(enum idf_heap heap)
{
    pthread_mutex_lock(&lock);
    size_t n = heaps[heap].blocks;
    pthread_mutex_unlock(&lock);
    return n;
}

// --- log -----------------------------------------------------------------------------------------

static char last_lines[LINES][LINE_SIZE]; // a ring
static unsigned lines_written;
static unsigned lines[ESP_LOG_MAX];

void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
{
    va_list args;
    (void)tag;
    va_start(args, format);
    pthread_mutex_lock(&lock);
    (void)vsnprintf(last_lines[lines_written++ % LINES], LINE_SIZE, format, args);
    lines[level]++;
    pthread_mutex_unlock(&lock);
    va_end(args);
}

void esp_log_level_set(const char *tag, esp_log_level_t level)
{
    (void)tag;
    (void)level;
}

unsigned idf_double_log_lines(int level)
{
    unsigned sum = 0;
    pthread_mutex_lock(&lock);
    for (int i = ESP_LOG_ERROR; i < ESP_LOG_MAX; i++) {
        sum += i <= level ? lines[i] : 0;
        lines[i] = 0;
    }
    pthread_mutex_unlock(&lock);
    return sum;
}

const char *idf_double_last_log(void)
{
    return last_lines[(lines_written + LINES - 1) % LINES];
}

bool idf_double_has_logged(const char *part)
{
    bool found = false;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < LINES; i++)
        found |= strstr(last_lines[i], part) != NULL;
    pthread_mutex_unlock(&lock);
    return found;
}

// --- errors --------------------------------------------------------------------------------------

const char *esp_err_to_name(esp_err_t code)
{
    static const struct {
        esp_err_t code;
        const char *name;
    } names[] = {
        {ESP_OK, "ESP_OK"},
        {ESP_FAIL, "ESP_FAIL"},
        {ESP_ERR_NO_MEM, "ESP_ERR_NO_MEM"},
        {ESP_ERR_INVALID_ARG, "ESP_ERR_INVALID_ARG"},
        {ESP_ERR_INVALID_STATE, "ESP_ERR_INVALID_STATE"},
        {ESP_ERR_INVALID_SIZE, "ESP_ERR_INVALID_SIZE"},
        {ESP_ERR_NOT_FOUND, "ESP_ERR_NOT_FOUND"},
        {ESP_ERR_NOT_SUPPORTED, "ESP_ERR_NOT_SUPPORTED"},
        {ESP_ERR_TIMEOUT, "ESP_ERR_TIMEOUT"},
        {ESP_ERR_INVALID_RESPONSE, "ESP_ERR_INVALID_RESPONSE"},
        {ESP_ERR_NOT_FINISHED, "ESP_ERR_NOT_FINISHED"},
        {ESP_ERR_NOT_ALLOWED, "ESP_ERR_NOT_ALLOWED"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == code)
            return names[i].name;
    return "ERROR";
}

void _esp_error_check_failed(esp_err_t rc, const char *file, int line, const char *function,
                             const char *expression)
{
    fprintf(stderr, "%s:%d: %s: %s is %s\n", file, line, function, expression, esp_err_to_name(rc));
    abort();
}

// --- task watchdog -------------------------------------------------------------------------------

static struct {
    bool in_use, has_reset;
} watched[WATCHED_MAX];
static unsigned resets;
static _Thread_local unsigned my_place; // in `watched`, + 1; 0: not watched

// Only the calling task: nothing of ours adds another one.
esp_err_t esp_task_wdt_add(TaskHandle_t task_handle)
{
    if (task_handle || my_place)
        return ESP_ERR_INVALID_ARG;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < WATCHED_MAX && !my_place; i++)
        if (!watched[i].in_use)
            my_place = i + 1;
    if (my_place) {
        watched[my_place - 1].in_use = true;
        watched[my_place - 1].has_reset = false;
    }
    pthread_mutex_unlock(&lock);
    return my_place ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t esp_task_wdt_delete(TaskHandle_t task_handle)
{
    if (task_handle || !my_place)
        return ESP_ERR_INVALID_ARG;
    pthread_mutex_lock(&lock);
    watched[my_place - 1].in_use = false;
    pthread_mutex_unlock(&lock);
    my_place = 0;
    return ESP_OK;
}

esp_err_t esp_task_wdt_status(TaskHandle_t task_handle)
{
    return !task_handle && my_place ? ESP_OK : ESP_ERR_NOT_FOUND;
}

esp_err_t esp_task_wdt_reset(void)
{
    if (!my_place)
        return ESP_ERR_NOT_FOUND;
    pthread_mutex_lock(&lock);
    watched[my_place - 1].has_reset = true;
    resets++;
    pthread_mutex_unlock(&lock);
    return ESP_OK;
}

// Watched ones; of them only those that are silent, if so wanted.
static unsigned count_watched(bool silent)
{
    unsigned n = 0;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < WATCHED_MAX; i++)
        n += watched[i].in_use && !(silent && watched[i].has_reset);
    pthread_mutex_unlock(&lock);
    return n;
}

unsigned idf_double_watched_tasks(void)
{
    return count_watched(false);
}

unsigned idf_double_silent_tasks(void)
{
    return count_watched(true);
}

void idf_double_watchdog_look(void)
{
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < WATCHED_MAX; i++)
        watched[i].has_reset = false;
    pthread_mutex_unlock(&lock);
}

unsigned idf_double_watchdog_resets(void)
{
    pthread_mutex_lock(&lock);
    unsigned n = resets;
    pthread_mutex_unlock(&lock);
    return n;
}

// --- threads -------------------------------------------------------------------------------------

esp_pthread_cfg_t esp_pthread_get_default_config(void)
{
    return (esp_pthread_cfg_t){.stack_size = 3072, .prio = 5, .pin_to_core = tskNO_AFFINITY};
}

// Priorities and cores are the chip's matter. A stack it would not get is refused here as there.
esp_err_t esp_pthread_set_cfg(const esp_pthread_cfg_t *cfg)
{
    const size_t smallest = 768; // CONFIG_PTHREAD_STACK_MIN
    return cfg->stack_size >= smallest ? ESP_OK : ESP_ERR_INVALID_ARG;
}

static atomic_uint rests;

unsigned idf_double_rests(void)
{
    return atomic_load(&rests);
}

void vTaskDelay(const TickType_t xTicksToDelay)
{
    atomic_fetch_add(&rests, 1);
    const struct timespec t = {.tv_sec = (time_t)(xTicksToDelay / configTICK_RATE_HZ),
                               .tv_nsec = (long)(xTicksToDelay % configTICK_RATE_HZ) * 1000000};
    nanosleep(&t, NULL);
}
