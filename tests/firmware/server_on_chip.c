// SPDX-License-Identifier: Apache-2.0
// For tests: usbip-server, but --usb are the devices of the chip. Its backend of real devices is
// not device_libusb.c, whose functions are here: they lead to the firmware's device_usb_host, with
// its tasks as threads, on the double of the USB host library. What is plugged in is simulated: in
// the high-speed port a hub, and what commands on standard input say, one a line: "plug BUSID
// DEVICE" (as --sim, in place of what was there), "unplug BUSID", "pattern BUSID" (a zero device's
// data counts). "1-1.N" are the hub's ports, "2-1" is the full-speed port.
#include "device_usb_host.h"
#include "device_usb_host_speed.h"
#include "ports/linux/device_libusb.h"
#include "ports/posix/posix_time.h"
#include "sim/device/faulty/sim_faulty.h"
#include "sim/device/sim_recording.h"
#include "sim/device/sim_zero.h"
#include "sim/set/sim_set.h"
#include "sim/set/sim_set_option.h"
#include "tests/firmware/usb_host_double.h"
#include "tests/support/heap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    TURN_MS = 100,
    MAX_DEVICES = 24, // as main_usb.c
    HUB_PORTS = 7,
    LINE_SIZE = 1024,
    RAW_BYTES = 2048,
    WHY_SIZE = 128,
};

struct device_libusb {
    struct device_usb_host *host;
    struct sim_bus *bus[USB_HOST_DOUBLE_PORTS];
    struct device_libusb_config config;
    pthread_t daemon, client;
    atomic_bool ending;
    int fd; // nothing ever comes there: the backend wakes the loop
};

// In the chip registers.
void device_usb_host_speed_full_only(void) {}

bool device_usb_host_root_connected(unsigned port)
{
    return usb_host_double_connected(port);
}

unsigned device_usb_host_packets_max(unsigned port)
{
    return usb_host_double_packets_max(port);
}

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return posix_now_us();
}

static void wake(void *ctx)
{
    const struct device_libusb *h = ctx;
    if (!atomic_load(&h->ending)) // then there is no loop any more
        h->config.wake(h->config.ctx);
}

// Where the chip would abort.
static _Noreturn void broken(const char *reason)
{
    (void)fprintf(stderr, "USB host library: %s\n", reason);
    _exit(1);
}

// --- files of the simulated devices --------------------------------------------------------------

static enum base_err append(void *ctx, const void *bytes, size_t size)
{
    return fwrite(bytes, 1, size, ctx) == size && fflush(ctx) == 0 ? BASE_OK : BASE_ERR_IO;
}

static void close_recording(void *ctx)
{
    (void)fclose(ctx);
}

static enum base_err open_recording(void *ctx, const char *path, struct sim_recording *recording,
                                    char *why, size_t why_size)
{
    (void)ctx;
    FILE *file = fopen(path, "ae");
    if (!file) {
        (void)snprintf(why, why_size, "cannot record to %s", path);
        return BASE_ERR_IO;
    }
    *recording = (struct sim_recording){append, close_recording, file};
    return BASE_OK;
}

// --- devices in hex ------------------------------------------------------------------------------

// "raw:SPEED:DEVICE:CONFIGURATION[:CONFIGURATION]": one that says this of itself and answers as
// sim_faulty.h has it. The bytes stay for the life of the program.
static struct {
    uint8_t bytes[RAW_BYTES];
    size_t used;
} raw;

static struct base_span read_hex(const char *text)
{
    struct base_span s = {raw.bytes + raw.used, strlen(text) / 2};
    if (s.size > sizeof raw.bytes - raw.used)
        broken("too many devices in hex");
    for (size_t i = 0; i < s.size; i++) {
        const char digits[] = {text[2 * i], text[2 * i + 1], '\0'};
        raw.bytes[raw.used++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return s;
}

static struct sim_device *create_raw(struct sim_bus *bus, char *text)
{
    char *device = sim_set_cut(text, ':'), *config = device ? sim_set_cut(device, ':') : NULL;
    struct sim_faulty_options options = {.speed = strcmp(text, "high") == 0 ? USB_SPEED_HIGH
                                                                            : USB_SPEED_FULL};
    if (!config)
        return NULL;
    options.device = read_hex(device).data;
    for (unsigned i = 0; config && i < USB_MAX_CONFIGS; i++) {
        char *next = sim_set_cut(config, ':');
        struct base_span s = read_hex(config);
        options.configs[i] = s.data;
        options.config_sizes[i] = (uint16_t)s.size;
        config = next;
    }
    return sim_faulty_create(bus, &options);
}

// --- commands ------------------------------------------------------------------------------------

static struct sim_device *create(struct sim_bus *bus, char *device, struct base_text *why)
{
    static const struct sim_files files = {.open_recording = open_recording};
    char *options = sim_set_cut(device, ':');
    if (strcmp(device, "raw") == 0 && options)
        return create_raw(bus, options);
    for (unsigned i = 0; sim_set_kinds[i]; i++) {
        struct sim_spec spec = {.kind = sim_set_kinds[i], .bus = bus, .files = &files, .why = why};
        if (strcmp(spec.kind->name, device) == 0)
            return sim_set_read_options(&spec, options) ? spec.kind->create(&spec) : NULL;
    }
    return NULL;
}

static bool plug(struct sim_bus *bus, const char *busid, char *device)
{
    char why[WHY_SIZE];
    struct base_text t;
    base_text_init(&t, why, sizeof why);
    struct sim_device *d = create(bus, device, &t);
    if (!d)
        return false;
    (void)sim_unplug(bus, busid);
    if (sim_plug(bus, busid, d) == BASE_OK)
        return true;
    d->ops->destroy(d);
    return false;
}

static bool count(struct sim_bus *bus, const char *busid)
{
    struct sim_device *zero = sim_find(bus, busid);
    if (zero)
        sim_zero_set_pattern(zero, 1);
    return zero != NULL;
}

static bool carry_out(struct device_libusb *h, char *line)
{
    char *busid = sim_set_cut(line, ' '), *device = busid ? sim_set_cut(busid, ' ') : NULL;
    if (!busid || (busid[0] != '1' && busid[0] != '2'))
        return false;
    struct sim_bus *bus = h->bus[busid[0] - '1'];
    if (strcmp(line, "plug") == 0)
        return device && plug(bus, busid, device);
    if (strcmp(line, "unplug") == 0)
        return sim_unplug(bus, busid) == BASE_OK;
    return strcmp(line, "pattern") == 0 && count(bus, busid);
}

static void *read_commands(void *ctx)
{
    struct device_libusb *h = ctx;
    char line[LINE_SIZE], command[LINE_SIZE];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        memcpy(command, line, sizeof command);
        usb_host_double_lock();
        bool done = carry_out(h, command);
        usb_host_double_unlock();
        (void)fprintf(stderr, "%s: %s\n", line, done ? "done" : "failed");
    }
    return NULL;
}

// --- the firmware's tasks ------------------------------------------------------------------------

static void *run_daemon(void *ctx)
{
    struct device_libusb *h = ctx;
    while (!atomic_load(&h->ending))
        device_usb_host_library_turn(h->host, TURN_MS);
    return NULL;
}

static void *run_client(void *ctx)
{
    struct device_libusb *h = ctx;
    while (!atomic_load(&h->ending))
        device_usb_host_client_turn(h->host, TURN_MS);
    return NULL;
}

static bool plug_a_hub(struct device_libusb *h)
{
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        h->bus[i] = sim_bus_create(&heap, (uint8_t)(i + 1));
    struct sim_device *hub = h->bus[0] && h->bus[1] ? sim_hub_create(h->bus[0], HUB_PORTS) : NULL;
    return hub && sim_plug(h->bus[0], "1-1", hub) == BASE_OK;
}

// --- what the program calls ----------------------------------------------------------------------

struct device_libusb *device_libusb_create(const struct device_libusb_config *config,
                                           const char **why)
{
    struct device_libusb *h = calloc(1, sizeof *h);
    *why = "no memory";
    if (!h || !plug_a_hub(h) || (h->fd = eventfd(0, EFD_CLOEXEC)) < 0)
        return NULL;
    const struct usb_host_double_config library = {
        .bus = {h->bus[0], h->bus[1]}, .now_us = now_us, .threads = true};
    const struct device_usb_host_config chip = {
        .high_speed_port = true,
        .full_speed_port = true,
        .log = config->log,
        .max_devices = MAX_DEVICES,
        .now_us = now_us,
        .wake = wake,
        .ctx = h,
    };
    h->config = *config;
    usb_host_double_on_failure(broken);
    usb_host_double_begin(&library);
    h->host = device_usb_host_create(&chip, why);
    return h->host ? h : NULL;
}

struct usbip_backend *device_libusb_backend(struct device_libusb *h)
{
    return device_usb_host_backend(h->host);
}

int device_libusb_fd(const struct device_libusb *h)
{
    return h->fd;
}

void device_libusb_ready(struct device_libusb *h)
{
    (void)h;
}

bool device_libusb_start(struct device_libusb *h)
{
    pthread_t commands;
    if (pthread_create(&h->daemon, NULL, run_daemon, h) != 0 ||
        pthread_create(&h->client, NULL, run_client, h) != 0 ||
        pthread_create(&commands, NULL, read_commands, h) != 0)
        broken("no threads");
    return pthread_detach(commands) == 0;
}

void device_libusb_stop(struct device_libusb *h)
{
    atomic_store(&h->ending, true);
    pthread_join(h->daemon, NULL);
    pthread_join(h->client, NULL);
}

void device_libusb_destroy(struct device_libusb *h)
{
    if (!device_usb_host_destroy(h->host))
        broken("the library does not let go");
    usb_host_double_end();
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        sim_bus_destroy(h->bus[i]);
    (void)close(h->fd);
    free(h);
}
