// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/program.h"
#include "ports/posix/posix_time.h"
#include "sim/set/sim_set.h"

#include <stdio.h>

enum {
    SIM_BUS = 1,
    SIM_BUS_BESIDE_USB = 100, // Linux counts its own from 1
    OPEN_US = 20000000,       // how long opening a file behind a device may take,
    ANSWER_US = 5000000,      // and what it has to do, before that is told
    LAST_WRITES_US = 2000000, // how long the end waits for them
};

static bool start_simulated(struct program *p)
{
    const struct sim_files files = {
        .open_image = sim_file_image,
        .open_recording = sim_file_recording,
        .ctx = &p->files,
    };
    p->files =
        (struct sim_file_port){file_threads_create(OPEN_US, ANSWER_US), server_eventlog(p->server)};
    p->bus = sim_bus_create(&p->alloc, p->options.usb ? SIM_BUS_BESIDE_USB : SIM_BUS);
    if (!p->bus || !p->files.threads) {
        snprintf(p->why, WHY_SIZE, "no memory for the simulated devices");
        return false;
    }
    char why[WHY_SIZE / 2];
    enum base_err err = sim_set_plug(p->bus, p->options.sim, &files, why, sizeof why);
    if (err != BASE_OK) {
        snprintf(p->why, WHY_SIZE, "--sim: %s", why);
        p->status = err == BASE_ERR_NOMEM || err == BASE_ERR_IO ? EXIT_START : EXIT_OPTIONS;
        return false;
    }
    return server_add_backend(p->server, sim_bus_backend(p->bus)) == BASE_OK;
}

static void wake_loop(void *ctx)
{
    const struct program *p = ctx;
    if (p->loop)
        posix_loop_wake(p->loop);
}

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return posix_now_us();
}

static bool start_usb(struct program *p)
{
    const struct device_libusb_config config = {
        .root = "",
        .log = server_eventlog(p->server),
        .wake = wake_loop,
        .now_us = now_us,
        .ctx = p,
    };
    const char *why;
    if (!p->options.usb)
        return true;
    p->usb = device_libusb_create(&config, &why);
    if (!p->usb)
        snprintf(p->why, WHY_SIZE, "--usb: %s", why);
    return p->usb && server_add_backend(p->server, device_libusb_backend(p->usb)) == BASE_OK;
}

static void usb_ready(void *ctx, short revents)
{
    (void)revents;
    device_libusb_ready(ctx);
}

static bool run_usb(struct program *p)
{
    if (!p->usb)
        return true;
    p->usb_watch = (struct posix_watch){
        .fd = device_libusb_fd(p->usb),
        .events = POLLIN,
        .ready = usb_ready,
        .ctx = p->usb,
    };
    if (posix_loop_watch(p->loop, &p->usb_watch) && device_libusb_start(p->usb))
        return true;
    snprintf(p->why, WHY_SIZE, "--usb: cannot wait for devices");
    return false;
}

static void files_ready(void *ctx, short revents)
{
    (void)revents;
    file_threads_tell(ctx);
}

static bool watch_files(struct program *p)
{
    p->files_watch = (struct posix_watch){
        .fd = file_threads_fd(p->files.threads),
        .events = POLLIN,
        .ready = files_ready,
        .ctx = p->files.threads,
    };
    if (posix_loop_watch(p->loop, &p->files_watch))
        return true;
    snprintf(p->why, WHY_SIZE, "cannot wait for files");
    return false;
}

bool program_start_devices(struct program *p)
{
    return start_simulated(p) && start_usb(p);
}

bool program_watch_devices(struct program *p)
{
    return watch_files(p) && run_usb(p);
}

void program_quiet_devices(struct program *p)
{
    device_libusb_stop(p->usb);
}

void program_end_devices(struct program *p)
{
    device_libusb_destroy(p->usb);
    if (p->bus)
        sim_bus_destroy(p->bus);
    if (p->files.threads)
        file_threads_end(p->files.threads, posix_now_us() + LAST_WRITES_US);
}
