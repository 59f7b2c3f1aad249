// SPDX-License-Identifier: Apache-2.0
// What the files of the device backend offer each other. They are a list: each calls only those
// above it. Client task, where nothing else is said.
#pragma once

#include "device_pipe.h"

// --- device_base.c ------------------------------------------------------------------------------
// The client task looks again at `at_us`, or earlier.
void device_due(struct device_usb_host *h, uint64_t at_us);
uint64_t device_now_us(const struct device_usb_host *h);
// In a control transfer's callback; and whether the library has counted that transfer since.
uint32_t device_turn(const struct device_usb_host *h);
bool device_counted(struct device_usb_host *h, uint32_t turn);
struct base_span device_config(const struct device *d); // the one that is set; empty: none
int32_t device_status(usb_transfer_status_t status);
// Takes an URB off its list, if it is on one, and gives it back to the loop. Isochronous packets
// that have no result get XDEV.
void device_urb_done(struct usb_urb *u, int32_t status);
void device_give_back(struct usb_urb *u, int32_t status); // the same for who has the lock
void device_event(struct device *d, const struct device_event *ev);
void device_log(struct device *d,
                const struct eventlog_what *what); // dropped if there are too many
bool device_forgotten(struct device *d);
// NULL: no place is free.
struct device *device_new(struct device_usb_host *h, enum device_kind kind);
void device_free(struct device *d);
void device_announce(struct device *d); // PLUGGED

// --- device_pool.c ------------------------------------------------------------------------------
// The library does not clean the cache before an IN transfer (esp-usb, pull request 588): what the
// memory's last owner has left there would be written back over the bytes that have come.
esp_err_t device_transfer_alloc(size_t bytes, int packets, usb_transfer_t **t);
// To be freed soon; NULL: no memory.
usb_transfer_t *device_transfer_alloc_for_now(size_t bytes);
bool device_pool_create(struct device_usb_host *h);
void device_pool_destroy(struct device_usb_host *h);
// NULL: none free but `reserve`.
usb_transfer_t *device_pool_get(struct device_usb_host *h, unsigned reserve);
void device_pool_put(struct device_usb_host *h, usb_transfer_t *t);
// Loop thread.
void *device_payload_alloc(struct usbip_backend *b, uint32_t size);
void device_payload_free(struct usbip_backend *b, void *p, uint32_t size);

// --- device_bulk.c, device_iso.c, device_pipe.c: device_pipe.h -----------------------------------

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
// What cannot be served is said in the event log and left out; with `whole`, it refuses all of it,
// as it does if nothing is left: UNSUPPORTED, or LIMIT when channels have run out.
enum base_err device_claim(struct device *d, uint8_t interface, uint8_t alternate, bool whole);
bool device_has_bulk(const struct device *d, uint8_t interface, uint8_t alternate);
// In the current settings, whether or not it is served.
bool device_has_endpoint(const struct device *d, uint8_t address);
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

// --- device_fetch.c -----------------------------------------------------------------------------
// What the library knows; false: not what it should.
bool device_fetch_cached(struct device *d);
bool device_fetch_shows_hub(struct device *d);
// The active configuration, as the library has it.
bool device_fetch_active(struct device *d);
// Reads the other configurations and sets one; then d->fetch.done.
void device_fetch_begin(struct device *d);
void device_fetch_run(struct device *d);

// --- device_path.c ------------------------------------------------------------------------------
// Finds out where the device is. True when info.busid is there.
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

// --- device_life.c ------------------------------------------------------------------------------
// Asks the library who is there: whoever is new, and hubs that are not there any more.
void device_life_scan(struct device_usb_host *h);
bool device_life_run(struct device *d);
void device_life_gone(struct device_usb_host *h, usb_device_handle_t handle);

// --- device_queue.c -----------------------------------------------------------------------------
extern const struct usbip_backend device_backend; // loop thread
void device_queue_drain(struct device_usb_host *h);
// The loop has called since.
bool device_queue_asked(struct device_usb_host *h);
void device_queue_wake(struct device_usb_host *h);
