// SPDX-License-Identifier: Apache-2.0
// The kinds of values that a row of eventlog_type.h can name, and the words of those that are
// enums. Never NULL; any thread.
#pragma once

#include <stdint.h>

enum eventlog_kind {
    // NUMBER()
    EVENTLOG_KIND_count,
    EVENTLOG_KIND_hex,      // 0x0000000a; in JSON a number
    EVENTLOG_KIND_endpoint, // 129; in JSON "0x81"
    EVENTLOG_KIND_usb_id,   // vendor << 16 | product
    EVENTLOG_KIND_ipv4,
    EVENTLOG_KIND_loss,   // damaged events; said if there are any
    EVENTLOG_KIND_status, // enum wire_op_status
    EVENTLOG_KIND_rule,   // number of a rule; said if there is one
    EVENTLOG_KIND_place,  // EVENTLOG_PLACE(); in JSON "1.0 0x81", "1.2"
    // WORD()
    EVENTLOG_KIND_usb_speed,
    EVENTLOG_KIND_usb_obstacle,
    EVENTLOG_KIND_eventlog_start,
    EVENTLOG_KIND_eventlog_refusal,
    EVENTLOG_KIND_eventlog_end,
    EVENTLOG_KIND_eventlog_protocol,
    EVENTLOG_KIND_eventlog_address,
    EVENTLOG_KIND_eventlog_network_end,
    EVENTLOG_KIND_eventlog_fallback,
    EVENTLOG_KIND_eventlog_file_task,
    EVENTLOG_KIND_eventlog_file_reason,
    EVENTLOG_KIND_access_reason,
    EVENTLOG_KIND_access_mode,
    EVENTLOG_KIND_eventlog_claim,
    EVENTLOG_KIND_eventlog_reset,
    EVENTLOG_KIND_eventlog_power,
    EVENTLOG_KIND_eventlog_user,
    EVENTLOG_KIND_eventlog_cost,
    EVENTLOG_KIND_eventlog_lease,
    EVENTLOG_KIND_COUNT
};

// Number `n` of an enum in a sentence ("its descriptors do not hold together"), or "?".
const char *eventlog_word_text(enum eventlog_kind kind, uint32_t n);

// In JSON ("descriptors"), or "unknown".
const char *eventlog_word_json(enum eventlog_kind kind, uint32_t n);
