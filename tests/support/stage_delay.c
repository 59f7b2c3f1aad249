// SPDX-License-Identifier: Apache-2.0
#include "tests/support/stage_delay.h"

#include "base/base_text.h"

#include <string.h>

enum {
    DEVICES = 32,
    RESERVATION = 64, // bytes in front of payload
};

// What sim_delay_open() and its like say of a port: answers come so much later.
struct knobs {
    char busid[USB_BUSID_SIZE];
    uint64_t open_us, close_us, control_us;
    enum base_err open_result;
};

// An answer that waits. No device: free.
struct held {
    struct backend_event ev;
    uint64_t at_us;
};

static struct {
    struct usbip_backend backend; // in front of the real one
    struct usbip_backend *real;
    struct stage *stage;
    char plugged[DEVICES][USB_BUSID_SIZE]; // that the server has been told
    void *devices[DEVICES];
    struct knobs knobs[DEVICES];
    struct held held[DEVICES];
} self;

// --- knobs ---------------------------------------------------------------------------------------

static struct knobs *knobs_of(const char *busid)
{
    for (unsigned i = 0; i < DEVICES; i++) {
        struct knobs *k = &self.knobs[i];
        if (k->busid[0] == '\0')
            (void)base_text_copy(k->busid, sizeof k->busid, busid);
        if (strcmp(k->busid, busid) == 0)
            return k;
    }
    check_fail(__FILE__, __LINE__, "no place for the knobs of %s", busid);
}

void __wrap_sim_delay_open(struct sim_bus *bus, const char *busid, uint64_t delay_us,
                           enum base_err result);
void __wrap_sim_delay_open(struct sim_bus *bus, const char *busid, uint64_t delay_us,
                           enum base_err result)
{
    (void)bus;
    knobs_of(busid)->open_us = delay_us;
    knobs_of(busid)->open_result = result;
}

void __wrap_sim_delay_close(struct sim_bus *bus, const char *busid, uint64_t delay_us);
void __wrap_sim_delay_close(struct sim_bus *bus, const char *busid, uint64_t delay_us)
{
    (void)bus;
    knobs_of(busid)->close_us = delay_us;
}

void __wrap_sim_delay_control(struct sim_bus *bus, const char *busid, uint64_t delay_us);
void __wrap_sim_delay_control(struct sim_bus *bus, const char *busid, uint64_t delay_us)
{
    (void)bus;
    knobs_of(busid)->control_us = delay_us;
}

// --- devices -------------------------------------------------------------------------------------

static unsigned slot_of(const void *device)
{
    for (unsigned i = 0; i < DEVICES; i++)
        if (self.devices[i] == device)
            return i;
    check_fail(__FILE__, __LINE__, "more devices than expected, or one that was never plugged in");
}

bool stage_delay_is_plugged(const char *busid)
{
    for (unsigned i = 0; i < DEVICES; i++)
        if (strcmp(self.plugged[i], busid) == 0)
            return true;
    return false;
}

// --- answers that wait ---------------------------------------------------------------------------

static void hold(const struct backend_event *ev, uint64_t delay_us)
{
    for (unsigned i = 0; i < DEVICES; i++) {
        struct held *h = &self.held[i];
        if (h->ev.device)
            continue;
        *h = (struct held){.ev = *ev, .at_us = self.stage->now_us + delay_us};
        if (h->at_us < delay_us)
            h->at_us = UINT64_MAX;
        return;
    }
    check_fail(__FILE__, __LINE__, "too many answers wait");
}

static void drop_held(const void *device)
{
    for (unsigned i = 0; i < DEVICES; i++)
        if (self.held[i].ev.device == device)
            self.held[i] = (struct held){0};
}

static bool take_held(struct backend_event *ev)
{
    for (unsigned i = 0; i < DEVICES; i++) {
        if (!self.held[i].ev.device || self.held[i].at_us > self.stage->now_us)
            continue;
        *ev = self.held[i].ev;
        self.held[i] = (struct held){0};
        return true;
    }
    return false;
}

// How much later than it came. 0: at once.
static uint64_t delay_of(const struct backend_event *ev)
{
    if (ev->type != BACKEND_OPENED && ev->type != BACKEND_CLOSED &&
        ev->type != BACKEND_CONTROL_DONE)
        return 0;
    const struct knobs *k = knobs_of(self.plugged[slot_of(ev->device)]);
    return ev->type == BACKEND_OPENED   ? k->open_us
           : ev->type == BACKEND_CLOSED ? k->close_us
                                        : k->control_us;
}

static void follow(const struct backend_event *ev)
{
    if (ev->type == BACKEND_PLUGGED) {
        unsigned slot = slot_of(NULL);
        self.devices[slot] = ev->device;
        (void)base_text_copy(self.plugged[slot], USB_BUSID_SIZE, ev->info->busid);
    } else if (ev->type == BACKEND_UNPLUGGED) {
        unsigned slot = slot_of(ev->device);
        drop_held(ev->device);
        self.devices[slot] = NULL;
        self.plugged[slot][0] = '\0';
    }
}

static bool take_event(struct usbip_backend *b, uint64_t now_us, struct backend_event *ev)
{
    (void)b;
    if (take_held(ev))
        return true;
    while (self.real->take_event(self.real, now_us, ev)) {
        uint64_t delay_us = delay_of(ev);
        follow(ev);
        if (delay_us == 0)
            return true;
        hold(ev, delay_us);
    }
    return false;
}

// --- the other calls -----------------------------------------------------------------------------

static void pass_open(struct usbip_backend *b, void *device)
{
    (void)b;
    const struct knobs *k = knobs_of(self.plugged[slot_of(device)]);
    struct backend_event failed = {
        .type = BACKEND_OPENED, .device = device, .result = k->open_result};
    if (k->open_result == BASE_OK)
        self.real->open(self.real, device);
    else
        hold(&failed, k->open_us);
}

static void pass_close(struct usbip_backend *b, void *device)
{
    (void)b;
    drop_held(device); // an answer is no longer wanted
    self.real->close(self.real, device);
}

static void pass_submit(struct usbip_backend *b, struct usb_urb *urb)
{
    (void)b;
    self.real->submit(self.real, urb);
}

static void pass_cancel(struct usbip_backend *b, struct usb_urb *urb)
{
    (void)b;
    self.real->cancel(self.real, urb);
}

static void pass_control(struct usbip_backend *b, void *device, const struct usb_control_op *op)
{
    (void)b;
    self.real->control(self.real, device, op);
}

// The stage counts and limits memory: payload is counted there too, by a block that lies idle and
// that the first bytes of the real one name.
static void *pass_alloc(struct usbip_backend *b, uint32_t size)
{
    (void)b;
    if (size > UINT32_MAX - RESERVATION)
        return NULL;
    void *reserved = base_alloc(&self.stage->heap.alloc, size);
    uint8_t *p = reserved ? self.real->buffer_alloc(self.real, size + RESERVATION) : NULL;
    if (!p) {
        base_free(&self.stage->heap.alloc, reserved);
        return NULL;
    }
    memcpy(p, &reserved, sizeof reserved);
    return p + RESERVATION;
}

static void pass_free(struct usbip_backend *b, void *p, uint32_t size)
{
    void *reserved;
    uint8_t *whole = p;
    (void)b;
    if (!whole)
        return;
    memcpy(&reserved, whole - RESERVATION, sizeof reserved);
    base_free(&self.stage->heap.alloc, reserved);
    self.real->buffer_free(self.real, whole - RESERVATION, size + RESERVATION);
}

static uint64_t pass_deadline(struct usbip_backend *b)
{
    uint64_t first_us = self.real->next_deadline(self.real);
    (void)b;
    for (unsigned i = 0; i < DEVICES; i++)
        if (self.held[i].ev.device && self.held[i].at_us < first_us)
            first_us = self.held[i].at_us;
    return first_us;
}

struct usbip_backend *stage_delay_begin(struct stage *st, struct usbip_backend *real)
{
    memset(&self, 0, sizeof self);
    self.stage = st;
    self.real = real;
    self.backend = (struct usbip_backend){.open = pass_open,
                                          .close = pass_close,
                                          .submit = pass_submit,
                                          .cancel = pass_cancel,
                                          .control = pass_control,
                                          .buffer_alloc = pass_alloc,
                                          .buffer_free = pass_free,
                                          .take_event = take_event,
                                          .next_deadline = pass_deadline};
    return &self.backend;
}
