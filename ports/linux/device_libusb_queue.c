// SPDX-License-Identifier: Apache-2.0
// Between the loop and the worker: what the loop wants, and what the worker has to tell. One lock,
// held for a few list operations.
#include "ports/linux/device_libusb_state.h"

#include <string.h>
#include <unistd.h>

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
    pthread_mutex_unlock(&h->lock);
    h->config.wake(h->config.ctx);
}
