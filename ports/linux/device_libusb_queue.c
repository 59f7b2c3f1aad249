// SPDX-License-Identifier: Apache-2.0
// Between the loop and the worker: what the loop wants, and what the worker has to tell. One lock,
// held for a few list operations.
#include "ports/linux/device_libusb_state.h"

#include <string.h>
#include <unistd.h>

enum { HANGS_US = 8000000 }; // the kernel itself gives a request 5 s

void device_wake_worker(struct device_libusb *h)
{
    const uint64_t one = 1;
    (void)!write(h->wake_fd, &one, sizeof one);
}

// --- loop ----------------------------------------------------------------------------------------

void device_ask(struct device *d, bool *wish)
{
    struct device_libusb *h = d->host;
    pthread_mutex_lock(&h->lock);
    *wish = true;
    if (base_list_empty(&d->wish.link))
        base_list_append(&h->asked, &d->wish.link);
    pthread_mutex_unlock(&h->lock);
    device_wake_worker(h);
}

void device_ask_control(struct device *d, const struct usb_control_op *op)
{
    pthread_mutex_lock(&d->host->lock);
    d->wish.op = *op;
    pthread_mutex_unlock(&d->host->lock);
    device_ask(d, &d->wish.control);
}

bool device_told(struct device_libusb *h, struct device_note *note)
{
    pthread_mutex_lock(&h->lock);
    struct base_list *first = base_list_pop(&h->notes);
    if (first)
        *note = *BASE_CONTAINER(first, struct device_note, link);
    pthread_mutex_unlock(&h->lock);
    return first != NULL;
}

// --- worker --------------------------------------------------------------------------------------

bool device_asked(struct device_libusb *h, struct device **d, struct device_wish *wish)
{
    pthread_mutex_lock(&h->lock);
    struct base_list *first = base_list_pop(&h->asked);
    if (first) {
        *d = BASE_CONTAINER(first, struct device, wish.link);
        *wish = (*d)->wish;
        (*d)->wish.open = (*d)->wish.close = (*d)->wish.control = (*d)->wish.forget = false;
    }
    pthread_mutex_unlock(&h->lock);
    return first != NULL;
}

void device_tell(struct device *d, const struct device_note *note)
{
    struct device_libusb *h = d->host;
    struct device_note *n = &d->note[note->news];
    pthread_mutex_lock(&h->lock);
    struct base_list link = n->link;
    bool is_new = base_list_empty(&n->link);
    *n = *note;
    n->device = d;
    if (is_new)
        base_list_append(&h->notes, &n->link);
    else
        n->link = link;
    bool ending = h->ending;
    pthread_mutex_unlock(&h->lock);
    if (!ending)
        h->config.wake(h->config.ctx);
}

// --- a call that hangs ---------------------------------------------------------------------------

void device_call_begin(const struct device *d)
{
    struct device_libusb *h = d->host;
    pthread_mutex_lock(&h->lock);
    bool free = !h->call.told; // else the loop has still to say that the last one is over
    if (free) {
        h->call = (struct device_call){.since_us = h->config.now_us(h->config.ctx)};
        memcpy(h->call.busid, d->info.busid, sizeof h->call.busid);
    }
    bool ending = h->ending;
    pthread_mutex_unlock(&h->lock);
    if (free && !ending)
        h->config.wake(h->config.ctx); // which has a deadline now
}

void device_call_end(struct device_libusb *h)
{
    pthread_mutex_lock(&h->lock);
    h->call.end_us = h->config.now_us(h->config.ctx);
    if (!h->call.told)
        h->call.busid[0] = '\0';
    bool ending = h->ending, told = h->call.told;
    pthread_mutex_unlock(&h->lock);
    if (told && !ending)
        h->config.wake(h->config.ctx);
}

static void tell_call(struct device_libusb *h, const struct device_call *c, uint64_t now_us)
{
    const uint32_t seconds = (uint32_t)((c->end_us - c->since_us) / 1000000);
    struct eventlog_event e = {.time_us = now_us, .what = EVENTLOG(device_hangs)};
    if (c->end_us != 0)
        e.what = EVENTLOG_WITH(device_hangs_over, .seconds = seconds);
    memcpy(e.busid, c->busid, sizeof e.busid);
    eventlog_record(h->config.log, &e);
}

void device_call_look(struct device_libusb *h, uint64_t now_us)
{
    pthread_mutex_lock(&h->lock);
    struct device_call *c = &h->call, is = *c;
    bool hangs = is.busid[0] && !is.told && is.end_us == 0 && now_us >= is.since_us + HANGS_US;
    bool over = is.told && is.end_us != 0;
    c->told |= hangs;
    if (over)
        *c = (struct device_call){0};
    pthread_mutex_unlock(&h->lock);
    if (hangs || over)
        tell_call(h, &is, now_us);
}

uint64_t device_call_deadline(struct device_libusb *h)
{
    pthread_mutex_lock(&h->lock);
    const struct device_call *c = &h->call;
    bool waits = c->busid[0] && !c->told && c->end_us == 0;
    uint64_t at_us = waits ? c->since_us + HANGS_US : UINT64_MAX;
    pthread_mutex_unlock(&h->lock);
    return at_us;
}
