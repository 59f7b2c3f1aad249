// SPDX-License-Identifier: Apache-2.0
// The parts of the device backend, for its own files only. "Client" marks what belongs to the
// client task, which may touch it without the lock; "lock" what both it and the loop thread touch.
#pragma once

#include "base/base_list.h"
#include "device_library.h"
#include "device_size.h"
#include "device_usb_host.h"

#include <pthread.h>

struct device;
struct device_pipe;

// --- one endpoint (device_pipe.c, device_bulk.c, device_iso.c); client --------------------------

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

// What the backend notes in an URB. backend_state belongs to the lock, backend_progress is client.
enum { URB_CANCEL_ASKED = 1 };         // backend_state
#define URB_NEXT_MASK 0xffffffffull    // backend_progress: byte or packet to transfer next
#define URB_ALL_SUBMITTED (1ull << 32) // nothing is left to transfer
#define URB_CANCEL (1ull << 33)        // to be given back

static inline uint32_t urb_next(const struct usb_urb *u)
{
    return (uint32_t)(u->backend_progress & URB_NEXT_MASK);
}

// --- the control endpoint (device_control.c); client --------------------------------------------

enum device_request_state {
    REQUEST_NONE,
    REQUEST_WAITING,
    REQUEST_IN_FLIGHT,
    REQUEST_DONE,
};

// A request of our own. One at a time per device.
struct device_request {
    enum device_request_state state;
    struct usb_setup setup;
    uint8_t *data; // IN: room for wLength bytes, or NULL
    int32_t status;
    uint32_t actual_length;
};

struct device_control {
    struct base_list urbs; // waiting
    struct usb_urb *urb;   // in flight; NULL while `busy`: our own request, or nobody wants it
    bool busy;             // the library has a transfer
    usb_transfer_t *own;
    usb_transfer_t *transfer; // in flight
    uint16_t asked;           // wLength that the device saw
    unsigned tries;
    uint64_t retry_us, done_us; // done: when the last one ended
    struct device_request request;
};

// --- a change of pipes (device_change.c); client ------------------------------------------------

enum device_change_kind {
    CHANGE_NONE,
    CHANGE_OPEN,
    CHANGE_CLOSE,
    CHANGE_CONTROL,
};

struct device_change {
    enum device_change_kind kind;
    struct usb_control_op op;
    unsigned step;       // index in the steps of its kind
    unsigned undo;       // 0: the step is being made; n: its n-th undo step is
    unsigned cursor;     // in a step that is made for one interface or endpoint after the other
    uint32_t interfaces; // bits of those that it concerns
    int32_t status;
    enum base_err result;
    uint64_t begun_us, retry_us;
};

// Endpoint numbers, those of IN endpoints + 16.
enum { DEVICE_PIPES = 32 };

static inline unsigned device_pipe_index(uint8_t address)
{
    return (address & 0x0fu) + (address & USB_DIR_IN ? 16 : 0);
}

// --- one device ---------------------------------------------------------------------------------

enum device_life {
    DEVICE_FREE,
    DEVICE_NEW,   // being looked at
    DEVICE_KNOWN, // PLUGGED was said
    DEVICE_GONE,  // the library is still to let go
    DEVICE_LEFT,  // it has; the loop may still look at it
};

enum device_kind {
    DEVICE_ORDINARY,
    DEVICE_HUB,      // not kept open in the library: its hub driver would not tell us of its end
    DEVICE_OBSTACLE, // the library does not have it
};

// What hub polling knows of one port (USB 2.0 table 11-21).
struct device_hub_port {
    uint16_t status;
    uint8_t stuck; // looks in a row that found a device there that nobody serves
};

struct device_hub {
    usb_device_handle_t handle; // while it is being asked
    usb_transfer_t *transfer;
    bool busy;       // the library has it
    bool wanted;     // to be asked
    bool broken;     // it did not answer this time
    unsigned asking; // port; 0: the hub descriptor
    unsigned ports;
    uint64_t begun_us, polled_us; // polled: when the last complete look was begun
    uint64_t close_us;            // not closed before
    struct device_hub_port port[DEVICE_HUB_PORTS + 1];
};

struct device {
    struct device_usb_host *host;
    // Client.
    enum device_life life;
    enum device_kind kind;
    uint8_t address; // the library's
    usb_device_handle_t handle;
    uint64_t since_us;
    bool gone; // DEV_GONE, or we are leaving
    bool fetched, located;
    bool lost;              // at no place that we know
    struct device *parent;  // hub; NULL: root port
    uint8_t root;           // 0: high-speed controller, 1: full-speed
    uint8_t port;           // of the parent, as the library numbers them
    uint8_t parent_address; // if the library tells; else 0
    struct usb_device_info info;
    uint8_t *descriptors; // what info's spans point to
    unsigned fetching;    // index of the configuration being read
    uint8_t *config;      // room for it
    uint16_t max_packet_size0;
    bool configured;
    uint8_t alternate[USB_MAX_INTERFACES];
    uint32_t claimed;                       // bits of interfaces
    struct device_pipe *pipe[DEVICE_PIPES]; // by device_pipe_index(); NULL: none
    struct device_control control;
    struct device_change change;
    struct device_hub *hub;
    // Lock.
    bool wants_open, wants_close, wants_control, wants_cancel;
    struct usb_control_op wanted_op;
    bool forgotten; // UNPLUGGED was taken, and the loop has come back since
    // Loop thread.
    bool open; // from open() to close()
};

struct device_event {
    enum backend_event_type type;
    struct device *device;
    enum base_err result;
    int32_t status;
};

struct device_usb_host {
    struct usbip_backend backend;
    struct device_usb_host_config config;
    usb_host_client_handle_t client;
    // Client.
    struct device *devices;
    unsigned capacity;
    uint64_t arrived_us; // when the last one was found
    bool arrived;        // somebody has
    uint32_t refused[4]; // bits of addresses that there was no place for
    uint64_t scan_us;    // next look for hubs
    uint64_t due_us;     // when the client task must look again without being woken
    uint64_t root_since_us[2];
    usb_transfer_t *pool[DEVICE_POOL_COUNT];
    unsigned pool_free;
    bool called; // a callback of the library has changed something
    bool ending;
    uint32_t library_flags; // the daemon task's; read when it is gone
    // Lock.
    pthread_mutex_t lock;
    struct base_list submitted, done; // usb_urb.backend_link
    struct device_event *events;      // ring
    unsigned event_first, event_count, event_capacity;
    struct device *leaving; // whose UNPLUGGED was the last event taken
    bool asked;             // the loop has called since the last drain
    bool news;              // the loop is to be woken
    struct device_usb_host_figures figures;
};

// --- device_base.c ------------------------------------------------------------------------------
// The client task looks again at `at_us`, or earlier.
void device_due(struct device_usb_host *h, uint64_t at_us);
uint64_t device_now_us(const struct device_usb_host *h);
struct base_span device_config(const struct device *d); // the active one
int32_t device_status(usb_transfer_status_t status);
// Takes an URB off its list, if it is on one, and gives it back to the loop. Isochronous packets
// that have no result get XDEV.
void device_urb_done(struct usb_urb *u, int32_t status);
void device_give_back(struct usb_urb *u, int32_t status); // the same, for who holds the lock
void device_event(struct device *d, const struct device_event *ev);
bool device_forgotten(struct device *d);
// NULL: no place is free.
struct device *device_new(struct device_usb_host *h, enum device_kind kind);
void device_free(struct device *d);
void device_announce(struct device *d); // PLUGGED

// --- device_queue.c -----------------------------------------------------------------------------
extern const struct usbip_backend device_backend;
void device_queue_drain(struct device_usb_host *h);
// The loop has called since.
bool device_queue_asked(struct device_usb_host *h);
void device_queue_wake(struct device_usb_host *h);

// --- device_pool.c ------------------------------------------------------------------------------
bool device_pool_create(struct device_usb_host *h);
void device_pool_destroy(struct device_usb_host *h);
// NULL: none free but `reserve`.
usb_transfer_t *device_pool_get(struct device_usb_host *h, unsigned reserve);
void device_pool_put(struct device_usb_host *h, usb_transfer_t *t);
void *device_payload_alloc(struct usbip_backend *b, uint32_t size);
void device_payload_free(struct usbip_backend *b, void *p, uint32_t size);

// --- device_pipe.c
// -------------------------------------------------------------------------------- NULL: no memory.
struct device_pipe *device_pipe_create(struct device *d, const struct usb_endpoint *ep);
// Nothing in flight. Its URBs are given back with `status`.
void device_pipe_destroy(struct device_pipe *p, int32_t status);
void device_pipe_submit(struct device_pipe *p, struct usb_urb *u);
// Clears, gives back what was cancelled, fills. True: the library may answer at once.
bool device_pipe_run(struct device_pipe *p);
// Halts and flushes what is in flight; it comes back cancelled and stays in the queue.
void device_pipe_halt(struct device_pipe *p);
void device_pipe_fail(struct device_pipe *p, int32_t status);

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

// --- device_control.c ---------------------------------------------------------------------------
bool device_control_create(struct device *d);
void device_control_destroy(struct device *d);
void device_control_submit(struct device *d, struct usb_urb *u);
bool device_control_run(struct device *d);
void device_control_fail(struct device *d, int32_t status);
void device_request(struct device *d, struct usb_setup setup, uint8_t *data);
// Takes the request that is over; false: there is none.
bool device_request_take(struct device *d);

// --- device_claim.c -----------------------------------------------------------------------------
enum base_err device_claim(struct device *d, uint8_t interface, uint8_t alternate);
// BASE_ERR_AGAIN: not yet. Its pipes stay, or end with SHUTDOWN.
enum base_err device_release(struct device *d, uint8_t interface, bool keep_pipes);
enum base_err device_reclaim(struct device *d, uint8_t interface); // after release with keep_pipes

// --- device_step.c ------------------------------------------------------------------------------
enum device_step_result {
    STEP_WAIT,  // again later
    STEP_AGAIN, // the same step, for the next interface or endpoint
    STEP_NEXT,
    STEP_END, // the change goes no further
};
typedef enum device_step_result device_step_function(struct device *d);
struct device_step {
    device_step_function *make;
    device_step_function *undo[3]; // what is still done when `make` ends the change, and NULL
};
// Behind the last one is one without `make`.
const struct device_step *device_steps(const struct device_change *c);

// --- device_change.c ----------------------------------------------------------------------------
void device_change_begin(struct device *d, enum device_change_kind kind,
                         const struct usb_control_op *op);
bool device_change_run(struct device *d);

// --- device_life.c ------------------------------------------------------------------------------
// Asks the library who is there: whoever is new, and hubs that are not there any more.
void device_life_scan(struct device_usb_host *h);
bool device_life_run(struct device *d);
void device_life_gone(struct device_usb_host *h, usb_device_handle_t handle);

// --- device_fetch.c -----------------------------------------------------------------------------
// What the library knows; false: not what it should.
bool device_fetch_cached(struct device *d);
bool device_fetch_shows_hub(struct device *d);
// The active configuration, as the library has it.
bool device_fetch_active(struct device *d);
// Reads the other configurations; then d->fetched.
void device_fetch_begin(struct device *d);
void device_fetch_run(struct device *d);

// --- device_path.c
// -------------------------------------------------------------------------------- Finds out where
// the device is. True when info.busid is there.
bool device_locate(struct device *d);
void device_path_set(struct device *d, struct device *parent, uint8_t root, uint8_t port);
struct device *device_at(struct device_usb_host *h, const struct device *parent, uint8_t root,
                         uint8_t port);

// --- device_hub.c -------------------------------------------------------------------------------
// With the addresses of everybody whom the library has: hubs that are not among them have gone, the
// others are to be asked.
void device_hub_scan(struct device_usb_host *h, const uint8_t *addresses, size_t n);
// The device is one; it is closed in the library.
void device_hub_found(struct device *d);
bool device_hub_run(struct device *d);
