// SPDX-License-Identifier: Apache-2.0
// Life of the libusb backend, its worker thread, and the descriptors that both wait for.
#include "ports/linux/device_libusb_state.h"
#include "ports/linux/sysfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    UEVENT_KERNEL = 1, // group of NETLINK_KOBJECT_UEVENT: no udevd is needed
    END_S = 3,         // so long the end waits for the worker
};

// --- libusb's descriptors ------------------------------------------------------------------------

// libusb calls these from whichever thread opens or closes a device. usbfs signals POLLOUT.
static void fd_added(int fd, short events, void *ctx)
{
    const struct device_libusb *h = ctx;
    struct epoll_event e = {.events = (events & POLLIN ? EPOLLIN : 0u) |
                                      (events & POLLOUT ? EPOLLOUT : 0u),
                            .data.fd = fd};
    (void)epoll_ctl(h->epoll_fd, EPOLL_CTL_ADD, fd, &e);
}

static void fd_removed(int fd, void *ctx)
{
    const struct device_libusb *h = ctx;
    (void)epoll_ctl(h->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static void add_present_fds(struct device_libusb *h)
{
    const struct libusb_pollfd **fds = libusb_get_pollfds(h->context);
    for (unsigned i = 0; fds && fds[i]; i++)
        fd_added(fds[i]->fd, fds[i]->events, h);
    libusb_free_pollfds(fds);
}

int device_libusb_fd(const struct device_libusb *h)
{
    return h->epoll_fd;
}

void device_libusb_ready(struct device_libusb *h)
{
    struct timeval none = {0};
    (void)libusb_handle_events_timeout_completed(h->context, &none, NULL);
}

// --- worker --------------------------------------------------------------------------------------

// Why it failed may be to be seen. That the device has gone is an answer too.
static void answer_open(struct device *d)
{
    struct device_note note = {.news = NEWS_OPEN, .type = BACKEND_OPENED};
    note.result = device_open(d, &note.failure);
    if (note.result == BASE_ERR_GONE)
        device_scan(d->host);
    if (d->gone_told)
        return;
    device_tell(d, &note);
    d->host->scan_now |= note.result != BASE_OK;
}

static void answer_close(struct device *d)
{
    const struct device_note note = {.news = NEWS_OPEN, .type = BACKEND_CLOSED};
    device_close(d);
    device_tell(d, &note);
}

static void answer_control(struct device *d, const struct usb_control_op *op)
{
    struct device_note note = {.news = NEWS_CONTROL, .type = BACKEND_CONTROL_DONE};
    note.status = device_change(d, op);
    device_tell(d, &note);
    if (note.status == USB_STATUS_NO_DEVICE)
        d->host->scan_now = true;
}

// What close() has overtaken needs no answer; nor does anything when the device has gone.
static void carry_out(struct device *d, const struct device_wish *wish)
{
    if (wish->forget) {
        device_close(d);
        device_free(d);
    } else if (d->gone_told) {
        return;
    } else if (wish->open) {
        answer_open(d);
    } else if (wish->close) {
        answer_close(d);
    } else if (wish->control) {
        answer_control(d, &wish->op);
    }
}

// The messages themselves do not matter: sysfs is looked at when there was any.
static void take_uevents(struct device_libusb *h)
{
    char message[8192];
    while (h->uevents >= 0) {
        ssize_t n = recv(h->uevents, message, sizeof message, MSG_DONTWAIT);
        if (n < 0 && errno != ENOBUFS)
            return;
        h->scan_now = true;
    }
}

uint64_t device_libusb_turn(struct device_libusb *h)
{
    struct device *d;
    struct device_wish wish;
    while (device_asked(h, &d, &wish)) {
        device_call_begin(d);
        carry_out(d, &wish); // `d` may be gone then
        device_call_end(h);
    }
    device_hub_switch(h);
    take_uevents(h);
    if (h->scan_now || h->config.now_us(h->config.ctx) >= h->scan_us)
        device_scan(h);
    return h->scan_now ? 0 : h->scan_us;
}

static int wait_ms(const struct device_libusb *h, uint64_t until_us)
{
    uint64_t now_us = h->config.now_us(h->config.ctx);
    return until_us <= now_us ? 0 : (int)((until_us - now_us) / 1000 + 1);
}

static void wait_for_work(struct device_libusb *h, uint64_t until_us)
{
    struct pollfd fds[] = {{.fd = h->wake_fd, .events = POLLIN},
                           {.fd = h->uevents, .events = POLLIN},
                           {.fd = h->mounts, .events = POLLPRI}};
    uint64_t count;
    if (poll(fds, sizeof fds / sizeof fds[0], wait_ms(h, until_us)) <= 0)
        return;
    if (fds[0].revents)
        (void)!read(h->wake_fd, &count, sizeof count);
    if (fds[2].revents & (POLLPRI | POLLERR))
        h->scan_now = true;
}

static bool is_ending(struct device_libusb *h)
{
    pthread_mutex_lock(&h->lock);
    bool ending = h->ending;
    pthread_mutex_unlock(&h->lock);
    return ending;
}

static void *work(void *ctx)
{
    struct device_libusb *h = ctx;
    while (!is_ending(h))
        wait_for_work(h, device_libusb_turn(h));
    return NULL;
}

// --- life ----------------------------------------------------------------------------------------

static int open_uevents(void)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = UEVENT_KERNEL};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int open_mounts(const char *root)
{
    char path[SYSFS_PATH_SIZE];
    snprintf(path, sizeof path, "%s/proc/self/mountinfo", root);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static void close_if_open(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void close_all(struct device_libusb *h)
{
    if (h->context) {
        libusb_set_pollfd_notifiers(h->context, NULL, NULL, NULL);
        libusb_exit(h->context);
    }
    close_if_open(h->epoll_fd);
    close_if_open(h->wake_fd);
    close_if_open(h->uevents);
    close_if_open(h->mounts);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

// Devices are found by us: libusb is to start no thread for that, and to have no list.
static bool begin_libusb(struct device_libusb *h)
{
    if (libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY) != LIBUSB_SUCCESS ||
        libusb_init(&h->context) != LIBUSB_SUCCESS)
        return false;
    libusb_set_pollfd_notifiers(h->context, fd_added, fd_removed, h);
    add_present_fds(h);
    return true;
}

static struct device_libusb *allocate(const struct device_libusb_config *config)
{
    struct device_libusb *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->config = *config;
    h->backend = device_backend;
    h->scan_now = true;
    base_list_init(&h->done);
    base_list_init(&h->present);
    base_list_init(&h->spare);
    base_list_init(&h->known);
    base_list_init(&h->asked);
    base_list_init(&h->notes);
    base_list_init(&h->hubs);
    h->epoll_fd = h->wake_fd = h->uevents = h->mounts = -1;
    if (pthread_mutex_init(&h->lock, NULL) == 0)
        return h;
    free(h);
    return NULL;
}

struct device_libusb *device_libusb_create(const struct device_libusb_config *config,
                                           const char **why)
{
    struct device_libusb *h = allocate(config);
    *why = "no memory or descriptors for USB devices";
    if (!h)
        return NULL;
    h->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    h->uevents = open_uevents();
    h->mounts = open_mounts(config->root);
    if (h->epoll_fd >= 0 && h->wake_fd >= 0) {
        *why = "libusb cannot be started";
        if (begin_libusb(h))
            return h;
    }
    close_all(h);
    return NULL;
}

struct usbip_backend *device_libusb_backend(struct device_libusb *h)
{
    return &h->backend;
}

// Signals are the loop's.
bool device_libusb_start(struct device_libusb *h)
{
    sigset_t all, before;
    (void)device_libusb_turn(h);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    h->started = pthread_create(&h->worker, NULL, work, h) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return h->started;
}

// A call that hangs in the kernel cannot be ended; the program's end waits no longer for it.
void device_libusb_stop(struct device_libusb *h)
{
    struct timespec until;
    if (!h || !h->started)
        return;
    pthread_mutex_lock(&h->lock);
    h->ending = true;
    pthread_mutex_unlock(&h->lock);
    device_wake_worker(h);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_S;
    h->started = pthread_timedjoin_np(h->worker, NULL, &until) != 0;
}

static void drop(struct device *d)
{
    device_close(d);
    device_free(d);
}

// Some are known, some have gone and are still to be told of, or to be forgotten.
static void free_devices(struct device_libusb *h)
{
    struct device_note note;
    while (device_told(h, &note)) {
        if (note.news == NEWS_GONE && base_list_empty(&note.device->loop_link))
            drop(note.device); // came and went unseen
    }
    if (h->leaving)
        drop(h->leaving);
    BASE_LIST_FOR_EACH (struct device, d, &h->known, link) {
        drop(d);
    }
    BASE_LIST_FOR_EACH (struct device, d, &h->present, loop_link) {
        drop(d);
    }
    BASE_LIST_FOR_EACH (struct device, d, &h->asked, wish.link) {
        drop(d);
    }
}

void device_libusb_destroy(struct device_libusb *h)
{
    if (!h)
        return;
    device_libusb_stop(h);
    if (h->started)
        return; // what the worker uses stays
    free_devices(h);
    device_hub_free_all(h);
    device_free_transfers(h);
    close_all(h);
}
