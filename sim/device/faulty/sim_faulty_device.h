// SPDX-License-Identifier: Apache-2.0
// Inside of the scripted device: the state that its sources share. sim_faulty.c is the device's
// side, sim_faulty_script.c the test's.
#pragma once

#include "base/base_list.h"
#include "sim_faulty.h"

enum { FAULTY_CONFIG_SIZE_MAX = 9 + 9 * 33 + 7 * 5 };

struct faulty_block {
    struct base_list link;
    int result; // 0: data
    uint32_t size;
    uint8_t data[];
};

// Bytes that grow up to a limit; what no longer fits is left out.
struct faulty_log {
    uint8_t *bytes;
    uint32_t size, room;
};

struct faulty_endpoint {
    // IN
    struct base_list blocks;
    uint32_t given;      // bytes of the first block
    uint32_t stream_max; // bytes per transfer, 0: no stream
    uint8_t counter;     // next byte of the stream
    // OUT
    uint64_t accept;
    bool fail_armed;
    int fail_result;
    uint64_t fail_after;
    uint64_t bytes, packets;
    struct faulty_log data, sizes;
    // both
    int always; // in place of everything else: SIM_STALL, SIM_BABBLE; 0: not
    uint64_t late_us, due_us;
    const int16_t *iso;
    unsigned iso_count;
    uint8_t iso_fill;
};

struct faulty_answer {
    uint8_t bmRequestType, bRequest;
    struct sim_faulty_answer answer;
};

struct faulty {
    struct sim_device d;
    struct sim_descriptors desc;
    struct sim_faulty_options options;
    uint8_t device[USB_DT_DEVICE_SIZE];
    uint8_t config[FAULTY_CONFIG_SIZE_MAX];
    bool vanishes;
    struct faulty_endpoint ep[2][16]; // direction: 0 OUT, 1 IN; number
    struct faulty_answer answers[SIM_FAULTY_ANSWERS];
    unsigned answer_count;
    uint64_t answer_due_us;
    bool released;
    struct faulty_log control_data;
    struct sim_faulty_counters counters;
    struct usb_setup setups[SIM_FAULTY_SETUPS]; // ring
};

void sim_faulty_build_descriptors(struct faulty *f);

// Appends to the log, up to `max` bytes in all. Without memory the log stays as it is: what the
// device does must not depend on it.
void sim_faulty_log_append(struct faulty *f, struct faulty_log *log, const void *bytes,
                           uint32_t size, uint32_t max);

// Packets that an OUT endpoint took.
void sim_faulty_record(struct faulty *f, uint8_t ep, const uint8_t *buf, uint32_t len);

// Frees what the test queued and recorded.
void sim_faulty_script_free(struct faulty *f);
