// SPDX-License-Identifier: Apache-2.0
// One endpoint: device_pipe.c, and below it device_bulk.c and device_iso.c, which move the data.
// Client task.
#pragma once

#include "device_state.h"

enum { DEVICE_DEPTH_MAX = DEVICE_ISO_DEPTH };

// A transfer on its way. Slots in flight complete in order.
struct device_slot {
    struct device_pipe *pipe;
    usb_transfer_t *own;      // this endpoint's, always there
    usb_transfer_t *transfer; // in flight: own or one of the pool's; NULL: idle
    struct usb_urb *urb;
    uint32_t at;   // where in the URB: byte, isochronous: packet
    uint32_t size; // how much of it: bytes, packets
};

enum device_pipe_state {
    PIPE_RUNS,
    PIPE_HALTED, // in the library, by an error or by us; to be cleared when nothing is in flight
};

struct device_pipe {
    struct device *device;
    struct usb_endpoint ep;
    enum device_pipe_state state;
    bool paused;                 // a pipe change is under way
    uint64_t retry_us;           // not before; 0: now
    unsigned refused;            // submits and clears in a row
    unsigned full;               // bulk IN: transfers in a row that came back full
    unsigned depth, first, busy; // slots; the oldest in flight; how many are
    struct device_slot slot[DEVICE_DEPTH_MAX];
    struct base_list urbs; // usb_urb.backend_link, in order of submit; those in flight are first
    uint32_t iso_packets;  // most per transfer
    uint32_t iso_interval; // frames or microframes between two packets
    uint32_t iso_frame;    // microframe number that the next packet will have
};

// In device.pipe.
static inline unsigned device_pipe_index(uint8_t address)
{
    return (address & 0x0fu) + (address & USB_DIR_IN ? 16 : 0);
}

// What the backend notes in an URB. backend_state belongs to the lock.
enum { URB_CANCEL_ASKED = 1 };         // backend_state
#define URB_NEXT_MASK 0xffffffffull    // backend_progress: byte or packet to transfer next
#define URB_ALL_SUBMITTED (1ull << 32) // nothing is left to transfer
#define URB_CANCEL (1ull << 33)        // to be given back

static inline uint32_t urb_next(const struct usb_urb *u)
{
    return (uint32_t)(u->backend_progress & URB_NEXT_MASK);
}

// --- device_bulk.c, device_iso.c ----------------------------------------------------------------
// How one kind of endpoint moves data. `prepare` fills slot->transfer for the URB's next part and
// returns USB_STATUS_OK, or what the whole URB ends with, or DEVICE_NOTHING_TO_MOVE: it is over and
// good. `complete` takes the result of a transfer that succeeded.
enum { DEVICE_NOTHING_TO_MOVE = 1 };
struct device_mover {
    int32_t (*prepare)(struct device_slot *s);
    void (*complete)(struct device_slot *s);
};
extern const struct device_mover device_bulk, device_iso;
// Room for the next part of an isochronous URB; sets p->iso_*. Bytes.
uint32_t device_iso_plan(struct device_pipe *p);
void device_iso_failed(struct device_slot *s, int32_t status);

// --- device_pipe.c ------------------------------------------------------------------------------
// NULL: no memory.
struct device_pipe *device_pipe_create(struct device *d, const struct usb_endpoint *ep);
// Nothing in flight. Its URBs are given back with `status`.
void device_pipe_destroy(struct device_pipe *p, int32_t status);
void device_pipe_submit(struct device_pipe *p, struct usb_urb *u);
// Clears, gives back what was cancelled, fills. True: the library may answer at once.
bool device_pipe_run(struct device_pipe *p);
// Halts and flushes what is in flight; it comes back cancelled and stays in the queue.
void device_pipe_halt(struct device_pipe *p);
void device_pipe_fail(struct device_pipe *p, int32_t status);
