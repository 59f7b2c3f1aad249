// SPDX-License-Identifier: Apache-2.0
// Drives any device backend through its contract (server_backend.h), as the core would: devices
// come and go, URBs and pipe changes are asked for, every event is taken and remembered, and time
// moves only when the test says so. Behind the backend are simulated buses; in rig_begin() the bus
// itself is the backend, without tasks of its own. One thread. A failure ends the running test.
#pragma once

#include "sim/bus/sim_bus.h"
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

enum { RIG_DEVICES = 16, RIG_EVENTS = 64, RIG_PACKETS = 128, RIG_DATA = 1024, RIG_PATTERN = 65536 };
enum { RIG_SECOND_US = 1000000, RIG_NOBODY_SENDS = 0xee };
enum { RIG_PENDING = 1 << 30 }; // as a result: nothing happened, the URB was taken back

struct rig;

// What the core would know of a device. It keeps its place when the device is pulled.
struct rig_device {
    struct rig *rig;
    char busid[USB_BUSID_SIZE]; // "": a free place
    void *handle;
    bool present, open;
    struct usb_device_info info; // of the last PLUGGED
    uint8_t device_descriptor[USB_DT_DEVICE_SIZE];
    uint8_t config;                               // as selected by a pipe change
    unsigned serial;                              // of its PLUGGED among all, from 1 on
    unsigned opened, closed, controls, unplugged; // answers so far
    enum base_err open_result;
    int32_t control_status;
};

struct rig_urb {
    struct usb_urb urb;
    struct usb_iso_packet packets[RIG_PACKETS];
    struct rig *rig;
    bool done;
    unsigned order;       // 1: the first URB of the rig that came back
    uint32_t buffer_size; // `urb.length` to begin with
};

struct rig_event {
    enum backend_event_type type;
    char busid[USB_BUSID_SIZE]; // "" for an URB
    struct usb_urb *urb;
};

struct rig {
    struct heap_meter heap; // of what is behind the backend
    struct sim_bus *bus;
    struct usbip_backend *backend;
    void (*turns)(struct rig *r); // what the backend's tasks do at this time; NULL: it has none
    uint64_t (*tasks_deadline)(struct rig *r); // and when they have to do something again
    uint64_t now_us;
    struct rig_device devices[RIG_DEVICES];
    struct rig_event events[RIG_EVENTS]; // the first since rig_forget()
    unsigned event_count;
    unsigned plugged, unplugged;
    unsigned urbs, urbs_done; // that the backend has; that came back
    // For tests of one device.
    struct rig_device *dev; // of rig_start()
    struct sim_device *sim; // behind it
    uint8_t data[RIG_DATA]; // the test's own
};

// --- beginning and end ---------------------------------------------------------------------------

void rig_begin(struct rig *r); // an empty bus with number 1
void rig_end(struct rig *r);   // closes what is open, destroys the bus; nothing may be left

// Plugs `d` (never NULL) into 1-1 and opens it; then selects `config` unless that is 0.
struct rig_device *rig_start(struct rig *r, struct sim_device *d, uint8_t config);

// All of that with the conformance device D1 (sim_faulty.h), or with another faulty one.
void rig_begin_d1(struct rig *r);
void rig_begin_faulty(struct rig *r, const struct sim_faulty_options *options);
void rig_give(struct rig *r, uint8_t ep, const void *data, uint32_t size); // its next IN data

// A test with a rig `r` that `begin` begins, as in RIG_TEST(pipe_cancel, rig_begin_d1(r)) { ... }.
#define RIG_TEST(id, begin) TEST_WITH(id, struct rig, r, begin, rig_end(r))

// --- time and events -----------------------------------------------------------------------------

bool rig_take(struct rig *r, struct backend_event *ev); // one event; false: there is none now
void rig_settle(struct rig *r);                         // all that there are now
void rig_forget(struct rig *r);
void rig_check_event(const struct rig *r, unsigned i, enum backend_event_type type,
                     const char *busid);

// With tasks, time stops at each of their deadlines on its way; without, it jumps.
void rig_advance(struct rig *r, uint64_t us);
uint64_t rig_deadline(struct rig *r); // the backend's

// --- devices -------------------------------------------------------------------------------------

// NULL: not there.
struct rig_device *rig_find(struct rig *r, const char *busid);

// Plugs `d` (never NULL) into its own bus and waits until it is announced.
struct rig_device *rig_plug(struct rig *r, const char *busid, struct sim_device *d);

enum base_err rig_open(struct rig_device *d);
void rig_close(struct rig_device *d);

// A pipe change: its status; the other one must succeed.
int32_t rig_try_change(struct rig_device *d, enum usb_control_type type, uint8_t interface,
                       uint8_t value);
void rig_change(struct rig_device *d, enum usb_control_type type, uint8_t interface, uint8_t value);

// These three only ask: nothing happens before the rig settles.
void rig_queue_open(struct rig_device *d);
void rig_queue_close(struct rig_device *d);
void rig_queue_change(struct rig_device *d, const struct usb_control_op *op);

// --- URBs ----------------------------------------------------------------------------------------

// An URB for an endpoint of the device's configuration (bulk if it has none with that address); a
// buffer of exactly `length` bytes with `data`, or filled with what no device sends.
void rig_urb(struct rig_urb *u, struct rig_device *d, uint8_t ep, const void *data,
             uint32_t length);

// Isochronous: `count` packets of `size` bytes, one behind the other, with results that no backend
// gives.
void rig_iso_urb(struct rig_urb *u, struct rig_device *d, uint8_t ep, const void *data,
                 unsigned count, uint32_t size);

// A control URB; `setup` as 8 bytes in hex ("8006000100001200"), `data` for OUT.
void rig_control_urb(struct rig_urb *u, struct rig_device *d, const char *setup, const void *data);

void rig_queue_submit(struct rig_urb *u); // these two only ask
void rig_queue_cancel(struct rig_urb *u);
void rig_submit(struct rig_urb *u); // and settles
void rig_cancel(struct rig_urb *u); // and settles: it must come back
void rig_release(struct rig_urb *u);

void rig_check_urb(const struct rig_urb *u, int32_t status, uint32_t actual);

// Ends with an URB, which is taken back if it is still pending. Its actual length, its status if
// that is an error, or RIG_PENDING.
int rig_finish(struct rig_urb *u);

// --- whole transfers -----------------------------------------------------------------------------

// As rig_finish() tells it. What came in is in `data`.
int rig_read(struct rig_device *d, uint8_t ep, void *data, uint32_t length);
int rig_write(struct rig_device *d, uint8_t ep, const void *data, uint32_t length);

// The same with the status as the result; they must end. `actual` may be NULL.
int32_t rig_in(struct rig_device *d, uint8_t ep, void *data, uint32_t length, uint32_t *actual);
int32_t rig_out(struct rig_device *d, uint8_t ep, const void *data, uint32_t length);

// Either way, and what must become of it.
void rig_check_transfer(struct rig_device *d, uint8_t ep, void *data, uint32_t length,
                        int32_t status, uint32_t actual);

// A control transfer that must end: bytes moved, or the status if that is an error. `setup` as
// above, or `request` as bmRequestType << 8 | bRequest. Data goes the way that it says.
int rig_ask(struct rig_device *d, const char *setup, void *data);
int rig_request(struct rig_device *d, unsigned request, unsigned value, unsigned index, void *data,
                unsigned length);

// --- bytes ---------------------------------------------------------------------------------------

// Bytes that differ from their neighbours, RIG_PATTERN of them.
const uint8_t *rig_pattern(void);

// Checks that the configuration's bytes hold together to their end and returns the number of
// endpoint descriptors in them.
unsigned rig_check_config(const uint8_t *config);
