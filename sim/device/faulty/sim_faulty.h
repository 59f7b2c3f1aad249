// SPDX-License-Identifier: Apache-2.0
// The scripted device for tests: gives, takes and refuses what it is told, per endpoint, and
// records what it sees. It is device D1 of the conformance list (docs/wire.md 8):
// 1209:0001, high speed; interface 0: bulk OUT 0x02, bulk IN 0x81 (512), interrupt IN 0x83 (8);
// interface 1: alternate setting 0 empty, 1: isochronous IN 0x84 and OUT 0x05 (192, every
// millisecond). Loop thread, not from inside callbacks. `d` is always a device made here. Scripts
// and records survive a bus reset. Times in microseconds.
#pragma once

#include "base/base_bytes.h"
#include "sim/bus/sim_bus.h"
#include "sim/device/sim_kind.h"

struct sim_faulty_options {
    enum usb_speed speed; // high or full, unless the descriptors are the caller's
    uint16_t product;
    unsigned interfaces; // 0..32; those from the third on have no endpoints

    // Descriptors to show instead, however broken. Borrowed for the life of the device.
    const uint8_t *device;                   // 18 bytes; NULL: the built-in ones
    const uint8_t *configs[USB_MAX_CONFIGS]; // first NULL: the built-in one
    uint16_t config_sizes[USB_MAX_CONFIGS];  // bytes that are there, whatever wTotalLength says
    struct base_span string; // the answer to every request for a string; empty: the built-in ones
};

extern const struct sim_faulty_options sim_faulty_d1;

extern const struct sim_kind sim_faulty_kind;

// `options` copied. NULL if there is no memory.
struct sim_device *sim_faulty_create(struct sim_bus *bus, const struct sim_faulty_options *options);

// What `--sim faulty:MODE` does on the bulk endpoints, for ever.
enum sim_faulty_mode {
    SIM_FAULTY_NAK,    // nothing is given or taken
    SIM_FAULTY_STALL,  // IN and OUT, also after the halt is cleared
    SIM_FAULTY_SHORT,  // IN: 13 bytes per transfer; OUT takes all
    SIM_FAULTY_BABBLE, // IN: too long a packet; OUT takes all
    SIM_FAULTY_LATE,   // IN: counting bytes, OUT: takes all; each after a second
    SIM_FAULTY_VANISH, // leaves the bus at the first bulk transfer
};
struct sim_device *sim_faulty_create_mode(struct sim_bus *bus, enum sim_faulty_mode mode);

// --- bulk and interrupt IN: nothing queued is NAK ------------------------------------------------

// Queues a block (copied): whole packets and a short last one if `size` is no multiple of the
// packet size. Size 0: a zero-length packet. BASE_ERR_NOMEM.
enum base_err sim_faulty_give(struct sim_device *d, uint8_t ep, const void *data, uint32_t size);

// Queues one SIM_STALL, SIM_ERROR or SIM_BABBLE behind what was given before. BASE_ERR_NOMEM.
enum base_err sim_faulty_fail(struct sim_device *d, uint8_t ep, enum sim_result how);

// While nothing is queued: as many bytes as the host wants, counting 0..250, 0..250 and so on: a
// prime period, so that a lost packet shows. The count starts again with a bus reset.
enum { SIM_FAULTY_STREAM_PERIOD = 251 };
void sim_faulty_stream(struct sim_device *d, uint8_t ep, bool on);

unsigned sim_faulty_left(const struct sim_device *d, uint8_t ep); // blocks and failures queued

// --- bulk and interrupt OUT: takes everything and records it -------------------------------------

// Takes `bytes` more, as far as they are whole packets or all that is offered, then NAK. 0: NAK
// from now on. UINT64_MAX: everything.
void sim_faulty_accept(struct sim_device *d, uint8_t ep, uint64_t bytes);

// After `bytes` more (whole packets of them) one SIM_STALL or SIM_ERROR.
void sim_faulty_fail_after(struct sim_device *d, uint8_t ep, enum sim_result how, uint64_t bytes);

// What an OUT endpoint got, isochronous ones too. Borrowed until the next packet.
struct sim_faulty_received {
    uint64_t bytes, packets; // since creation or sim_faulty_forget()
    struct base_span data;   // the first of these bytes, 4 MiB at most
    const uint16_t *sizes;   // of the first packets
    unsigned size_count;
};
struct sim_faulty_received sim_faulty_received(const struct sim_device *d, uint8_t ep);
void sim_faulty_forget(struct sim_device *d, uint8_t ep);

// Both directions: NAK for `us` before each block of IN, each call with stream or OUT. 0: no delay.
void sim_faulty_late(struct sim_device *d, uint8_t ep, uint64_t us);

// --- isochronous ---------------------------------------------------------------------------------

// IN: full packets of 0xA0, 0xA1, 0xA2 ... OUT: everything is taken.

// The next packets: their sizes (IN), or a negative value for an error. Borrowed until they are
// over.
void sim_faulty_iso(struct sim_device *d, uint8_t ep, const int16_t *packets, unsigned count);

// --- control -------------------------------------------------------------------------------------

// 0xc0/0x01 gives min(300, wLength) counting bytes; 0x40/0x01 and 0x21/0x20 take any data; other
// class and vendor requests stall.

enum { SIM_FAULTY_ANSWERS = 8 }; // at most

// The answer to every request with this bmRequestType and bRequest; standard requests only wait.
// Data is borrowed for the life of the device.
struct sim_faulty_answer {
    int result;       // 0: the request succeeds; SIM_STALL, SIM_ERROR; SIM_NAK: waits for release
    const void *data; // IN
    uint32_t size;
    uint64_t delay_us; // NAK for so long
};
void sim_faulty_answer(struct sim_device *d, uint8_t bmRequestType, uint8_t bRequest,
                       const struct sim_faulty_answer *answer);
void sim_faulty_release(struct sim_device *d); // a request that waits succeeds now

// The data stage of the last OUT request that was taken.
struct base_span sim_faulty_control_data(const struct sim_device *d);

// --- what it saw ---------------------------------------------------------------------------------

enum { SIM_FAULTY_SETUPS = 64 }; // kept

struct sim_faulty_counters {
    unsigned setups, resets, configured, alternates, halts_cleared;
};
const struct sim_faulty_counters *sim_faulty_counters(const struct sim_device *d);

// A SETUP packet: 0 is the last one. False if so many were not seen or kept.
bool sim_faulty_setup(const struct sim_device *d, unsigned back, struct usb_setup *s);

// How many of the kept SETUP packets are such requests.
unsigned sim_faulty_setups_like(const struct sim_device *d, uint8_t bmRequestType,
                                uint8_t bRequest);
