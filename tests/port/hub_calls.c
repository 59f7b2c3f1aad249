// SPDX-License-Identifier: Apache-2.0
#include "tests/port/hub_calls.h"

#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

struct hub_calls hub_calls;

int __real_ioctl(int fd, unsigned long request, void *argument);
int __wrap_ioctl(int fd, unsigned long request, ...);

static int answer(const struct usbdevfs_ctrltransfer *t, const void *bytes, size_t size)
{
    size = size < t->wLength ? size : t->wLength;
    memcpy(t->data, bytes, size);
    return (int)size;
}

static int descriptor(const struct usbdevfs_ctrltransfer *t)
{
    const uint8_t d[] = {9,
                         (uint8_t)(t->wValue >> 8),
                         4,
                         (uint8_t)hub_calls.characteristics,
                         (uint8_t)(hub_calls.characteristics >> 8),
                         50,
                         0,
                         0,
                         0xff};
    return answer(t, d, sizeof d);
}

static int control(const struct usbdevfs_ctrltransfer *t)
{
    uint32_t bit = 1u << (t->wIndex & 31);
    const uint8_t status[4] = {0, hub_calls.off & bit ? 0 : 3}; // of both speeds
    if (t->bRequestType == 0xa0 && t->bRequest == 6)
        return descriptor(t);
    if (t->bRequestType == 0xa3 && t->bRequest == 0)
        return answer(t, status, sizeof status);
    if (t->bRequestType != 0x23 || t->wValue != 8 || hub_calls.error) {
        errno = hub_calls.error ? hub_calls.error : EPIPE;
        return -1;
    }
    hub_calls.claims_at_off += t->bRequest == 1 && (hub_calls.claimed & bit) != 0;
    hub_calls.off = t->bRequest == 1 ? hub_calls.off | bit : hub_calls.off & ~bit;
    return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    if (request != USBDEVFS_CONTROL && request != USBDEVFS_CLAIM_PORT &&
        request != USBDEVFS_RELEASE_PORT)
        return __real_ioctl(fd, request, argument);
    hub_calls.asked++;
    if (request == USBDEVFS_CONTROL)
        return control(argument);
    uint32_t bit = 1u << *(const unsigned *)argument;
    hub_calls.claims += request == USBDEVFS_CLAIM_PORT;
    hub_calls.claimed =
        request == USBDEVFS_CLAIM_PORT ? hub_calls.claimed | bit : hub_calls.claimed & ~bit;
    return 0;
}
