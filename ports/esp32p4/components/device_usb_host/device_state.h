// SPDX-License-Identifier: Apache-2.0
// What the device backend keeps, for its own files only. All of it belongs to the client task,
// which touches it without the lock, but for the members `shared`, which the lock guards, and for
// what is marked as another thread's.
#pragma once

#include "base/base_list.h"
#include "device_library.h"
#include "device_size.h"
#include "device_usb_host.h"
#include "eventlog/eventlog.h"

#include <pthread.h>
#include <stdatomic.h>

struct device;
struct device_pipe;

// --- the control endpoint -----------------------------------------------------------------------

enum device_request_state { REQUEST_NONE, REQUEST_WAITING, REQUEST_IN_FLIGHT, REQUEST_DONE };

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
    bool temporary;           // it was allocated for this request
    uint16_t asked;           // wLength that the device saw
    unsigned tries;
    uint64_t retry_us;
    uint32_t done_turn; // the daemon's, in which the last one may have ended
    struct device_request request;
};

// --- a change of pipes --------------------------------------------------------------------------

enum device_change_kind { CHANGE_NONE, CHANGE_OPEN, CHANGE_CLOSE, CHANGE_CONTROL };

struct device_change {
    enum device_change_kind kind;
    struct usb_control_op op;
    unsigned step;       // index in device_steps()
    unsigned undo;       // 0: the step is being made; n: its n-th undo step is
    unsigned cursor;     // in a step that is made for one interface or endpoint after the other
    uint32_t interfaces; // bits of those that it concerns
    int32_t status;
    enum base_err result;
    uint64_t begun_us, retry_us;
};

// --- a hub --------------------------------------------------------------------------------------

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
    uint32_t done_turn;           // as of device_control
    struct device_hub_port port[DEVICE_HUB_PORTS + 1];
};

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

enum { DEVICE_PIPES = 32 }; // endpoint numbers, those of IN endpoints + 16

struct device {
    struct device_usb_host *host;
    enum device_life life;
    enum device_kind kind;
    bool gone;       // DEV_GONE, or we are leaving
    uint8_t address; // the library's
    usb_device_handle_t handle;
    uint64_t since_us;
    uint16_t max_packet_size0;
    struct usb_device_info info; // the loop reads it, from PLUGGED on, when nobody writes it

    // Where it is plugged in.
    struct {
        bool found;
        bool lost;              // at no place that we know
        struct device *parent;  // hub; NULL: root port
        uint8_t root;           // 0: high-speed controller, 1: full-speed
        uint8_t port;           // of the parent, as the library numbers them
        uint8_t parent_address; // if the library tells; else 0
    } place;

    // What it says about itself.
    struct {
        bool done;
        uint8_t *descriptors; // what info's spans point to
        unsigned index;       // of the configuration being read
        uint8_t *config;      // room for it
    } fetch;

    // How the device is set, as far as we know, and what of it the host has.
    struct {
        uint8_t config; // bConfigurationValue; 0: not configured
        uint8_t alternate[USB_MAX_INTERFACES];
        uint32_t claimed;                            // bits of interfaces
        usb_config_desc_t *view[USB_MAX_INTERFACES]; // device_view.h; NULL: nothing is claimed
        bool unsure; // it may still take the configuration that was chosen (device_fetch.c)
    } setting;

    // What the event log knows of this session: each once, however often a client asks.
    struct {
        uint32_t interfaces[2], endpoints[2]; // bits: what setting 0 costs, and other ones do
        bool too_long[2];                     // OUT, IN
        bool configuration;
    } told;

    struct device_control control;
    struct device_pipe *pipe[DEVICE_PIPES]; // by device_pipe_index(); NULL: none
    struct device_change change;
    struct device_hub *hub; // NULL: it is none

    // Under the lock: what the loop wants.
    struct {
        bool wants_open, wants_close, wants_control, wants_cancel;
        struct usb_control_op wanted_op;
        bool forgotten;     // UNPLUGGED was taken, and the loop has come back since
        unsigned hub_ports; // 0: it is no hub, or has not said yet
    } shared;

    // Loop thread.
    bool open; // from open() to close()
};

// --- all of it ----------------------------------------------------------------------------------

struct device_event {
    enum backend_event_type type; // 0: one for the event log
    struct device *device;
    enum base_err result;
    int32_t status;
    struct eventlog_what what;
};

struct device_usb_host {
    struct usbip_backend backend;
    struct device_usb_host_config config;
    usb_host_client_handle_t client;
    struct device *devices;
    unsigned capacity;
    uint64_t due_us; // when the client task must look again without being woken
    bool called;     // a callback of the library has changed something
    bool ending;

    // The look at who is there.
    struct {
        uint64_t next_us;
        bool arrived;        // somebody has, since the last one
        uint64_t arrived_us; // when the last device was found
        uint32_t refused[4]; // bits of addresses that there was no place for
        uint64_t root_since_us[2];
        atomic_bool accepted; // a device was, since one has come up; the daemon task sets it
    } scan;

    // Shared transfer buffers; the first `free` of them are.
    struct {
        usb_transfer_t *transfer[DEVICE_POOL_COUNT];
        unsigned free;
    } pool;

    // Under the lock: between the loop and the client task.
    struct {
        struct base_list submitted, done; // usb_urb.backend_link
        struct device_event *events;      // ring
        unsigned event_first, event_count, event_capacity;
        struct device *leaving; // whose UNPLUGGED was the last event taken
        bool asked;             // the loop has called since the last drain
        bool news;              // the loop is to be woken
        struct device_usb_host_figures figures;
    } shared;
    pthread_mutex_t lock;

    atomic_uint library_turns; // that are over; the daemon task counts them

    // Daemon task.
    uint32_t library_flags; // read when it is gone
};
