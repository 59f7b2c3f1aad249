// SPDX-License-Identifier: Apache-2.0
// A stage for scenario and conformance tests: the whole server, a simulated bus, scripted clients
// and a clock that moves only when told to. Bytes go through the session exactly as a port moves
// them, in pieces of any size. Failures end the running test (check.h).
#pragma once

#include "server/server.h"
#include "sim/bus/sim_bus.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <stddef.h>

struct stage_options {
    size_t rx_piece;     // most bytes per received piece, 0: as many as fit
    size_t tx_piece;     // most bytes per sent piece, 0: all
    uint64_t fail_alloc; // the n-th allocation from now on fails (1: the first), 0: none
    bool fail_once;      // only that one; else all from it on
    const struct server_config *config; // NULL: the defaults
};

struct stage {
    struct stage_options options;
    struct heap_meter heap;
    struct sim_bus *bus;
    struct usbip_server *server;
    uint64_t now_us;
    struct stage_client *clients;
};

// One client connection.
struct stage_client {
    struct stage *stage;
    struct stage_client *next;
    struct session *session; // NULL when the server has closed the connection
    uint8_t *out;            // sent by the client, not yet taken by the server; lies in out_block
    size_t out_size;
    uint8_t *out_block;
    size_t out_room;
    uint8_t *in; // received by the client, not yet looked at
    size_t in_size, in_room;
    bool deaf;      // does not read: the server's bytes stay where they are
    bool got_fin;   // the server has shut down its side
    bool got_reset; // the server has broken the connection
    bool sent_fin;  // the client has
    uint32_t devid; // of the imported device
};

// Server and an empty bus (number 1). Returns false if an allocation failed (fail_alloc); then all
// is given back already.
bool stage_open(struct stage *st, const struct stage_options *options);

// The same with D1 (sim_faulty.h) in 1-1 and another in 1-2; must succeed. `config` as in the
// options.
void stage_open_d1(struct stage *st, const struct server_config *config);

// Ends everything and fails the test if a byte is left behind.
void stage_close(struct stage *st);

// A test with a stage `st` that `begin` opens.
#define STAGE_TEST(id, begin) TEST_WITH(id, struct stage, st, begin, stage_close(st))

void stage_plug(struct stage *st, const char *busid, struct sim_device *d); // must succeed
void stage_replug(struct stage *st, const char *busid);                     // what was pulled

// Bytes of payload that URBs have now.
uint64_t stage_payload_in_use(const struct stage *st);

// Prints the server's events so far, to see why a test fails.
void stage_print_events(struct stage *st);

unsigned stage_count_events(struct stage *st, enum eventlog_type type); // so far

// Lets bytes, events and actions flow until nothing moves any more (time stands still).
void stage_settle(struct stage *st);

// Moves time on by `us`, stopping at every deadline on the way.
void stage_advance(struct stage *st, uint64_t us);

// A client connects; NULL if the server refused. `address` as text.
struct stage_client *stage_connect(struct stage *st); // from 192.0.2.1
struct stage_client *stage_connect_from(struct stage *st, const char *address);

void stage_send(struct stage_client *c, const void *bytes, size_t size);  // and settles
void stage_queue(struct stage_client *c, const void *bytes, size_t size); // without settling
void stage_fin(struct stage_client *c);                                   // and settles
void stage_reset(struct stage_client *c); // the connection breaks; and settles
// The port saw the client's last segment `silent_us` ago, and no answer to `unanswered` of its own
// since; and settles.
void stage_heard(struct stage_client *c, uint64_t silent_us, unsigned unanswered);
bool stage_closed(const struct stage_client *c); // the server ended it (FIN or close)

// --- scripted client -----------------------------------------------------------------------------

// Imports a device and checks the 320 bytes of the answer; sets c->devid.
void stage_import(struct stage_client *c, const char *busid);
// Connects and imports.
struct stage_client *stage_attach(struct stage *st, const char *busid);
// Sends the request only.
void stage_send_import(struct stage_client *c, const char *busid);

// A CMD_SUBMIT; unset fields are 0. `data` of `length` bytes follows an OUT, then `packets`.
struct stage_submit {
    uint32_t seqnum, direction, ep;
    int32_t length;
    const void *data;
    const char *setup; // 8 bytes, or NULL
    uint32_t flags;
    int32_t start_frame, number_of_packets, interval;
    const struct usb_iso_packet *packets;
};
void stage_submit(struct stage_client *c, const struct stage_submit *s);
void stage_queue_submit(struct stage_client *c, const struct stage_submit *s);
// The usual ones: IN, OUT, and a control request without data.
void stage_in(struct stage_client *c, uint32_t seqnum, uint32_t ep, int32_t length);
void stage_out(struct stage_client *c, uint32_t seqnum, uint32_t ep, const void *data,
               int32_t length);
void stage_control(struct stage_client *c, uint32_t seqnum, const char *setup);
void stage_unlink(struct stage_client *c, uint32_t seqnum, uint32_t victim);
void stage_queue_unlink(struct stage_client *c, uint32_t seqnum, uint32_t victim);

// The session takes all that the client has queued, but nobody acts on it yet: for what happens
// between an UNLINK that has arrived and its cancel.
void stage_receive(struct stage_client *c);

// Nothing is waiting to be looked at.
void stage_expect_silence(struct stage_client *c);

// The next bytes received are exactly these.
void stage_expect_bytes(struct stage_client *c, const void *bytes, size_t size);

// The next PDU is a RET_SUBMIT with these values; returns its IN data (actual_length bytes, valid
// until the next stage_ call on this client). `in` tells whether data follows.
const uint8_t *stage_expect_ret(struct stage_client *c, uint32_t seqnum, bool in, int32_t status,
                                int32_t actual_length);
void stage_expect_unlinked(struct stage_client *c, uint32_t seqnum, int32_t status);

// The next PDU's header, whatever it is (48 bytes must be there); and its bytes are taken.
struct wire_urb_header stage_take_header(struct stage_client *c);
// Takes `size` bytes of what follows; valid until the next stage_ call on this client.
const uint8_t *stage_take(struct stage_client *c, size_t size);

// Post-conditions of the conformance list (docs/wire.md 8).
void stage_check_alive(struct stage_client *c); // a GET_DESCRIPTOR is answered rightly
void stage_check_closed(struct stage_client *c,
                        const char *busid); // ended, device importable again
// The device can be imported by a new client within 2 s.
void stage_check_importable(struct stage *st, const char *busid);
