// SPDX-License-Identifier: Apache-2.0
// Isochronous URBs for the conformance list: built, sent, and their replies taken apart. What every
// reply must keep (docs/wire.md 2.9) is checked with each of them. A failed check ends the
// test.
#pragma once

#include "tests/conformance/fixture.h"

enum {
    ISO_IN = 4,
    ISO_OUT = 5,
    ISO_MPS = 192,       // of D1's isochronous endpoints
    ISO_FRAME_US = 1000, // their interval
    ISO_PACKETS_MAX = 1024,
    ISO_BYTES_MAX = 1024 * 1024 + 1, // longer than an URB may be
};

// A client of D1 that has selected the alternate setting with the isochronous endpoints.
struct stage_client *iso_attach(struct fixture *f);
void iso_select(struct stage_client *c, bool endpoints);

struct iso_urb {
    uint32_t seqnum, ep; // ISO_IN or ISO_OUT: the number tells the direction
    int32_t length;
    unsigned count;
    struct usb_iso_packet packets[ISO_PACKETS_MAX];
};

// `count` packets of `size` bytes, one behind the other.
void iso_fill(struct iso_urb *u, uint32_t seqnum, uint32_t ep, unsigned count, uint32_t size);

// Sends it; an OUT has the first bytes of iso_data(). The first one does not settle.
void iso_queue(struct stage_client *c, const struct iso_urb *u);
void iso_submit(struct stage_client *c, const struct iso_urb *u);
const uint8_t *iso_data(void); // ISO_BYTES_MAX bytes, with a long period

struct iso_reply {
    int32_t status, actual_length;
    uint32_t start_frame, error_count;
    unsigned count;
    const uint8_t *data; // IN: of the packets, packed; valid until the next call
    struct usb_iso_packet packets[ISO_PACKETS_MAX];
};

// A start_frame; from a backend that does not know it, 0.
void iso_check_frame(uint32_t have, uint32_t want);

// The next PDU is the reply to `u`, as many descriptors, offsets and lengths as in the request,
// lengths that add up.
void iso_expect(struct stage_client *c, const struct iso_urb *u, struct iso_reply *r);

// The same, and the URB failed as a whole: a status that no class driver takes for its own unlink,
// no packet moved.
void iso_expect_failure(struct stage_client *c, const struct iso_urb *u, int32_t status);

// The same as iso_expect(), and everything went well; `first` is what D1 filled the first packet
// of an IN with (it counts).
void iso_expect_success(struct stage_client *c, const struct iso_urb *u, struct iso_reply *r,
                        uint8_t first);
