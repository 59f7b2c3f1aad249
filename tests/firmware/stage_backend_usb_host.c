// SPDX-License-Identifier: Apache-2.0
// The chip's backend on the double of its library. The library has one root port per bus, so what
// tests plug into port N of bus 1 is plugged into port N of a high-speed hub on the root port:
// "1-3" is "1-1.3" for the backend, and the server sees the tests' names and device numbers.
#include "tests/support/stage_backend.h"

#include "base/base_text.h"
#include "tests/firmware/device_rig.h"
#include "tests/support/stage_delay.h"

#include <string.h>

enum {
    SECOND_US = 1000000,
    FIRST_DEVNUM = 2, // as the simulated bus numbers
    LAST_DEVNUM = 127,
    HUB_PORTS = 15,
    CHANNELS = 64, // these tests are about other things; the real number has its own
};

static struct {
    struct usbip_backend names;    // in front of the real one
    struct usbip_backend *backend; // in front of that: delays
    struct device_rig rig;
    bool woken;
    uint8_t devnum;
    void *hub;
    struct usb_device_info info;
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

// --- between server and backend ------------------------------------------------------------------

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
    return true;
}

static bool drop_hub(const struct backend_event *ev)
{
    if (ev->device != self.hub)
        return true;
    self.hub = NULL;
    return false;
}

static struct usbip_backend *real_backend(void)
{
    return device_usb_host_backend(self.rig.host);
}

static bool take_event(struct usbip_backend *b, uint64_t now_us, struct backend_event *ev)
{
    struct usbip_backend *real = real_backend();
    (void)b;
    while (real->take_event(real, now_us, ev))
        if (ev->type == BACKEND_PLUGGED     ? rename_plugged(ev)
            : ev->type == BACKEND_UNPLUGGED ? drop_hub(ev)
                                            : true)
            return true;
    return false;
}

static void pass_open(struct usbip_backend *b, void *device)
{
    (void)b;
    real_backend()->open(real_backend(), device);
}

static void pass_close(struct usbip_backend *b, void *device)
{
    (void)b;
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

static void *pass_alloc(struct usbip_backend *b, uint32_t size)
{
    (void)b;
    return real_backend()->buffer_alloc(real_backend(), size);
}

static void pass_free(struct usbip_backend *b, void *p, uint32_t size)
{
    (void)b;
    real_backend()->buffer_free(real_backend(), p, size);
}

static uint64_t pass_deadline(struct usbip_backend *b)
{
    (void)b;
    return real_backend()->next_deadline(real_backend());
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

const struct stage_abilities stage_abilities = {
    .opens_odd_headers = true, .asks_for_any = true, .tells_frames = true, .session_requests = 1};

bool stage_backend_create(struct stage *st)
{
    memset(&self, 0, sizeof self);
    self.devnum = FIRST_DEVNUM - 1;
    self.names = (struct usbip_backend){.open = pass_open,
                                        .close = pass_close,
                                        .submit = pass_submit,
                                        .cancel = pass_cancel,
                                        .control = pass_control,
                                        .buffer_alloc = pass_alloc,
                                        .buffer_free = pass_free,
                                        .take_event = take_event,
                                        .next_deadline = pass_deadline};
    self.backend = stage_delay_begin(st, &self.names);
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
    return self.backend;
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

void stage_backend_plugged(struct stage *st, const char *busid)
{
    uint64_t end_us = st->now_us + 10 * SECOND_US;
    stage_settle(st);
    while (!stage_delay_is_plugged(busid) && st->now_us < end_us)
        stage_advance(st, SECOND_US / 100);
}
