// SPDX-License-Identifier: Apache-2.0
// The chip's backend on the double of its library. The library has one root port per bus, so what
// tests plug into port N of bus 1 is plugged into port N of a high-speed hub on the root port:
// "1-3" is "1-1.3" for the backend, and the server sees the tests' names and device numbers.
#include "tests/support/stage_backend.h"

#include "base/base_text.h"
#include "tests/firmware/device_rig.h"

#include <string.h>

enum {
    SECOND_US = 1000000,
    FIRST_DEVNUM = 2, // as the simulated bus numbers
    LAST_DEVNUM = 127,
    DEVICES = 32,
    HUB_PORTS = 15,
    RESERVATION = 64, // bytes in front of payload
    CHANNELS = 64,    // these tests are about other things; the real number has its own
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
    struct usbip_backend backend; // in front of the real one: names
    struct device_rig rig;
    struct stage *stage;
    bool woken;
    uint8_t devnum;
    void *hub;
    char plugged[DEVICES][USB_BUSID_SIZE]; // that the server has been told
    void *devices[DEVICES];
    struct usb_device_info info;
    struct knobs knobs[DEVICES];
    struct held held[DEVICES];
} self;

// --- names ---------------------------------------------------------------------------------------

static void real_busid(char to[USB_BUSID_SIZE], const char *busid)
{
    struct base_text t;
    base_text_init(&t, to, USB_BUSID_SIZE);
    base_text_str(&t, "1-1.");
    base_text_str(&t, busid + strlen("1-"));
}

static bool shown_busid(char to[USB_BUSID_SIZE], const char *busid)
{
    struct base_text t;
    if (strncmp(busid, "1-1.", 4) != 0)
        return false;
    base_text_init(&t, to, USB_BUSID_SIZE);
    base_text_str(&t, "1-");
    base_text_str(&t, busid + 4);
    return true;
}

#define WRAP(result, name, parameters, ...)                                                        \
    result __real_##name parameters;                                                               \
    result __wrap_##name parameters;                                                               \
    result __wrap_##name parameters                                                                \
    {                                                                                              \
        char real[USB_BUSID_SIZE];                                                                 \
        real_busid(real, busid);                                                                   \
        return __real_##name(__VA_ARGS__);                                                         \
    }

WRAP(enum base_err, sim_plug, (struct sim_bus * bus, const char *busid, struct sim_device *d), bus,
     real, d)
WRAP(enum base_err, sim_unplug, (struct sim_bus * bus, const char *busid), bus, real)
WRAP(enum base_err, sim_replug, (struct sim_bus * bus, const char *busid), bus, real)
WRAP(struct sim_device *, sim_find, (struct sim_bus * bus, const char *busid), bus, real)

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

// --- between server and backend ------------------------------------------------------------------

static unsigned slot_of(const void *device)
{
    for (unsigned i = 0; i < DEVICES; i++)
        if (self.devices[i] == device)
            return i;
    check_fail(__FILE__, __LINE__, "more devices than expected, or one that was never plugged in");
}

static bool rename_plugged(struct backend_event *ev)
{
    self.info = *ev->info;
    if (!shown_busid(self.info.busid, ev->info->busid)) {
        self.hub = ev->device;
        return false;
    }
    self.devnum = self.devnum < LAST_DEVNUM ? self.devnum + 1 : FIRST_DEVNUM;
    self.info.devnum = self.devnum;
    ev->info = &self.info;
    unsigned slot = slot_of(NULL);
    self.devices[slot] = ev->device;
    (void)base_text_copy(self.plugged[slot], USB_BUSID_SIZE, self.info.busid);
    return true;
}

// --- answers that wait ---------------------------------------------------------------------------

static uint64_t stage_now(void)
{
    return self.stage->now_us;
}

static void hold(const struct backend_event *ev, uint64_t delay_us)
{
    for (unsigned i = 0; i < DEVICES; i++) {
        struct held *h = &self.held[i];
        if (h->ev.device)
            continue;
        *h = (struct held){.ev = *ev, .at_us = stage_now() + delay_us};
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
        if (!self.held[i].ev.device || self.held[i].at_us > stage_now())
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

static bool rename_unplugged(const struct backend_event *ev)
{
    drop_held(ev->device);
    if (ev->device == self.hub) {
        self.hub = NULL;
        return false;
    }
    unsigned slot = slot_of(ev->device);
    self.devices[slot] = NULL;
    self.plugged[slot][0] = '\0';
    return true;
}

static bool take_event(struct usbip_backend *b, uint64_t now_us, struct backend_event *ev)
{
    struct usbip_backend *real = device_usb_host_backend(self.rig.host);
    (void)b;
    if (take_held(ev))
        return true;
    while (real->take_event(real, now_us, ev)) {
        uint64_t delay_us = delay_of(ev);
        if (delay_us > 0)
            hold(ev, delay_us);
        else if (ev->type == BACKEND_PLUGGED     ? rename_plugged(ev)
                 : ev->type == BACKEND_UNPLUGGED ? rename_unplugged(ev)
                                                 : true)
            return true;
    }
    return false;
}

static struct usbip_backend *real_backend(void)
{
    return device_usb_host_backend(self.rig.host);
}

static void pass_open(struct usbip_backend *b, void *device)
{
    (void)b;
    const struct knobs *k = knobs_of(self.plugged[slot_of(device)]);
    struct backend_event failed = {
        .type = BACKEND_OPENED, .device = device, .result = k->open_result};
    if (k->open_result == BASE_OK)
        real_backend()->open(real_backend(), device);
    else
        hold(&failed, k->open_us);
}

static void pass_close(struct usbip_backend *b, void *device)
{
    (void)b;
    drop_held(device); // an answer is no longer wanted
    real_backend()->close(real_backend(), device);
}

static void pass_submit(struct usbip_backend *b, struct usb_urb *urb)
{
    (void)b;
    real_backend()->submit(real_backend(), urb);
}

static void pass_cancel(struct usbip_backend *b, struct usb_urb *urb)
{
    (void)b;
    real_backend()->cancel(real_backend(), urb);
}

static void pass_control(struct usbip_backend *b, void *device, const struct usb_control_op *op)
{
    (void)b;
    real_backend()->control(real_backend(), device, op);
}

// The stage counts and limits memory: payload is counted there too, by a block that lies idle and
// that the first bytes of the real one name.
static void *pass_alloc(struct usbip_backend *b, uint32_t size)
{
    (void)b;
    if (size > UINT32_MAX - RESERVATION)
        return NULL;
    void *reserved = base_alloc(&self.stage->heap.alloc, size);
    uint8_t *p = reserved ? real_backend()->buffer_alloc(real_backend(), size + RESERVATION) : NULL;
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
    real_backend()->buffer_free(real_backend(), whole - RESERVATION, size + RESERVATION);
}

static uint64_t pass_deadline(struct usbip_backend *b)
{
    uint64_t first_us = real_backend()->next_deadline(real_backend());
    (void)b;
    for (unsigned i = 0; i < DEVICES; i++)
        if (self.held[i].ev.device && self.held[i].at_us < first_us)
            first_us = self.held[i].at_us;
    return first_us;
}

// --- the stage's side ----------------------------------------------------------------------------

static uint64_t stage_now_us(void *ctx)
{
    return ((struct stage *)ctx)->now_us;
}

static void fail_test(const char *reason)
{
    check_fail("USB host library", 0, "%s", reason);
}

static void wake(void)
{
    self.woken = true;
}

const struct stage_abilities stage_abilities = {.translates = false}; // nor anything else

bool stage_backend_create(struct stage *st)
{
    memset(&self, 0, sizeof self);
    self.stage = st;
    self.devnum = FIRST_DEVNUM - 1;
    self.backend = (struct usbip_backend){.open = pass_open,
                                          .close = pass_close,
                                          .submit = pass_submit,
                                          .cancel = pass_cancel,
                                          .control = pass_control,
                                          .buffer_alloc = pass_alloc,
                                          .buffer_free = pass_free,
                                          .take_event = take_event,
                                          .next_deadline = pass_deadline};
    usb_host_double_on_failure(fail_test);
    usb_host_double_reset(); // what a failed test left
    struct sim_bus *bus = sim_bus_create(&st->heap.alloc, 1);
    struct sim_device *hub = bus ? sim_hub_create(bus, HUB_PORTS) : NULL;
    if (!hub || __real_sim_plug(bus, "1-1", hub) != BASE_OK) {
        if (hub)
            hub->ops->destroy(hub);
        sim_bus_destroy(bus);
        return false;
    }
    st->bus = bus;
    const struct usb_host_double_config library = {.bus = {bus},
                                                   .channels = {CHANNELS},
                                                   .now_us = stage_now_us,
                                                   .ctx = st,
                                                   .errors_before_gone = true};
    device_rig_begin(&self.rig, &library, wake);
    device_rig_settle(&self.rig);
    return true;
}

void stage_backend_destroy(struct stage *st)
{
    device_rig_end(&self.rig);
    sim_bus_destroy(st->bus);
}

struct usbip_backend *stage_backend(struct stage *st)
{
    (void)st;
    return &self.backend;
}

bool stage_backend_run(struct stage *st)
{
    (void)st;
    device_rig_settle(&self.rig);
    bool woken = self.woken;
    self.woken = false;
    return woken;
}

uint64_t stage_backend_deadline(struct stage *st)
{
    (void)st;
    return device_rig_deadline(&self.rig);
}

static bool is_plugged(const char *busid)
{
    for (unsigned i = 0; i < DEVICES; i++)
        if (strcmp(self.plugged[i], busid) == 0)
            return true;
    return false;
}

void stage_backend_plugged(struct stage *st, const char *busid)
{
    uint64_t end_us = st->now_us + 10 * SECOND_US;
    stage_settle(st);
    while (!is_plugged(busid) && st->now_us < end_us)
        stage_advance(st, SECOND_US / 100);
}
