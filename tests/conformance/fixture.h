// SPDX-License-Identifier: Apache-2.0
// The fixture of the conformance list (docs/wire.md 8): a server with the scripted
// devices D1 (busid 1-1, devid 00010002) and D2 (1-2), and the list's post-conditions. A failed
// check ends the running test. One TEST per item of the list, named by its number.
#pragma once

#include "sim/device/faulty/sim_faulty.h"
#include "tests/golden/vectors.h"
#include "tests/support/check.h"
#include "tests/support/stage.h"
#include "tests/support/stage_backend.h"

enum {
    FIXTURE_SECOND_US = 1000000,
    FIXTURE_DEVID = 0x00010002, // of D1, in every vector
    FIXTURE_DEVID_AT = 8,       // offset in a URB header
    FIXTURE_SEQNUM_AT = 4,
    FIXTURE_IMPORT_REPLY_SIZE = WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE,
};

struct fixture {
    struct stage st;
    struct sim_device *d1, *d2;
    struct stage_client *neighbour; // has D2 from the first fixture_attach() on
};

// `options` NULL: whole segments, default configuration. Close what was opened.
void fixture_open(struct fixture *f, const struct stage_options *options);
void fixture_close(struct fixture *f);

// Opens, runs `body` with at most `piece` bytes per segment each way (0: no limit), closes.
void fixture_run(void (*body)(struct fixture *f), size_t piece);

// Registers a test twice: with whole segments, and byte by byte. Its body has an open fixture `f`.
#define FIXTURE_TEST(id)                                                                           \
    static void id(struct fixture *f);                                                             \
    TEST(id)                                                                                       \
    {                                                                                              \
        fixture_run(id, 0);                                                                        \
    }                                                                                              \
    TEST(id##_byte_by_byte)                                                                        \
    {                                                                                              \
        fixture_run(id, 1);                                                                        \
    }                                                                                              \
    static void id(struct fixture *f)

// A new connection; a device pulled.
struct stage_client *fixture_connect(struct fixture *f);
void fixture_unplug(struct fixture *f, const char *busid);

// A client that has imported D1. Another one gets D2, to see whether it is disturbed.
struct stage_client *fixture_attach(struct fixture *f);

// Vectors by name: sends one, wants the next bytes to be exactly one, or sends one and wants
// exactly the other and nothing more.
void fixture_send(struct stage_client *c, const char *vector);
void fixture_expect(struct stage_client *c, const char *vector);
void fixture_exchange(struct stage_client *c, const char *vector, const char *reply);

// A control request without fields that a vector would pin: the reply's data (`actual` bytes).
const uint8_t *fixture_control(struct stage_client *c, const char setup[8], const void *out,
                               int32_t status, int32_t actual);

// `d` does not answer the request 0x40/0x55: never, or if that would block endpoint 0 for ever, a
// tenth of a second.
void fixture_no_answer(struct sim_device *d);

// D1 has a packet for an IN endpoint; and settles.
void fixture_give(struct fixture *f, uint8_t ep, const void *data, uint32_t size);

// `d` has one packet for bulk IN 0x81, and it arrives at `c`: neither side's toggle is out of step.
void fixture_check_bulk_in(struct sim_device *d, struct stage_client *c);

// Post-conditions. CLOSED of the list for a session with D1, complete replies read before.
void fixture_check_closed(struct fixture *f, struct stage_client *c);

// NOLEAK: memory and sessions are the same before and after `step` is run 100 times. It runs once
// before, for what is allocated once.
void fixture_check_no_leak(struct fixture *f, void (*step)(struct fixture *f));

// Sends DEVLIST on a connection of its own; the body (`ndev` and records) and its size. Valid until
// the next call.
const uint8_t *fixture_devlist(struct stage *st, size_t *size);

// The record of that busid in a DEVLIST; NULL if it is not there.
const uint8_t *fixture_record(struct stage *st, const char *busid);
