// SPDX-License-Identifier: Apache-2.0
// How a simulated device is written: descriptors plus a few callbacks. The engine (sim_engine.h)
// answers chapter 9, keeps configuration, alternate settings, halts and data toggles on both sides
// of the bus, cuts transfers into packets and keeps time. Loop thread only; callbacks never block.
#pragma once

#include "base/base_alloc.h"
#include "usb/usb_device.h"
#include "usb/usb_urb.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_device;
struct sim_bus;

// Return values of in(), out() and setup() besides a byte count >= 0.
enum sim_result {
    SIM_NAK = -1,    // not now: asked again after sim_kick() or at the time given to sim_kick_at()
    SIM_STALL = -2,  // in/out: the endpoint is halted; setup: the request fails
    SIM_ERROR = -3,  // the device does not answer right: the URB ends with USB_STATUS_PROTOCOL
    SIM_BABBLE = -4, // in: a packet is longer than the endpoint's size: USB_STATUS_OVERFLOW
};

// What never changes; may be const data shared by all devices of a kind.
struct sim_descriptors {
    const uint8_t *device;         // 18 bytes
    const uint8_t *const *configs; // bNumConfigurations of them, each with a right wTotalLength
    const char *const *strings;    // UTF-8; index 1 first, NULL-terminated; may be NULL
    const uint8_t *bos;            // NULL: the request stalls
    struct base_span raw_string;   // answers every request for a string as it is, in place of
                                   // `strings`; empty: does not
    // Bytes that each configuration really has, for a device that lies in wTotalLength; NULL: none
    // does.
    const uint16_t *config_sizes;
};

struct sim_device_ops {
    // Frees what the device's create function allocated, the device itself included.
    void (*destroy)(struct sim_device *d);

    // Bus reset, also at plug-in and between two sessions: the function's own state back to that
    // after power-on (media content stays). Optional.
    void (*reset)(struct sim_device *d);

    // SET_CONFIGURATION or SET_INTERFACE was accepted (d->config, d->alternate are the new values),
    // or CLEAR_FEATURE(ENDPOINT_HALT). Optional.
    void (*configured)(struct sim_device *d);
    void (*alternate_selected)(struct sim_device *d, uint8_t interface);
    void (*halt_cleared)(struct sim_device *d, uint8_t ep);

    // Every SETUP packet that the host sends after enumeration, once, before anybody answers it.
    // Optional.
    void (*setup_seen)(struct sim_device *d, const struct usb_setup *s);

    // True: a standard request waits as after SIM_NAK of setup(). Optional.
    bool (*holds)(struct sim_device *d, const struct usb_setup *s);

    // Class, vendor and such standard requests as the engine leaves to the function (for instance
    // GET_DESCRIPTOR to an interface). IN: fill at most `len` bytes of `data` and return how many;
    // OUT: `data` has the whole data stage of `len` bytes, return `len`. After SIM_NAK the call is
    // repeated with d->setup_again set, unless the host has given up. Optional: all stall.
    int (*setup)(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len);

    // Bulk and interrupt IN: write packets to `buf`. `max` is a multiple of the packet size, or one
    // packet. Returns a byte count: full packets, and perhaps a last short one (0 is a zero-length
    // packet), which ends the transfer. A multiple of the packet size that is less than `max` does
    // not end it: the engine asks again.
    int (*in)(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max);

    // Bulk and interrupt OUT: `len` bytes of packets (all full but perhaps the last; 0 is a
    // zero-length packet). Returns how many bytes were taken: `len`, or a smaller multiple of the
    // packet size if the rest is to be offered again (NAK) after a kick.
    int (*out)(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len);

    // Isochronous, once per packet in its frame. IN: fill at most `max` bytes, return the count.
    // OUT: return `len`. SIM_ERROR fails the packet alone.
    int (*iso_in)(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max);
    int (*iso_out)(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len);
};

// Embedded as first member in each device's own struct.
struct sim_device {
    // Set by the device's create function.
    const struct sim_device_ops *ops;
    const struct sim_descriptors *desc;
    enum usb_speed speed;

    const char *name; // of its kind, set by sim_set_plug(); "hub"

    // The engine's; read-only for the device.
    uint8_t config;                        // bConfigurationValue, 0: not configured
    uint8_t alternate[USB_MAX_INTERFACES]; // by order of appearance in the configuration
    uint32_t halted;                       // bit per endpoint: number, + 16 for IN
    uint32_t toggle; // the device's side, bit per endpoint: number, + 16 for IN
    bool remote_wakeup;
    uint8_t link_states;   // super speed, bit 0: U1 is allowed, bit 1: U2
    bool setup_again;      // setup() is called again for the request that it answered with SIM_NAK
    struct sim_port *port; // NULL while unplugged
    struct sim_bus *bus;   // also set by the create function, which needs it to allocate
};

// Endpoint `ep` (address; 0 for control) may have something now: the engine asks again. May be
// called from inside a callback.
void sim_kick(struct sim_device *d, uint8_t ep);

// The same at time `at_us` of the bus's clock. One time per endpoint; the earliest wins.
void sim_kick_at(struct sim_device *d, uint8_t ep, uint64_t at_us);

// What setup() returns for an IN request whose whole answer is `size` bytes: the host takes what it
// has asked for.
int sim_answer(uint8_t *data, uint32_t len, const void *from, size_t size);

// The device leaves the bus as if it had been pulled, once the current callback has returned.
void sim_vanish(struct sim_device *d);

// Time of the bus, microseconds.
uint64_t sim_now_us(const struct sim_device *d);

// Memory of the bus, for create/destroy and rare events.
const struct base_alloc *sim_alloc(const struct sim_bus *bus);

// The endpoint of the current alternate settings with that address, or NULL.
const struct usb_endpoint *sim_endpoint(const struct sim_device *d, uint8_t ep);
