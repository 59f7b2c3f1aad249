// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/usb_host_double_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct double_library double_library;

static void (*failure_hook)(const char *reason);

// --- failures ------------------------------------------------------------------------------------

void usb_host_double_on_failure(void (*hook)(const char *reason))
{
    failure_hook = hook;
}

// The lock may be held more than once, and the library's state stays as it is: reset comes next.
static void release_lock(void)
{
    while (pthread_mutex_unlock(&double_library.lock) == 0) {
    }
}

void double_fail(const char *format, ...)
{
    static char reason[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    release_lock();
    if (failure_hook)
        failure_hook(reason);
    (void)fprintf(stderr, "USB host library: %s\n", reason);
    abort();
}

// --- lock and time -------------------------------------------------------------------------------

void usb_host_double_lock(void)
{
    pthread_mutex_lock(&double_library.lock);
}

void usb_host_double_unlock(void)
{
    double_wake();
    pthread_mutex_unlock(&double_library.lock);
}

void double_enter(void)
{
    if (!double_library.begun)
        double_fail("the double was not begun");
    pthread_mutex_lock(&double_library.lock);
    double_interrupt();
}

void double_leave(void)
{
    pthread_mutex_unlock(&double_library.lock);
}

esp_err_t double_return(esp_err_t err)
{
    double_wake(); // what was just asked for may change who waits until when
    double_leave();
    return err;
}

void double_wake(void)
{
    if (double_library.config.threads)
        pthread_cond_broadcast(&double_library.changed);
}

uint64_t double_now_us(void)
{
    return double_library.config.now_us(double_library.config.ctx);
}

uint64_t double_real_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void double_wait(uint64_t until_us)
{
    uint64_t bus_us = usb_host_double_next_deadline(), now_us = double_now_us();
    uint64_t real_us = double_real_us();
    uint64_t wait_us = bus_us == UINT64_MAX ? UINT64_MAX : bus_us > now_us ? bus_us - now_us : 0;
    if (wait_us != UINT64_MAX && real_us + wait_us < until_us)
        until_us = real_us + wait_us;
    if (until_us <= real_us)
        return;
    if (until_us == UINT64_MAX) {
        pthread_cond_wait(&double_library.changed, &double_library.lock);
        return;
    }
    struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                             .tv_nsec = (long)(until_us % 1000000) * 1000};
    (void)pthread_cond_timedwait(&double_library.changed, &double_library.lock, &until);
}

uint64_t usb_host_double_next_deadline(void)
{
    uint64_t first_us = UINT64_MAX;
    pthread_mutex_lock(&double_library.lock);
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++) {
        struct usbip_backend *bus = double_bus(i);
        uint64_t at_us = bus ? bus->next_deadline(bus) : UINT64_MAX;
        if (at_us < first_us)
            first_us = at_us;
    }
    pthread_mutex_unlock(&double_library.lock);
    return first_us;
}

bool usb_host_double_idle(void)
{
    struct double_library *lib = &double_library;
    pthread_mutex_lock(&lib->lock);
    bool idle = !lib->event && usb_host_double_next_deadline() > double_now_us();
    BASE_LIST_FOR_EACH (struct usb_host_client_handle_s, c, &lib->clients, link)
        idle &= !c->event;
    pthread_mutex_unlock(&lib->lock);
    return idle;
}

// --- interrupts ----------------------------------------------------------------------------------

struct usbip_backend *double_bus(unsigned root)
{
    struct sim_bus *bus = double_library.config.bus[root];
    return bus ? sim_bus_backend(bus) : NULL;
}

static void handle(const struct backend_event *ev, unsigned root)
{
    struct usbip_backend *bus = double_bus(root);
    switch (ev->type) {
    case BACKEND_PLUGGED:
        bus->open(bus, ev->device);
        double_plugged(ev->device, root);
        break;
    case BACKEND_OPENED:
        double_socket_of(ev->device)->open = true;
        double_library.event = true;
        break;
    case BACKEND_UNPLUGGED:
        double_unplugged(ev->device);
        break;
    case BACKEND_URB_DONE:
        double_pipe_urb_done(ev->urb);
        break;
    default:
        break;
    }
}

static void next_step(void)
{
    if (double_library.at_step)
        double_library.at_step(double_library.at_step_ctx, double_library.steps);
    double_library.steps++;
}

void double_interrupt(void)
{
    struct double_library *lib = &double_library;
    if (lib->in_interrupt)
        return;
    lib->in_interrupt = true;
    next_step();
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++) {
        struct usbip_backend *bus = double_bus(i);
        struct backend_event ev;
        while (bus && bus->take_event(bus, double_now_us(), &ev))
            handle(&ev, i);
    }
    lib->in_interrupt = false;
}

void usb_host_double_at_step(void (*hook)(void *ctx, unsigned step), void *ctx)
{
    double_library.at_step = hook;
    double_library.at_step_ctx = ctx;
    double_library.steps = 0;
}

// --- memory --------------------------------------------------------------------------------------

void usb_host_double_fail_alloc(unsigned n)
{
    double_library.fail_alloc = n;
}

void *double_calloc(size_t size)
{
    struct double_library *lib = &double_library;
    lib->counts.allocs++;
    if (lib->fail_alloc == 1)
        return NULL; // and all that follow
    if (lib->fail_alloc > 1)
        lib->fail_alloc--;
    return calloc(1, size);
}

// --- beginning and end ---------------------------------------------------------------------------

static void init_lock(void)
{
    pthread_mutexattr_t mutex;
    pthread_condattr_t cond;
    pthread_mutexattr_init(&mutex);
    pthread_mutexattr_settype(&mutex, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&double_library.lock, &mutex);
    pthread_mutexattr_destroy(&mutex);
    pthread_condattr_init(&cond);
    pthread_condattr_setclock(&cond, CLOCK_MONOTONIC);
    pthread_cond_init(&double_library.changed, &cond);
    pthread_condattr_destroy(&cond);
}

void usb_host_double_begin(const struct usb_host_double_config *config)
{
    static const unsigned channels[USB_HOST_DOUBLE_PORTS] = {16, 8};
    struct double_library *lib = &double_library;
    if (lib->begun)
        double_fail("the double is in use already");
    *lib = (struct double_library){.begun = true, .config = *config, .next_address = 1};
    struct base_list *lists[] = {&lib->sockets, &lib->devices,      &lib->graves,   &lib->acting,
                                 &lib->clients, &lib->dead_clients, &lib->transfers};
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        base_list_init(lists[i]);
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        lib->root[i].channels_max = config->channels[i] ? config->channels[i] : channels[i];
    init_lock();
}

static void free_transfers(void)
{
    struct base_list *link;
    while ((link = base_list_pop(&double_library.transfers)) != NULL) {
        struct double_transfer *t = BASE_CONTAINER(link, struct double_transfer, all);
        free(double_public(t)->data_buffer);
        free(t->packets);
        free(t);
    }
}

static void free_device(struct usb_device_handle_s *d)
{
    for (unsigned i = 0; i < DOUBLE_ENDPOINTS; i++)
        free(d->pipe[i]);
    for (unsigned i = 0; i < 3; i++)
        free(d->string[i]);
    free(d->config);
    free(d);
}

static void free_client(struct usb_host_client_handle_s *c)
{
    struct base_list *link;
    while ((link = base_list_pop(&c->interfaces)) != NULL)
        free(BASE_CONTAINER(link, struct double_interface, link));
    free(c->queue);
    free(c);
}

static void free_all(void)
{
    struct double_library *lib = &double_library;
    struct base_list *link;
    while ((link = base_list_pop(&lib->clients)) || (link = base_list_pop(&lib->dead_clients)))
        free_client(BASE_CONTAINER(link, struct usb_host_client_handle_s, link));
    while ((link = base_list_pop(&lib->devices)) || (link = base_list_pop(&lib->graves)))
        free_device(BASE_CONTAINER(link, struct usb_device_handle_s, link));
    while ((link = base_list_pop(&lib->sockets)) != NULL)
        free(BASE_CONTAINER(link, struct double_socket, link));
    free_transfers();
}

// What the simulated buses think that we have, they get back.
static void close_buses(void)
{
    struct backend_event ev;
    BASE_LIST_FOR_EACH (struct double_socket, s, &double_library.sockets, link) {
        struct usbip_backend *bus = double_bus(s->root);
        if (s->present)
            bus->close(bus, s->port);
    }
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++) {
        struct usbip_backend *bus = double_bus(i);
        while (bus && bus->take_event(bus, double_now_us(), &ev)) {
        }
    }
}

void usb_host_double_end(void)
{
    struct double_library *lib = &double_library;
    double_enter();
    if (lib->installed)
        double_fail("the library is still installed");
    if (!base_list_empty(&lib->transfers))
        double_fail("%u transfers were not freed", lib->counts.transfers);
    close_buses();
    double_leave();
    usb_host_double_reset();
}

void usb_host_double_reset(void)
{
    struct double_library *lib = &double_library;
    if (!lib->begun)
        return;
    free_all();
    pthread_cond_destroy(&lib->changed);
    pthread_mutex_destroy(&lib->lock);
    lib->begun = false;
}

struct usb_host_double_counts usb_host_double_counts(void)
{
    struct double_library *lib = &double_library;
    pthread_mutex_lock(&lib->lock);
    struct usb_host_double_counts counts = lib->counts;
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        counts.channels[i] = lib->root[i].channels;
    BASE_LIST_FOR_EACH (const struct usb_device_handle_s, d, &lib->devices, link)
        counts.devices++;
    pthread_mutex_unlock(&lib->lock);
    return counts;
}
