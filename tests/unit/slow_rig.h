// SPDX-License-Identifier: Apache-2.0
// The disk of bot_rig.h with a storage that takes its time (sim_storage_slow).
#pragma once

#include "tests/unit/uas_rig.h"

enum slow_job { SLOW_NOTHING, SLOW_READ, SLOW_WRITE, SLOW_FLUSH };

enum { SLOW_TWO = 2 * BOT_BLOCK };

// One I/O at a time, which ends when the test says so.
struct slow {
    struct bot bot;
    struct sim_storage fast; // what bot_rig has
    void (*done)(void *owner);
    void *owner;

    enum slow_job job;         // under way
    enum slow_job ended;       // and not yet asked for
    bool unwanted, write_lost; // of `job`; an earlier one has failed
    uint64_t offset;
    size_t size;
    uint8_t bytes[8 * BOT_BLOCK];
    enum base_err result;
};

void slow_begin(struct slow *s, bool uas);

// What is under way, which must be this, ends now.
void slow_finish(struct slow *s, enum slow_job job);

// An URB that the test looks at later.
void slow_submit(struct slow *s, struct rig_urb *u, uint8_t ep, const void *data, uint32_t size);

// The URB has a CSW; releases it.
void slow_check_status(struct rig_urb *csw, uint8_t status, uint32_t residue);

// The CBW of READ (10) and WRITE (10) of two blocks; FUA is a flag.
void slow_read_two(struct slow *s, uint8_t block);
void slow_write_two(struct slow *s, uint8_t block, uint8_t flags);

// A whole READ, with data and status.
void slow_check_alive(struct slow *s);

#define SLOW_TEST(id, uas)                                                                         \
    static void id##_with(struct slow *s);                                                         \
    TEST(id)                                                                                       \
    {                                                                                              \
        struct slow slow, *s = &slow;                                                              \
        slow_begin(s, uas);                                                                        \
        id##_with(s);                                                                              \
        bot_end(&s->bot);                                                                          \
    }                                                                                              \
    static void id##_with(struct slow *s)
