// SPDX-License-Identifier: Apache-2.0
// The double of the USB host library with one client, on two simulated buses, for tests of the
// double itself.
#pragma once

#include "sim/device/faulty/sim_faulty.h"
#include "sim/device/sim_zero.h"
#include "tests/firmware/usb_host_double_state.h"
#include "tests/support/check.h"

#include <setjmp.h>

enum { HOST_EVENTS = 64 };

struct host_rig {
    struct sim_bus *bus[USB_HOST_DOUBLE_PORTS];
    uint64_t now_us;
    usb_host_client_handle_t client;
    usb_host_client_event_msg_t events[HOST_EVENTS];
    unsigned event_count;
    uint32_t flags;
    void (*in_callback)(usb_transfer_t *t);
    usb_transfer_t *done[HOST_EVENTS]; // in the order of their callbacks
    unsigned done_count, events_at_first_done;
    struct usb_host_double_config config;
};

extern struct host_rig host_rig; // as there is one library

void host_turn(struct host_rig *r); // daemon and client, once each
void host_settle(struct host_rig *r);
void host_advance(struct host_rig *r, uint64_t us);

// The rig without library; then host_install(). host_start() does both.
struct host_rig *host_begin(void);
void host_install(struct host_rig *r, unsigned events);
struct host_rig *host_start(void);
void host_destroy_buses(struct host_rig *r);

// Everything was released and closed before.
void host_end(struct host_rig *r);

void host_plug(struct host_rig *r, unsigned root, const char *busid, struct sim_device *d);
usb_device_handle_t host_open(struct host_rig *r, uint8_t address);

// D1 of the conformance list on the high-speed port, opened, interface 0 claimed.
usb_device_handle_t host_d1(struct host_rig *r);
struct sim_device *host_sim(struct host_rig *r);
void host_leave(struct host_rig *r, usb_device_handle_t d);

usb_transfer_t *host_transfer(usb_device_handle_t d, uint8_t ep, int bytes);
usb_transfer_t *host_iso_in(usb_device_handle_t d, int packets); // D1's endpoint, 192 bytes each
usb_transfer_t *host_control(usb_device_handle_t d, const char setup[8], int data);

// The first one that is done and was not looked at yet.
void host_check_done(usb_transfer_t *t, usb_transfer_status_t status, int actual);

// A test with the rig `r`, started before and ended behind it.
#define HOST_TEST(id)                                                                              \
    static void id##_started(struct host_rig *r);                                                  \
    TEST(id)                                                                                       \
    {                                                                                              \
        struct host_rig *r = host_start();                                                         \
        id##_started(r);                                                                           \
        host_end(r);                                                                               \
    }                                                                                              \
    static void id##_started(struct host_rig *r)

// --- failures that must come ---------------------------------------------------------------------

// `body` must fail with a reason that contains `words`. The double is as new afterwards.
void host_must_fail(void (*body)(struct host_rig *r), const char *words);

// Its parts: what to do at a failure, host_expected() by jumping to host_failed with the reason.
extern jmp_buf host_failed;
extern char host_reason[256];
void host_expected(const char *reason);
void host_stop_test(const char *reason);
