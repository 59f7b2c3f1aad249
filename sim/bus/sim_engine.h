// SPDX-License-Identifier: Apache-2.0
// Inside of the simulated bus, shared by its sources only: ports, pipes and time. Devices use
// sim_device.h, everybody else sim_bus.h. Loop thread; times in microseconds of the bus's clock.
//
// Nothing happens in submit(): an URB joins its pipe, the pipe joins the bus's `ready` list, and
// take_event() runs ready pipes, which ask the device. What is over joins `done`. So the cost of a
// call depends on what is due, not on how many devices there are.
//
// Each file uses those below it only: sim_bus.c, sim_port.c, sim_hub.c, sim_pipe.c, sim_control.c,
// sim_state.c, the other transfer types and descriptors, sim_engine.c.
#pragma once

#include "base/base_list.h"
#include "sim_bus.h"

enum {
    SIM_PIPES = 32,              // endpoint number, + 16 for IN; 0: control, both directions
    SIM_SCRATCH_SIZE = 4 * 1024, // the most that a descriptor can promise for one microframe
    SIM_PENDING = 1,             // in place of an URB's status: not finished
    SIM_DEVNUM_ROOT_HUB = 1,     // as Linux numbers: devices begin at 2
};

struct sim_timer {
    struct base_list link; // on the bus's `timers`, earliest first; empty: not armed
    uint64_t at_us;
    uint64_t shows_us; // when it must be called at the latest: what it does does not show before
    void (*due)(struct sim_timer *t);
};

struct sim_pipe {
    struct base_list urbs;  // in order of submit, by backend_link; pipe 0: also the port's op_link
    struct base_list ready; // on the bus's `ready`: there is a reason to ask the device
    struct sim_timer timer; // sim_kick_at(), or the end of the next isochronous packet
    struct sim_port *port;
    uint64_t frame_us; // isochronous: when the (micro)frame of the next packet begins
};

enum { SIM_STRINGS = 4 }; // names of configurations and interfaces that the core is told

enum sim_claim { SIM_CLOSED, SIM_OPENING, SIM_OPEN, SIM_CLOSING };

// A place for a device, named by its busid, and the host's side of the device in it. This is the
// `device` of the backend contract. While the core has not yet taken UNPLUGGED (`gone`), what it
// asks is meant for the device that was there, even if the next one is already plugged.
struct sim_port {
    struct base_list link;      // on the bus's `ports`; a hub comes before what is behind it
    struct base_list attention; // on the bus's `attention`: there may be an event for the core
    struct sim_bus *bus;
    struct sim_port *hub; // NULL: root port
    uint8_t number;       // of the port on its hub
    struct sim_device *device;
    bool inserted;  // device is in the port; it works if its hub does too: device->port is set
    bool announced; // the core knows it
    bool gone;      // UNPLUGGED is due
    bool vanish;    // sim_vanish() was called
    bool settle;    // a hub: the power of its ports has changed
    bool dead;      // got an address that nobody uses: answers no more

    enum sim_claim claim;
    bool delay_over; // of the answer to open(), close() or control()
    struct sim_timer delay_timer;
    uint64_t open_delay_us, close_delay_us, control_delay_us;
    enum base_err open_result;

    struct usb_control_op op;
    struct base_list op_link; // in pipe 0 among the control URBs; empty: no op waits
    bool op_done;             // CONTROL_DONE is due
    int32_t op_status;

    uint32_t host_toggle; // the host's side, as sim_device.toggle
    struct usb_device_info info;
    struct usb_string strings[SIM_STRINGS]; // the info's
    struct usb_endpoint_table table;
    struct sim_pipe pipe[SIM_PIPES];
};

// What port_power() is answered with.
struct sim_power_answer {
    char port[USB_BUSID_SIZE];
    enum base_err result;
};

enum { SIM_POWER_ANSWERS = 32 }; // not yet taken

struct sim_bus {
    struct usbip_backend backend; // first: the backend is the bus
    const struct base_alloc *alloc;
    uint8_t busnum;
    uint8_t devnum; // given last
    unsigned port_count;
    uint64_t now_us;
    struct base_list ports, attention, ready, done, timers;
    uint8_t off[256 / 8];                              // bit per root port: it has no power
    struct sim_power_answer answer[SIM_POWER_ANSWERS]; // oldest first
    unsigned answers;
    struct sim_power_answer answered;  // the event taken last
    uint8_t scratch[SIM_SCRATCH_SIZE]; // a packet that does not fit into the URB, or is dropped
};

// --- sim_port.c ----------------------------------------------------------------------------------

void sim_port_vanish(struct sim_port *p);
void sim_port_settle(struct sim_bus *bus); // after the power of a port has changed
unsigned sim_root_ports(const struct sim_bus *bus);

// A port by the name that a device in it has; false, or GONE: there is none.
bool sim_port_known(struct sim_bus *bus, const char *name, struct backend_port *out);
enum base_err sim_port_power(struct sim_bus *bus, const char *name, bool on);

// --- sim_hub.c -----------------------------------------------------------------------------------

unsigned sim_hub_ports(const struct sim_device *d); // 0: no hub
// Of a hub, and of one of its ports.
enum backend_power sim_hub_power(const struct sim_device *d);
bool sim_hub_has_power(const struct sim_device *d, unsigned number);
void sim_hub_set_power(struct sim_device *d, unsigned number, bool on);

// --- sim_pipe.c ----------------------------------------------------------------------------------

void sim_pipe_init(struct sim_pipe *pipe, struct sim_port *port);
void sim_pipe_run(struct sim_pipe *pipe);   // moves the first URB on as far as it goes now
void sim_pipe_clear(struct sim_pipe *pipe); // all its URBs go back: there is no device any more

// --- sim_control.c, sim_bulk.c, sim_iso.c: the transfer types ------------------------------------

// A status, or SIM_PENDING.
int32_t sim_control_transfer(struct sim_port *p, struct usb_urb *u);
int32_t sim_bulk_transfer(struct sim_port *p, struct usb_urb *u); // also interrupt

void sim_iso_run(struct sim_pipe *pipe);
void sim_iso_packet(struct sim_pipe *pipe);

// --- sim_state.c: configuration, alternate settings, halts ---------------------------------------

// The device's side. False: it has no such thing.
bool sim_state_set_config(struct sim_port *p, uint8_t value);
bool sim_state_set_interface(struct sim_port *p, uint8_t interface, uint8_t alternate);
bool sim_state_clear_halt(struct sim_port *p, uint8_t ep);

// As after plug-in, on both sides: bus reset, then the first configuration.
void sim_state_power_on(struct sim_port *p);

// A pipe change on both sides.
int32_t sim_state_execute(struct sim_port *p, const struct usb_control_op *op);

// --- sim_super.c: what USB 3 adds to chapter 9, for devices at super speed -----------------------

// SET_SEL and SET_ISOCH_DELAY, features of the device and of its interfaces: data bytes taken, or
// SIM_STALL.
int sim_super_request(const struct usb_setup *s, uint32_t len);
int sim_super_device_feature(struct sim_port *p, const struct usb_setup *s, bool on);
int sim_super_interface_feature(const struct usb_setup *s);
uint8_t sim_super_status(const struct sim_port *p); // bits of GET_STATUS to the device

// --- sim_descriptor.c ----------------------------------------------------------------------------

// GET_DESCRIPTOR to the device: fills at most `len` bytes of `data`, or SIM_STALL.
int sim_descriptor_get(const struct sim_device *d, const struct usb_setup *s, uint8_t *data,
                       uint32_t len);
struct base_span sim_descriptor_config(const struct sim_descriptors *desc, unsigned index);
unsigned sim_descriptor_configs(const struct sim_descriptors *desc);
const char *sim_descriptor_string(const struct sim_descriptors *desc, uint8_t index); // or NULL

// --- sim_engine.c: time, what is ready, what is over ---------------------------------------------

void sim_timer_init(struct sim_timer *t, void (*due)(struct sim_timer *t));
void sim_timer_set(struct sim_bus *bus, struct sim_timer *t, uint64_t at_us); // shows at once
void sim_timer_clear(struct sim_timer *t);

// Moves the bus's clock to `now_us`, stopping at each timer on the way.
void sim_time_advance(struct sim_bus *bus, uint64_t now_us);

unsigned sim_pipe_index(uint8_t address);
bool sim_pipe_is_control(const struct sim_pipe *pipe);
void sim_pipe_ready(struct sim_pipe *pipe); // if it has an URB

// The first URB; there must be one (on pipe 0 the first link may be an op).
struct usb_urb *sim_pipe_head(const struct sim_pipe *pipe);

bool sim_port_live(const struct sim_port *p); // a working device is in it
void sim_port_attend(struct sim_port *p);

// The URB's next isochronous packet is over.
void sim_packet_done(struct usb_urb *u, int32_t status, uint32_t actual_length);

// The URB leaves its pipe, if it is in one, and goes back to the core with `status`. Isochronous
// packets that were not executed fail.
void sim_urb_done(struct sim_bus *bus, struct usb_urb *u, int32_t status);
