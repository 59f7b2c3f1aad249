// SPDX-License-Identifier: Apache-2.0
// Task management functions of USB Attached SCSI (SAM-4 clause 7).
#include "tests/unit/uas_rig.h"

enum { SENSE_UNIT_RESET = 0x062903, SENSE_NEXUS_LOST = 0x062907 };

static const uint8_t test_unit_ready[16] = {0x00};
static const uint8_t prevent_removal[16] = {0x1e, 0, 0, 0, 1};
static const uint8_t eject[16] = {0x1b, 0, 0, 0, 2};

// Command 4 is over, 1 in the middle of its data, 2 and 3 wait.
static void begin_busy(struct bot *b)
{
    uas_begin(b);
    uas_command(b, 4, test_unit_ready);
    uas_read(b, 1, 20, 4);
    uas_read(b, 2, 30, 2);
    uas_command(b, 3, test_unit_ready);
    uas_check_good(b, 4);
    uas_check_ready(b, UAS_READ_READY, 1);
    uas_check_blocks(b, 20, 1);
}

// As begin_busy() left it, without the commands that bits of `gone` name.
static void end_busy(struct bot *b, unsigned gone)
{
    if (!(gone & 1u << 1)) {
        uas_check_blocks(b, 21, 3);
        uas_check_good(b, 1);
    }
    if (!(gone & 1u << 2)) {
        uas_check_ready(b, UAS_READ_READY, 2);
        uas_check_blocks(b, 30, 2);
        uas_check_good(b, 2);
    }
    if (!(gone & 1u << 3))
        uas_check_good(b, 3);
    uas_check_silence(b);
    uas_check_alive(b);
    bot_end(b);
}

// --- ABORT TASK ----------------------------------------------------------------------------------

TEST(sim_uas_abort_of_the_running_command)
{
    struct bot b;
    begin_busy(&b);
    uas_function(&b, 9, UAS_ABORT_TASK, 1);
    CHECK_EQ(rig_read(b.rig.dev, UAS_DATA_IN, (uint8_t[512]){0}, 512), RIG_PENDING);
    uas_check_response(&b, 9, UAS_COMPLETE);
    end_busy(&b, 1u << 1);
}

TEST(sim_uas_abort_of_a_waiting_command)
{
    struct bot b;
    begin_busy(&b);
    uas_function(&b, 9, UAS_ABORT_TASK, 2);
    uas_check_response(&b, 9, UAS_COMPLETE);
    end_busy(&b, 1u << 2);
}

TEST(sim_uas_abort_of_a_command_that_is_not_there)
{
    struct bot b;
    begin_busy(&b);
    uas_function(&b, 9, UAS_ABORT_TASK, 4); // is over
    uas_check_response(&b, 9, UAS_COMPLETE);
    uas_function(&b, 9, UAS_ABORT_TASK, 9); // the function itself
    uas_check_response(&b, 9, UAS_COMPLETE);
    end_busy(&b, 0);
}

// A function cannot be aborted.
BOT_TEST(sim_uas_abort_of_a_function, uas_begin(b))
{
    uas_function(b, 8, UAS_QUERY_TASK_SET, 0);
    uas_function(b, 9, UAS_ABORT_TASK, 8);
    uas_check_response(b, 8, UAS_COMPLETE);
    uas_check_response(b, 9, UAS_COMPLETE);
    uas_check_silence(b);
}

BOT_TEST(sim_uas_abort_before_the_ready_iu, uas_begin(b))
{
    uas_write(b, 1, 20, 1);
    uas_function(b, 2, UAS_ABORT_TASK, 1);
    uas_check_response(b, 2, UAS_COMPLETE);
    uas_check_alive(b);
}

BOT_TEST(sim_uas_abort_before_the_status, uas_begin(b))
{
    uas_command(b, 1, test_unit_ready);
    uas_function(b, 2, UAS_ABORT_TASK, 1);
    uas_check_response(b, 2, UAS_COMPLETE);
    uas_check_alive(b);
}

BOT_TEST(sim_uas_abort_in_the_middle_of_a_write, uas_begin(b))
{
    uint8_t data[2 * BOT_BLOCK];
    bot_fill(data, sizeof data, 8);
    uas_write(b, 1, 20, 4);
    uas_write(b, 2, 60, 2);
    uas_check_ready(b, UAS_WRITE_READY, 1);
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data, sizeof data), sizeof data);
    uas_function(b, 3, UAS_ABORT_TASK, 1);
    uas_check_response(b, 3, UAS_COMPLETE);
    uas_check_ready(b, UAS_WRITE_READY, 2);
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data, sizeof data), sizeof data);
    uas_check_good(b, 2);
    bot_check_blocks(b, data, 20, 2);
    bot_check_blocks(b, data, 60, 2);
    uas_check_alive(b);
}

BOT_TEST(sim_uas_abort_of_a_verify, uas_begin(b))
{
    uas_command(b, 1, BOT_CDB(0x2f, 0, 0, 0, 0, 0, 0, 4, 0)); // takes a while
    uas_function(b, 2, UAS_ABORT_TASK, 1);
    uas_check_response(b, 2, UAS_COMPLETE);
    rig_advance(&b->rig, 10000);
    uas_check_alive(b);
}

// The tag is free again at once, also many times over.
BOT_TEST(sim_uas_abort_frees_the_tag, uas_begin(b))
{
    for (unsigned i = 0; i < 100; i++) {
        uas_read(b, 1, 20, 4);
        uas_check_ready(b, UAS_READ_READY, 1);
        uas_function(b, 2, UAS_ABORT_TASK, 1);
        uas_check_response(b, 2, UAS_COMPLETE);
    }
    uas_check_alive(b);
}

// --- the whole task set --------------------------------------------------------------------------

static void check_all_gone(uint8_t function, unsigned attention)
{
    struct bot b;
    begin_busy(&b);
    uas_function(&b, 9, function, 0);
    uas_check_response(&b, 9, UAS_COMPLETE);
    uas_function(&b, 9, UAS_QUERY_TASK_SET, 0);
    uas_check_response(&b, 9, UAS_COMPLETE);
    if (attention)
        uas_check_fails(&b, test_unit_ready, attention);
    end_busy(&b, ~0u);
}

TEST(sim_uas_abort_task_set)
{
    check_all_gone(UAS_ABORT_TASK_SET, SENSE_NONE);
    check_all_gone(UAS_CLEAR_TASK_SET, SENSE_NONE);
}

TEST(sim_uas_resets)
{
    check_all_gone(UAS_LOGICAL_UNIT_RESET, SENSE_UNIT_RESET);
    check_all_gone(UAS_I_T_NEXUS_RESET, SENSE_NEXUS_LOST);
}

// Removal is allowed again, the medium stays where it is.
BOT_TEST(sim_uas_what_a_reset_does_to_the_medium, uas_begin(b))
{
    uas_check_passes(b, prevent_removal);
    uas_check_fails(b, eject, SENSE_LOCKED);
    uas_function(b, 1, UAS_LOGICAL_UNIT_RESET, 0);
    uas_check_response(b, 1, UAS_COMPLETE);
    uas_check_fails(b, test_unit_ready, SENSE_UNIT_RESET);
    uas_check_passes(b, eject);
    uas_function(b, 1, UAS_LOGICAL_UNIT_RESET, 0);
    uas_check_response(b, 1, UAS_COMPLETE);
    uas_check_fails(b, test_unit_ready, SENSE_UNIT_RESET);
    uas_check_fails(b, test_unit_ready, SENSE_NO_MEDIUM);
}

// --- queries -------------------------------------------------------------------------------------

BOT_TEST(sim_uas_query_task, uas_begin(b))
{
    uas_read(b, 1, 20, 1);
    uas_read(b, 2, 30, 2);
    uas_check_ready(b, UAS_READ_READY, 1);
    for (uint16_t tag = 1; tag <= 3; tag++) {
        uas_function(b, 9, UAS_QUERY_TASK, tag);
        uas_check_response(b, 9, tag < 3 ? UAS_SUCCEEDED : UAS_COMPLETE);
    }
    uas_check_blocks(b, 20, 1);
    uas_function(b, 9, UAS_QUERY_TASK, 1);
    uas_check_good(b, 1);
    uas_check_ready(b, UAS_READ_READY, 2);
    uas_check_response(b, 9, UAS_SUCCEEDED); // asked before its status had gone
    uas_function(b, 9, UAS_QUERY_TASK, 1);
    uas_check_response(b, 9, UAS_COMPLETE);
}

BOT_TEST(sim_uas_query_task_set, uas_begin(b))
{
    uas_function(b, 9, UAS_QUERY_TASK_SET, 0);
    uas_check_response(b, 9, UAS_COMPLETE);
    uas_read(b, 1, 20, 1);
    uas_check_ready(b, UAS_READ_READY, 1);
    uas_function(b, 9, UAS_QUERY_TASK_SET, 0);
    uas_check_response(b, 9, UAS_SUCCEEDED);
    uas_check_blocks(b, 20, 1);
    uas_check_good(b, 1);
}

// The event that waits is told, and still waits.
BOT_TEST(sim_uas_query_asynchronous_event, uas_begin(b))
{
    static const uint8_t want[8] = {4, 0, 0, 9, 0x16, 0x29, 0x03, UAS_SUCCEEDED};
    uas_function(b, 9, UAS_QUERY_ASYNC_EVENT, 0);
    uas_check_response(b, 9, UAS_COMPLETE);
    uas_function(b, 1, UAS_LOGICAL_UNIT_RESET, 0);
    uas_check_response(b, 1, UAS_COMPLETE);
    uas_function(b, 9, UAS_QUERY_ASYNC_EVENT, 0);
    uas_check_iu(b, want, sizeof want);
    uas_check_fails(b, test_unit_ready, SENSE_UNIT_RESET);
    uas_function(b, 9, UAS_QUERY_ASYNC_EVENT, 0);
    uas_check_response(b, 9, UAS_COMPLETE);
}

// --- what is not there ---------------------------------------------------------------------------

TEST(sim_uas_functions_not_supported)
{
    static const uint8_t functions[] = {0x00, 0x03, 0x20, UAS_CLEAR_ACA, 0x83, 0xff};
    struct bot b;
    begin_busy(&b);
    for (unsigned i = 0; i < sizeof functions; i++) {
        uas_function(&b, 9, functions[i], 1);
        uas_check_response(&b, 9, UAS_NOT_SUPPORTED);
    }
    end_busy(&b, 0);
}

TEST(sim_uas_functions_for_other_units)
{
    static const uint8_t functions[] = {
        UAS_ABORT_TASK, UAS_ABORT_TASK_SET, UAS_CLEAR_TASK_SET,   UAS_LOGICAL_UNIT_RESET,
        UAS_QUERY_TASK, UAS_QUERY_TASK_SET, UAS_QUERY_ASYNC_EVENT};
    struct bot b;
    begin_busy(&b);
    for (unsigned i = 0; i < sizeof functions; i++) {
        const uint8_t iu[16] = {5, 0, 0, 9, functions[i], 0, 0, 1, 0, 2};
        uas_send(&b, iu, sizeof iu);
        uas_check_response(&b, 9, UAS_INCORRECT_LUN);
    }
    end_busy(&b, 0);
}

// It is for all units.
TEST(sim_uas_nexus_reset_at_another_unit)
{
    static const uint8_t iu[16] = {5, 0, 0, 9, UAS_I_T_NEXUS_RESET, [9] = 2};
    struct bot b;
    begin_busy(&b);
    uas_send(&b, iu, sizeof iu);
    uas_check_response(&b, 9, UAS_COMPLETE);
    uas_check_fails(&b, test_unit_ready, SENSE_NEXUS_LOST);
    end_busy(&b, ~0u);
}
