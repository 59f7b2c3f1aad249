// SPDX-License-Identifier: Apache-2.0
// What this program calls instead of the C library's functions, and so does the libusb that it is
// linked with: the dynamic linker takes the program's own first.
#include "tests/support/check.h"
#include "tests/usbfs/usbfs_state.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct usbfs *kernel;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t unlocked = PTHREAD_COND_INITIALIZER; // a device

void usbfs_calls_to(struct usbfs *k)
{
    usbfs_lock();
    kernel = k;
    usbfs_unlock();
}

void usbfs_lock(void)
{
    pthread_mutex_lock(&lock);
}

void usbfs_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

// The C library's, or the sanitizer's in front of it.
#define NEXT(name)                                                                                 \
    static __typeof__(&name) next;                                                                 \
    if (!__atomic_load_n(&next, __ATOMIC_RELAXED))                                                 \
    __atomic_store_n(&next, (__typeof__(&name))dlsym(RTLD_NEXT, #name), __ATOMIC_RELAXED)

static int result_of(int result)
{
    if (result >= 0)
        return result;
    errno = -result;
    return -1;
}

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's are reserved

// --- nodes ---------------------------------------------------------------------------------------

static bool is_node(const char *path, unsigned *busnum, unsigned *devnum)
{
    size_t n = kernel ? strlen(kernel->tree.root) : 0;
    return n > 0 && strncmp(path, kernel->tree.root, n) == 0 &&
           sscanf(path + n, "/dev/bus/usb/%03u/%03u", busnum, devnum) == 2;
}

static int open_node(unsigned busnum, unsigned devnum)
{
    int error = usbfs_fault(kernel);
    if (error)
        return -error;
    struct usbfs_device *d = usbfs_at(kernel, busnum, devnum);
    if (!d)
        return -ENOENT;
    return kernel->no_permission ? -EACCES : usbfs_file_open(d)->fd;
}

int open(const char *path, int flags, ...)
{
    NEXT(open);
    unsigned busnum, devnum;
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    usbfs_lock();
    bool node = is_node(path, &busnum, &devnum) && !(flags & O_CREAT);
    int result = node ? open_node(busnum, devnum) : 0;
    usbfs_unlock();
    return node ? result_of(result) : next(path, flags, mode);
}

int close(int fd)
{
    NEXT(close);
    usbfs_lock();
    struct usbfs_file *f = kernel ? usbfs_file_find(kernel, fd) : NULL;
    if (f)
        usbfs_file_release(f);
    usbfs_unlock();
    return f ? 0 : next(fd);
}

ssize_t read(int fd, void *out, size_t size)
{
    NEXT(read);
    ssize_t result = -1;
    usbfs_lock();
    struct usbfs_file *f = kernel ? usbfs_file_find(kernel, fd) : NULL;
    if (f) {
        int error = usbfs_fault(kernel);
        result = error ? -error : usbfs_file_read(f, out, size);
    }
    usbfs_unlock();
    return f ? result_of((int)result) : next(fd, out, size);
}

off_t lseek(int fd, off_t offset, int whence)
{
    usbfs_lock();
    struct usbfs_file *f = kernel ? usbfs_file_find(kernel, fd) : NULL;
    if (f)
        f->position = (size_t)offset;
    usbfs_unlock();
    return f ? offset : syscall(SYS_lseek, fd, offset, whence);
}

// Others wait for the device while one call to it hangs.
static void run_hook(struct usbfs_file *f, unsigned long request)
{
    struct usbfs_device *d = f->device;
    while (d->locked)
        pthread_cond_wait(&unlocked, &lock);
    if (!kernel->hook)
        return;
    d->locked = true;
    usbfs_unlock();
    kernel->hook(kernel->hook_ctx, request);
    usbfs_lock();
    d->locked = false;
    pthread_cond_broadcast(&unlocked);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    int result = 0;
    usbfs_lock();
    struct usbfs_file *f = kernel ? usbfs_file_find(kernel, fd) : NULL;
    if (f) {
        run_hook(f, request);
        int error = usbfs_fault(kernel);
        if (request == USBDEVFS_REAPURBNDELAY || request == USBDEVFS_DISCARDURB)
            error = 0; // these only find something, or do not
        result = error ? -error : usbfs_ioctl(f, request, arg);
    }
    usbfs_unlock();
    return f ? result_of(result) : (int)syscall(SYS_ioctl, fd, request, arg);
}

// --- uevents -------------------------------------------------------------------------------------

int socket(int family, int type, int protocol)
{
    NEXT(socket);
    usbfs_lock();
    bool ours = kernel && family == AF_NETLINK && protocol == NETLINK_KOBJECT_UEVENT;
    int fd = ours ? kernel->uevents[0] : -1;
    usbfs_unlock();
    return ours ? fd : next(family, type, protocol);
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    NEXT(bind);
    usbfs_lock();
    bool ours = kernel && fd == kernel->uevents[0] && address->sa_family == AF_NETLINK;
    usbfs_unlock();
    return ours ? 0 : next(fd, address, size);
}
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
