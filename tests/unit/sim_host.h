// SPDX-License-Identifier: Apache-2.0
// A host for tests of the simulated bus itself: several devices, every event remembered,
// allocations that can fail, time that moves only when told. Tests of a single device use
// support/sim_rig.h.
#pragma once

#include "sim/bus/sim_bus.h"
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/check.h"

enum { HOST_DEVICES = 8, HOST_EVENTS = 64, HOST_PACKETS = 16, HOST_PATTERN = 16384 };

struct host_event {
    enum backend_event_type type;
    char busid[USB_BUSID_SIZE]; // "" for an URB
    struct usb_urb *urb;
};

// What the core would know of a device.
struct host_device {
    char busid[USB_BUSID_SIZE];
    void *handle;
    bool present;
    struct usb_device_info info; // of the last PLUGGED
    unsigned opened, closed, controls, unplugged;
    enum base_err open_result;
    int32_t control_status;
};

struct host {
    struct base_alloc alloc;
    unsigned blocks;    // allocated now
    uint64_t allocs;    // calls so far
    uint64_t fail_from; // this call and all after it fail; 0: none
    struct sim_bus *bus;
    struct usbip_backend *backend;
    uint64_t now_us;
    struct host_device devices[HOST_DEVICES];
    struct host_event events[HOST_EVENTS]; // the first since host_forget()
    unsigned event_count;
    unsigned urbs_done;
};

struct host_urb {
    struct usb_urb u;
    bool done;
    unsigned order; // 1: the first URB of the host that came back
    struct usb_iso_packet packets[HOST_PACKETS];
};

// The usual scene: the conformance device D1 (sim_faulty.h) in port 1-1, plugged in and opened.
struct stand {
    struct host h;
    struct sim_device *d;
    struct host_device *dev;
    uint8_t data[1024];
};
void stand_begin(struct stand *s);
void stand_begin_with(struct stand *s, const struct sim_faulty_options *options);
void stand_end(struct stand *s);

// Bytes that differ from their neighbours, HOST_PATTERN of them.
const uint8_t *host_pattern(void);

void host_begin(struct host *h);
void host_end(struct host *h); // destroys the bus; nothing may be left allocated

void host_settle(struct host *h); // takes all events there are now
void host_advance(struct host *h, uint64_t us);
void host_forget(struct host *h);
uint64_t host_deadline(struct host *h);

struct host_device *host_device(struct host *h, const char *busid);

// Plugs `d` (never NULL) in and opens it.
struct host_device *host_start(struct host *h, const char *busid, struct sim_device *d);
struct host_device *host_open(struct host *h, const char *busid);
void host_close(struct host *h, struct host_device *d);

// An URB for an endpoint; a buffer of exactly `length` bytes, zeroed or with `data`.
void host_urb(struct host *h, struct host_urb *t, struct host_device *d, uint8_t ep,
              enum usb_transfer_type type, uint32_t length, const void *data);
void host_submit(struct host *h, struct host_urb *t); // and settles
void host_cancel(struct host *h, struct host_urb *t); // and settles
void host_free(struct host *h, struct host_urb *t);

// One whole transfer. Returns the status; it must end. `actual` may be NULL.
int32_t host_in(struct host *h, struct host_device *d, uint8_t ep, void *data, uint32_t length,
                uint32_t *actual);
int32_t host_out(struct host *h, struct host_device *d, uint8_t ep, const void *data,
                 uint32_t length);

// A control URB; `setup` as 8 bytes in hex ("8006000100001200").
void host_control_urb(struct host *h, struct host_urb *t, struct host_device *d, const char *setup,
                      const void *data);
// One control transfer that must end: bytes moved, or the status if that is an error.
int host_request(struct host *h, struct host_device *d, const char *setup, void *data);

// A pipe change; returns its status. It must end.
int32_t host_change(struct host *h, struct host_device *d, enum usb_control_type type,
                    uint8_t interface, uint8_t value);
