// SPDX-License-Identifier: Apache-2.0
// A client for fuzz targets: queues requests and checks every reply as Linux's vhci_hcd would. A
// peer that has sent broken bytes is no longer `honest`, and its replies are only swallowed.
#pragma once

#include "session/session.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FUZZ_PEER_QUEUE = 1 << 16, FUZZ_PEER_REQUESTS = 128 };

struct fuzz_request {
    uint32_t command; // 0: free
    uint32_t seqnum;
    uint32_t victim; // UNLINK
    int32_t length;  // SUBMIT
    int32_t packets; // isochronous SUBMIT
    bool in;
};

struct fuzz_peer {
    struct session *session; // NULL: not connected
    uint32_t id;             // of the session
    bool honest;
    bool ended;        // has sent FIN
    unsigned chunk;    // most bytes per piece that the server gets; 0: all there is
    unsigned patience; // most bytes that the peer reads at a time; 0: all there is
    bool stuck;        // does not read at all

    uint8_t queue[FUZZ_PEER_QUEUE]; // to be sent
    size_t queued;

    uint32_t devid; // 0 before an import
    uint32_t seqnum;
    uint16_t op; // code of the reply that is awaited, 0: none
    struct fuzz_request requests[FUZZ_PEER_REQUESTS];

    // What is being received: `want` bytes, then got() is called. A body is counted, not kept.
    uint8_t buffer[320];
    size_t have, want;
    uint64_t body;
    uint32_t devices; // records of a DEVLIST still to come
    int32_t packets;  // isochronous descriptors still to come
    int64_t packed;   // bytes that they have not told of yet
    void (*got)(struct fuzz_peer *p);
};

void fuzz_peer_connect(struct fuzz_peer *p, struct session *s);

// Requests; one that has no room in the queue or the table is left out.
void fuzz_peer_raw(struct fuzz_peer *p, const uint8_t *bytes, size_t size);
void fuzz_peer_devlist(struct fuzz_peer *p);
void fuzz_peer_import(struct fuzz_peer *p, const char *busid);

struct fuzz_submit {
    uint8_t ep; // address
    uint32_t length, flags;
    uint8_t setup[8];
    uint32_t packets;    // > 0: isochronous, each of length / packets bytes
    uint8_t payload[31]; // OUT: begins with it
};
void fuzz_peer_submit(struct fuzz_peer *p, const struct fuzz_submit *s);
void fuzz_peer_unlink(struct fuzz_peer *p, uint32_t victim);

// Spoils one bit of what is queued and not sent yet.
void fuzz_peer_spoil(struct fuzz_peer *p, size_t at, uint8_t bit);

// The bytes of a reply have come.
void fuzz_peer_receive(struct fuzz_peer *p, const uint8_t *bytes, size_t size);
