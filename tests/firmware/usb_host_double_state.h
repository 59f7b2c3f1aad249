// SPDX-License-Identifier: Apache-2.0
// Inside of the double, for its own sources. Everything is under double_lock(). Names follow the
// library's own: what it calls ISR, hub driver, enumerator and USBH is here by the same name.
#pragma once

#include "base/base_list.h"
#include "sim/bus/sim_engine.h"
#include "tests/firmware/usb_host_double.h"
#include "usb/usb_device.h"

// core/usb and the library give other values to the same three names.
#define USB_SPEED_LOW IDF_USB_SPEED_LOW
#define USB_SPEED_FULL IDF_USB_SPEED_FULL
#define USB_SPEED_HIGH IDF_USB_SPEED_HIGH
#include "usb/usb_host.h"
#undef USB_SPEED_LOW
#undef USB_SPEED_FULL
#undef USB_SPEED_HIGH

#include <pthread.h>

enum {
    DOUBLE_ENDPOINTS = 32,     // number, + 16 for IN, as the simulated bus counts
    DOUBLE_CACHE_LINE = 64,    // of the chip with 128 or 256 KiB of L2 cache
    DOUBLE_CONTROL_MAX = 8128, // CONFIG_USB_HOST_CONTROL_TRANSFER_MAX_SIZE
    DOUBLE_ISO_LIST = 64,      // transfer descriptors of an isochronous pipe
    DOUBLE_ISO_MARGIN = 3,
    DOUBLE_INTERRUPT_LIST = 32,
};

// What happened last on a pipe; everything from ERROR on has halted it.
enum double_pipe_event { DOUBLE_URB_DONE = 1, DOUBLE_ERROR, DOUBLE_OVERFLOW, DOUBLE_STALL };

// Of a device, handled in this order by the daemon.
enum double_action {
    ACTION_EPN_HALT_FLUSH = 1,
    ACTION_EP0_FLUSH = 2,
    ACTION_EP0_DEQUEUE = 4,
    ACTION_EP0_CLEAR = 8,
    ACTION_GONE_EVENT = 16,
    ACTION_REMOVED_EVENT = 32,
    ACTION_FREE = 64,
    ACTION_NEW_DEVICE = 128,
};

struct double_interface;

// An endpoint: the library's pipe, its channel and the client's bookkeeping.
struct double_pipe {
    struct usb_device_handle_s *device;
    struct double_interface *interface; // NULL: endpoint 0
    struct usb_endpoint ep;             // address, type, packet size as the claimed setting says
    unsigned interval;                  // in frames or microframes, isochronous only
    bool halted;
    struct base_list pending, bus, done; // of double_transfer: waiting, executing, to be dequeued
    struct base_list event_link;         // on the client's `pipes`
    enum double_pipe_event last_event;
    unsigned in_flight; // for the client, one callback behind
};

// What lies before each usb_transfer_t.
struct double_transfer {
    _Alignas(max_align_t) struct base_list link; // on a list of its pipe, or done_control
    struct base_list all;                        // on the library's `transfers`
    struct double_pipe *pipe;                    // that has it; NULL: idle
    struct usb_host_client_handle_s *client;     // of a control transfer
    bool in_flight;
    bool dirty;          // the cache may hold lines of its buffer that are not in memory
    bool on_bus;         // the simulated bus has `urb`
    bool was_canceled;   // halted while it was executing
    int submitted_bytes; // as it was submitted, to see whether somebody changed it
    uint8_t submitted_ep;
    usb_transfer_cb_t submitted_callback;
    struct usb_urb urb;
    struct usb_iso_packet *packets;
};

struct double_interface {
    struct base_list link; // on the client's `interfaces`
    struct usb_device_handle_s *device;
    struct usb_host_client_handle_s *client;
    const uint8_t *desc; // where the configuration was that was asked for at the claim
    unsigned count;
    struct double_pipe *pipe[DOUBLE_ENDPOINTS];
};

struct usb_host_client_handle_s {
    struct base_list link;
    bool dead; // deregistered
    bool event;
    bool handling;
    bool in_callback;
    pthread_t thread; // that called handle_events last
    bool has_thread;
    usb_host_client_event_cb_t callback;
    void *callback_arg;
    bool notify_removed;
    struct base_list pipes, done_control, interfaces;
    bool opened[128]; // by address
    unsigned claimed;
    unsigned queue_max, queued;
    usb_host_client_event_msg_t *queue;
};

// A place where a device may be: a root port, or a port of a hub.
struct double_socket {
    struct base_list link; // on the library's `sockets`, in the order of plugging
    struct sim_port *port;
    unsigned root;
    bool present; // something is in it
    bool open;    // the simulated bus lets us use it
    bool pulled;  // the hub driver must still hear of it
    bool refused; // needs a transaction translator
    bool failed;  // enumeration failed: disabled until it is pulled
    struct usb_device_handle_s *device;
};

struct usb_device_handle_s {
    struct base_list link;   // on `devices`, or on `graves` once freed
    struct base_list acting; // on `acting` while there are actions
    bool dead;
    struct double_socket *socket;
    struct sim_port *port; // NULL: pulled
    unsigned root;
    struct usb_device_handle_s *hub; // that it is behind
    bool is_hub, hub_running, hub_leaving;
    enum usb_speed speed;
    uint8_t number; // of the port: what the library calls parent.port_num
    uint8_t address;
    unsigned open_count;
    bool gone, waiting_free, enum_lock, configured;
    bool refuse_control;
    unsigned actions, step;
    unsigned control_in_flight;
    unsigned control_leaving; // of them: with the client already, and still counted
    usb_device_desc_t desc;
    uint8_t *config;
    usb_str_desc_t *string[3];
    struct double_pipe ep0;
    struct double_pipe *pipe[DOUBLE_ENDPOINTS];
};

struct double_root {
    bool mapped;
    bool powered;
    bool live; // enabled, with a device: what the library calls conn_dev_ena
    unsigned channels, channels_max;
    unsigned in_max, out_max, periodic_out_max; // packet sizes that the FIFOs allow
};

struct double_library {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool begun, installed, ending;
    struct usb_host_double_config config;
    usb_host_enum_filter_cb_t filter;
    struct double_root root[USB_HOST_DOUBLE_PORTS];
    bool event;    // of the daemon
    bool handling; // it is in handle_events
    uint32_t flags;
    bool in_interrupt;
    unsigned steps;
    void (*at_step)(void *ctx, unsigned step);
    void *at_step_ctx;
    unsigned fail_alloc;
    uint8_t next_address;
    struct usb_device_handle_s *enumerating;
    struct base_list sockets, devices, graves, acting, clients, dead_clients, transfers;
    struct usb_host_double_counts counts;
};

extern struct double_library double_library;

// --- usb_host_double.c: lock, failures, interrupts -----------------------------------------------

// The lock, and what has happened on the buses meanwhile.
void double_enter(void);
void double_leave(void);
esp_err_t double_return(esp_err_t err); // leaves

_Noreturn void double_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *double_calloc(size_t size); // NULL as fail_alloc says
void double_interrupt(void);
void double_wake(void); // somebody may wait for what has just changed
uint64_t double_now_us(void);
struct usbip_backend *double_bus(unsigned root);
// Waits for a reason to look again, at most until `until_us` of the real clock.
void double_wait(uint64_t until_us);
uint64_t double_real_us(void);

// --- usb_host_double_hub.c: root ports, hubs, enumeration ----------------------------------------

struct double_socket *double_socket_of(struct sim_port *port);
void double_plugged(struct sim_port *port, unsigned root);
void double_unplugged(struct sim_port *port);
bool double_hub_process(void); // true: there was something to do
void double_hub_gone(struct usb_device_handle_s *hub);
void double_device_freed(struct usb_device_handle_s *d);
void double_hub_answer(struct usb_device_handle_s *d, const uint8_t setup[8], uint8_t *data,
                       uint32_t size);
bool double_enum_step(void);
void double_enum_cancel(void);

// --- usb_host_double_device.c --------------------------------------------------------------------

struct usb_device_handle_s *double_device_add(struct double_socket *s);
void double_device_act(struct usb_device_handle_s *d, unsigned actions);
void double_device_remove(struct usb_device_handle_s *d);
void double_device_close(struct usb_device_handle_s *d);
void double_device_process(void); // all actions of all devices
bool double_device_leaving(void); // a control transfer is to be counted
void double_device_count(void);
struct usb_device_handle_s *double_device(usb_device_handle_t handle); // fails if it is freed
struct usb_host_client_handle_s *double_client(usb_host_client_handle_t handle);
void double_send(const usb_host_client_event_msg_t *msg, struct usb_host_client_handle_s *only);
bool double_take_channel(unsigned root);

// --- usb_host_double_seam.c ----------------------------------------------------------------------

// NULL: not there.
const uint8_t *double_find_setting(const usb_config_desc_t *config, uint8_t number,
                                   uint8_t alternate);
const uint8_t *double_find_endpoint(const usb_config_desc_t *config, const uint8_t *setting,
                                    unsigned index);
esp_err_t usbh_dev_get_config_desc(usb_device_handle_t device, const usb_config_desc_t **config);

// --- usb_host_double_pipe.c ----------------------------------------------------------------------

void double_pipe_init(struct double_pipe *pipe, struct usb_device_handle_s *d,
                      const struct usb_endpoint *ep);
void double_pipe_run(struct double_pipe *pipe);
void double_pipe_urb_done(struct usb_urb *u);
void double_pipe_halt(struct double_pipe *pipe);
esp_err_t double_pipe_flush(struct double_pipe *pipe);
esp_err_t double_pipe_clear(struct double_pipe *pipe);
bool double_pipe_empty(const struct double_pipe *pipe);
struct double_pipe *double_pipe_of(struct usb_device_handle_s *d, uint8_t address);

static inline usb_transfer_t *double_public(struct double_transfer *t)
{
    return (usb_transfer_t *)(t + 1);
}

static inline struct double_transfer *double_private(usb_transfer_t *t)
{
    return (struct double_transfer *)(void *)t - 1;
}
