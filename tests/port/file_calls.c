// SPDX-License-Identifier: Apache-2.0
#include "tests/port/file_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __real_unlinkat(int folder, const char *path, int flags);
int __wrap_unlinkat(int folder, const char *path, int flags);

ssize_t __real_pread(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset);
ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset);

static pthread_mutex_t hang_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t hang_change = PTHREAD_COND_INITIALIZER;
static bool hangs;
static unsigned hanging;

static atomic_size_t most = SIZE_MAX;

static atomic_bool watching; // other tests have threads; they see only this
static unsigned calls, fail_at, cut_at;
static int failure;
static char text[1024];

static void begin(unsigned fails, int error, unsigned cut)
{
    calls = 0;
    fail_at = fails;
    failure = error;
    cut_at = cut;
    text[0] = '\0';
    atomic_store(&watching, true);
}

void file_calls_watch(void)
{
    begin(UINT_MAX, 0, UINT_MAX);
}

void file_calls_fail(unsigned nth, int error)
{
    begin(nth, error, UINT_MAX);
}

void file_calls_cut(unsigned nth)
{
    begin(UINT_MAX, 0, nth);
}

unsigned file_calls_end(void)
{
    atomic_store(&watching, false);
    return calls;
}

const char *file_calls_text(void)
{
    return text;
}

// Writes the call down; true: it is to fail, errno is set.
static bool fails(const char *what, const char *name, const char *other)
{
    size_t n = strlen(text);
    unsigned number = calls++;
    snprintf(text + n, sizeof text - n, "%s%s%s%s%s; ", what, *name ? " " : "", name,
             *other ? " " : "", other);
    if (number < cut_at && number != fail_at)
        return false;
    errno = number == fail_at ? failure : EIO;
    return true;
}

static void hang(void)
{
    pthread_mutex_lock(&hang_lock);
    hanging++;
    pthread_cond_broadcast(&hang_change);
    while (hangs)
        pthread_cond_wait(&hang_change, &hang_lock);
    hanging--;
    pthread_mutex_unlock(&hang_lock);
}

void file_calls_shorten(size_t size)
{
    atomic_store(&most, size);
}

static size_t shortened(size_t size)
{
    size_t limit = atomic_load(&most);
    return size < limit ? size : limit;
}

int __wrap_openat(int folder, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list ap;
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    if (flags & O_NONBLOCK)
        hang();
    if (atomic_load(&watching) && fails("open", path, ""))
        return -1;
    return __real_openat(folder, path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    if (fcntl(fd, F_GETFL) & O_APPEND) {
        hang();
        size = shortened(size);
    }
    if (!atomic_load(&watching) || !fails("write", "", ""))
        return __real_write(fd, data, size);
    int reason = errno;
    if (calls - 1 == cut_at)
        (void)!__real_write(fd, data, size / 2);
    errno = reason;
    return -1;
}

int __wrap_fsync(int fd)
{
    return atomic_load(&watching) && fails("fsync", "", "") ? -1 : __real_fsync(fd);
}

int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    if (atomic_load(&watching) && fails("rename", from, to))
        return -1;
    return __real_renameat(from_folder, from, to_folder, to);
}

int __wrap_unlinkat(int folder, const char *path, int flags)
{
    if (atomic_load(&watching) && fails("unlink", path, ""))
        return -1;
    return __real_unlinkat(folder, path, flags);
}

void file_calls_hang(bool on)
{
    pthread_mutex_lock(&hang_lock);
    hangs = on;
    pthread_cond_broadcast(&hang_change);
    pthread_mutex_unlock(&hang_lock);
}

void file_calls_await_hanging(unsigned count)
{
    pthread_mutex_lock(&hang_lock);
    while (hanging != count)
        pthread_cond_wait(&hang_change, &hang_lock);
    pthread_mutex_unlock(&hang_lock);
}

ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset)
{
    hang();
    return __real_pread(fd, data, shortened(size), offset);
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    hang();
    return __real_pwrite(fd, data, shortened(size), offset);
}
