// SPDX-License-Identifier: Apache-2.0
// With the system's own calls: those of the C library are usbfs_calls.c, which has the lock.
#include "tests/support/check.h"
#include "tests/usbfs/usbfs_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096 };

struct usbfs_file *usbfs_file_open(struct usbfs_device *d)
{
    struct usbfs_file *f = calloc(1, sizeof *f);
    int ends[2];
    CHECK(f && pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
    f->device = d;
    f->other = ends[0];
    f->fd = ends[1];
    // One byte fills it: it can be written to when that has been read.
    CHECK_EQ(fcntl(f->fd, F_SETPIPE_SZ, PAGE), PAGE);
    CHECK_EQ(write(f->fd, "", 1), 1);
    base_list_init(&f->pending);
    base_list_init(&f->completed);
    base_list_append(&d->kernel->files, &f->link);
    d->files++;
    return f;
}

struct usbfs_file *usbfs_file_find(struct usbfs *k, int fd)
{
    BASE_LIST_FOR_EACH (struct usbfs_file, f, &k->files, link) {
        if (f->fd == fd)
            return f;
    }
    return NULL;
}

void usbfs_file_signal(struct usbfs_file *f)
{
    char byte;
    bool want = !base_list_empty(&f->completed);
    if (want == f->signalled || f->disconnected)
        return;
    f->signalled = want;
    if (want)
        CHECK_EQ(syscall(SYS_read, f->other, &byte, 1), 1);
    else
        CHECK_EQ(write(f->fd, "", 1), 1);
}

// Without a reader poll() says POLLERR, as the kernel does.
void usbfs_file_disconnect(struct usbfs_file *f)
{
    usbfs_file_signal(f);
    f->disconnected = true;
    syscall(SYS_close, f->other);
    f->other = -1;
}

// Each configuration has the room that its wTotalLength asks for; what the device has not given is
// skipped.
ssize_t usbfs_file_read(struct usbfs_file *f, uint8_t *out, size_t size)
{
    const struct usb_device_info *info = &f->device->info;
    struct base_span parts[1 + USB_MAX_CONFIGS];
    size_t begin = 0, done = 0;
    if (!f->device->handle)
        return -ENODEV;
    parts[0] = info->device_descriptor;
    memcpy(&parts[1], info->config, sizeof info->config);
    for (unsigned i = 0; i <= info->config_count && done < size; i++) {
        size_t room =
            i > 0 && parts[i].size >= 4 ? base_get_le16(parts[i].data + 2) : parts[i].size;
        while (f->position < begin + room && done < size) {
            if (f->position - begin < parts[i].size)
                out[done] = parts[i].data[f->position - begin];
            f->position++;
            done++;
        }
        begin += room;
    }
    return (ssize_t)done;
}

// --- memory --------------------------------------------------------------------------------------

bool usbfs_memory_take(struct usbfs *k, uint64_t size)
{
    if (k->memory_limit > 0 && k->memory + size > k->memory_limit)
        return false;
    k->memory += size;
    if (k->memory > k->memory_most)
        k->memory_most = k->memory;
    return true;
}

void usbfs_memory_give(struct usbfs *k, uint64_t size)
{
    CHECK(k->memory >= size);
    k->memory -= size;
}

void usbfs_file_free(struct usbfs_file *f)
{
    if (f->other >= 0)
        syscall(SYS_close, f->other);
    syscall(SYS_close, f->fd);
    f->device->files--;
    base_list_remove(&f->link);
    free(f);
}
