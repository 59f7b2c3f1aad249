// SPDX-License-Identifier: Apache-2.0
// Memory: the shared transfer buffers (client task), and payload of URBs (loop thread).
#include "device_parts.h"

#include "esp_cache.h"
#include "esp_heap_caps.h"

esp_err_t device_transfer_alloc(size_t bytes, int packets, usb_transfer_t **t)
{
    esp_err_t err = usb_host_transfer_alloc(bytes, packets, t);
    if (err == ESP_OK)
        (void)esp_cache_msync((*t)->data_buffer, (*t)->data_buffer_size,
                              ESP_CACHE_MSYNC_FLAG_DIR_C2M | ESP_CACHE_MSYNC_FLAG_INVALIDATE);
    return err;
}

// Only while others do not need the memory.
usb_transfer_t *device_transfer_alloc_for_now(size_t bytes)
{
    static const uint32_t internal = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;
    usb_transfer_t *t = NULL;
    if (heap_caps_get_free_size(internal) < DEVICE_INTERNAL_RESERVE + bytes ||
        device_transfer_alloc(bytes, 0, &t) != ESP_OK)
        return NULL;
    return t;
}

bool device_pool_create(struct device_usb_host *h)
{
    while (h->pool.free < DEVICE_POOL_COUNT) {
        usb_transfer_t *t = NULL;
        if (device_transfer_alloc(DEVICE_POOL_BYTES, 0, &t) != ESP_OK)
            return false;
        h->pool.transfer[h->pool.free++] = t;
    }
    h->shared.figures.pool_free = h->pool.free;
    return true;
}

void device_pool_destroy(struct device_usb_host *h)
{
    while (h->pool.free > 0)
        (void)usb_host_transfer_free(h->pool.transfer[--h->pool.free]);
}

static void count_use(struct device_usb_host *h, bool empty)
{
    unsigned used = DEVICE_POOL_COUNT - h->pool.free;
    pthread_mutex_lock(&h->lock);
    h->shared.figures.pool_free = h->pool.free;
    if (used > h->shared.figures.pool_used_max)
        h->shared.figures.pool_used_max = used;
    h->shared.figures.pool_empty += empty;
    pthread_mutex_unlock(&h->lock);
}

usb_transfer_t *device_pool_get(struct device_usb_host *h, unsigned reserve)
{
    usb_transfer_t *t = h->pool.free > reserve ? h->pool.transfer[--h->pool.free] : NULL;
    count_use(h, !t);
    return t;
}

void device_pool_put(struct device_usb_host *h, usb_transfer_t *t)
{
    h->pool.transfer[h->pool.free++] = t;
    count_use(h, false);
}

// Copied to and from transfer buffers by the processor, so any memory will do. Internal memory is
// only taken while others do not need it, and long payload never goes there: clients could fill it.
void *device_payload_alloc(struct usbip_backend *b, uint32_t size)
{
    static const uint32_t fast = MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT;
    static const uint32_t large = MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT;
    void *p = NULL;
    (void)b;
    if (size <= DEVICE_SMALL_PAYLOAD && heap_caps_get_free_size(fast) > DEVICE_INTERNAL_RESERVE)
        p = heap_caps_malloc(size, fast);
    return p ? p : heap_caps_malloc(size, large);
}

void device_payload_free(struct usbip_backend *b, void *p, uint32_t size)
{
    (void)b;
    (void)size;
    heap_caps_free(p);
}
