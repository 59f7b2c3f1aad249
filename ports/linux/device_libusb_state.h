// SPDX-License-Identifier: Apache-2.0
// What the libusb backend keeps, and what its files offer each other; for them only. They are a
// list, each calls only those before it:
//   device_libusb_status.c    libusb's words in those of the wire
//   device_libusb_queue.c     between the loop and the worker
//   device_libusb_iso.c       isochronous packets in a transfer
//   device_libusb_transfer.c  URBs and transfers (loop)
//   device_libusb_claim.c     opening, pipe changes, giving back (worker)
//   device_libusb_hub.c       hubs, their ports and power (worker; the loop sees the list)
//   device_libusb_scan.c      who is there (worker)
//   device_libusb_backend.c   the contract (loop)
//   device_libusb.c           life, threads and descriptors
#pragma once

#include "base/base_list.h"
#include "ports/linux/device_libusb.h"
#include "ports/linux/sysfs_device.h"
#include "ports/linux/sysfs_hub.h"

#include <libusb.h>
#include <pthread.h>

enum {
    DEVICE_PIPES = 32,             // endpoint numbers, those of IN endpoints + 16
    DEVICE_SETUP_ROOM = 64,        // in front of each buffer: 8 bytes are needed, aligned they stay
    DEVICE_PART_BYTES = 512 << 10, // of an URB in one transfer ...
    DEVICE_PLAIN_BYTES = 16 << 10, // ... when the host controller cannot scatter: libusb would cut
                                   // it, and cannot say what has moved when memory ends between
    DEVICE_CONTROL_BYTES = 4096,   // the longest data stage that libusb takes
    DEVICE_INTERFACES = 32,        // libusb's limit: interface numbers
};

// A transfer of libusb, and the URB that it moves a part of.
struct device_transfer {
    struct base_list link; // on `spare`
    struct libusb_transfer *transfer;
    int packets; // that it has room for
    struct usb_urb *urb;
    uint32_t bytes;  // of this part
    uint8_t *bounce; // isochronous: packets that lie side by side; NULL: the URB's do
    uint8_t setup[LIBUSB_CONTROL_SETUP_SIZE]; // of an URB without data
};

// usb_urb.backend_state
enum { URB_CANCEL = 1, URB_REQUEUE = 2, URB_ENDED = 4 };

// One endpoint. Loop thread.
struct device_pipe {
    struct base_list waiting, flying; // usb_urb.backend_link
    bool held;                        // CLEAR_HALT is being made
};

// What the worker tells the loop. One of each kind per device at a time.
enum device_news { NEWS_PLUGGED, NEWS_OPEN, NEWS_CONTROL, NEWS_GONE, NEWS_COUNT };

struct device_note {
    struct base_list link; // on `notes`, or empty
    struct device *device;
    enum device_news news;
    enum backend_event_type type; // OPEN: OPENED or CLOSED
    enum base_err result;
    int32_t status;
    enum eventlog_claim failure; // 0: none
};

// The call that the worker makes. It may hang in the kernel, for as long as a driver does.
struct device_call {
    char busid[USB_BUSID_SIZE]; // "": none
    uint64_t since_us, end_us;  // 0: it is not over
    bool told;                  // that it hangs
};

// What the loop wants of the worker.
struct device_wish {
    struct base_list link; // on `asked`, or empty
    bool open, close, control, forget;
    struct usb_control_op op;
};

struct device {
    struct device_libusb *host;
    struct usb_device_info info; // constant from PLUGGED on
    uint8_t *descriptors;        // what its spans point to
    struct sysfs_identity identity;

    // Worker.
    struct base_list link; // on `known`, or on nothing when it has gone
    uint64_t since_us;
    bool announced, gone_told;
    int fd;                               // -1: not open
    uint8_t config;                       // as selected; 0: none
    uint8_t alternate[DEVICE_INTERFACES]; // by number
    uint32_t claimed;                     // bits of interface numbers
    uint32_t part_bytes;                  // set before `handle` is, as it is read

    // Set by the worker while the device is opened and closed, read by the loop in between.
    libusb_device_handle *handle;

    // Under the lock.
    struct device_wish wish;
    struct device_note note[NEWS_COUNT];

    // Loop.
    struct base_list loop_link; // on `present`
    bool open, gone;
    unsigned flying; // transfers that libusb has
    struct device_pipe pipe[DEVICE_PIPES];
    struct usb_control_op op; // CLEAR_HALT that waits for its pipe to be quiet
    bool op_waits;
};

struct device_port {
    bool on;
    char twin[USB_BUSID_SIZE]; // as in backend_port
    int claim; // worker: off by requests to the hub, which this descriptor keeps so; -1
};

struct device_hub {
    struct base_list link; // on `hubs`
    struct sysfs_hub is;
    enum backend_power power;
    char bus_name[USB_NAME_SIZE]; // of a root hub's bus
    struct device_port port[];
};

struct device_switch {
    char port[USB_BUSID_SIZE];
    bool on;
    enum base_err result;
};

enum { DEVICE_SWITCHES = 32 }; // asked for, or not yet told

struct device_switches {
    struct device_switch at[DEVICE_SWITCHES]; // oldest first
    unsigned count;
};

struct device_libusb {
    struct usbip_backend backend;
    struct device_libusb_config config;
    libusb_context *context;
    int epoll_fd; // libusb's descriptors

    // Loop.
    struct base_list done;        // usb_urb.backend_link: to be given back
    struct base_list present;     // devices between PLUGGED and UNPLUGGED
    struct base_list spare;       // of struct device_transfer
    unsigned flying;              // transfers of all devices
    bool starved;                 // somebody waits for the kernel's memory
    bool starved_told;            // in an event, once
    struct device *leaving;       // whose UNPLUGGED was the last event taken
    struct device_switch told;    // the PORT_POWER taken last
    char bus_name[USB_NAME_SIZE]; // of the bus() asked for last

    // Worker.
    struct base_list known; // devices in sysfs
    int uevents;            // the kernel's messages; -1: not to be had
    int mounts;             // readable (POLLPRI) when something is mounted; -1
    bool scan_now;
    uint64_t scan_us;

    // Both.
    pthread_mutex_t lock;
    struct base_list asked; // devices with a wish
    struct base_list notes;
    struct device_call call;
    struct base_list hubs; // changed by the worker only
    struct device_switches wanted, switched;
    int wake_fd; // for the worker
    bool ending; // under the lock
    pthread_t worker;
    bool started;
};

// --- device_libusb_status.c ----------------------------------------------------------------------
int32_t device_status_of_transfer(enum libusb_transfer_status status);
// Of a transfer that was not taken. 0: the kernel has no memory, try again.
int32_t device_status_of_submit(int libusb_error, int error);
int32_t device_status_of_change(int libusb_error);

// --- device_libusb_queue.c -----------------------------------------------------------------------
void device_ask(struct device *d, bool *wish); // loop: sets one of d->wish, and wakes the worker
void device_ask_control(struct device *d, const struct usb_control_op *op);
// Worker: the next device that something is wanted of, and what; false: none.
bool device_asked(struct device_libusb *h, struct device **d, struct device_wish *wish);
void device_tell(struct device *d, const struct device_note *note); // worker, wakes the loop
// Loop: the oldest note; false: none.
bool device_told(struct device_libusb *h, struct device_note *note);
void device_wake_worker(struct device_libusb *h);                // any thread
void device_call_begin(const struct device *d);                  // worker
void device_call_end(struct device_libusb *h);                   // worker
void device_call_look(struct device_libusb *h, uint64_t now_us); // loop: says if it hangs
uint64_t device_call_deadline(struct device_libusb *h);          // loop: of device_call_look()

// --- device_libusb_iso.c -------------------------------------------------------------------------
// Fills in a transfer with room for the URB's packets. False: no memory.
bool device_iso_fill(struct device_transfer *t, struct usb_urb *u);
void device_iso_done(struct device_transfer *t, struct usb_urb *u);

// --- device_libusb_transfer.c (loop) -------------------------------------------------------------
unsigned device_pipe_index(const struct usb_urb *u);
void device_urb_done(struct usb_urb *u, int32_t status);
void device_submit(struct usb_urb *u);
void device_cancel(struct usb_urb *u);
void device_hold(struct device *d, uint8_t endpoint); // takes back what flies there, to go on later
bool device_is_quiet(const struct device *d, uint8_t endpoint);
void device_go_on(struct device *d, uint8_t endpoint);
void device_end_urbs(struct device *d); // it has gone
void device_free_transfers(struct device_libusb *h);

// --- device_libusb_claim.c (worker) --------------------------------------------------------------
enum base_err device_open(struct device *d, enum eventlog_claim *failure);
void device_close(struct device *d);
int32_t device_change(struct device *d, const struct usb_control_op *op);

// --- device_libusb_hub.c -------------------------------------------------------------------------
// Worker; `folder` has the devices.
void device_hub_scan(struct device_libusb *h, const char *folder);
void device_hub_switch(struct device_libusb *h); // what is wanted
void device_hub_free_all(struct device_libusb *h);
// Loop: the contract's functions for buses and ports.
bool device_hub_bus(struct device_libusb *h, unsigned i, struct backend_bus *out);
unsigned device_hub_ports(struct device_libusb *h, const char *name);
bool device_hub_port(struct device_libusb *h, const char *name, struct backend_port *out);
void device_hub_ask(struct device_libusb *h, const char *name, bool on);
bool device_hub_switched(struct device_libusb *h, struct backend_event *ev);

// --- device_libusb_scan.c (worker) ---------------------------------------------------------------
void device_scan(struct device_libusb *h);
void device_look_again(struct device_libusb *h, uint64_t at_us); // at the latest
void device_free(struct device *d);

// --- device_libusb_backend.c ---------------------------------------------------------------------
extern const struct usbip_backend device_backend;
