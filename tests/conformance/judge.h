// SPDX-License-Identifier: Apache-2.0
// A client that keeps the books as Linux's vhci_hcd does and judges every reply (docs/wire.md 9
// and 2.11). Where it fails a test, Linux would have dropped the device or hung.
#pragma once

#include "tests/support/stage.h"

enum { JUDGE_SEQNUMS = 2048, JUDGE_ISO_PACKETS = 8 };

struct judge_request {
    enum { JUDGE_NONE, JUDGE_SUBMIT, JUDGE_UNLINK } open; // without an answer
    bool in, iso;
    uint32_t victim;
    int32_t length, packets;
    struct usb_iso_packet packet[JUDGE_ISO_PACKETS];
};

struct judge {
    struct judge_request request[JUDGE_SEQNUMS]; // by seqnum
    unsigned open;
    unsigned ok, failed, unlinked, too_late; // replies, by kind
};

// Sends (without settling) what is then expected to be answered. Seqnums below JUDGE_SEQNUMS, at
// most JUDGE_ISO_PACKETS packets. `iso`: the endpoint is isochronous, whatever the fields say.
void judge_submit(struct judge *j, struct stage_client *c, const struct stage_submit *s, bool iso);
void judge_unlink(struct judge *j, struct stage_client *c, uint32_t seqnum, uint32_t victim);

// Takes and checks all that was received: whole PDUs, each of them expected.
void judge_replies(struct judge *j, struct stage_client *c);
