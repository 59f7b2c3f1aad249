// SPDX-License-Identifier: Apache-2.0
// Lines that nobody reads, or reads too late.
#include "ports/linux/output.h"
#include "ports/posix/posix_time.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIPE_SIZE = 65536, WRITERS = 3, LINES = 20000 };

struct rig {
    struct output *output;
    FILE *read;
    int write_fd;
    atomic_uint_fast64_t lost; // as said
};

static void say_lost(void *ctx, uint64_t lines)
{
    struct rig *r = ctx;
    atomic_fetch_add(&r->lost, lines);
    output_line(r->output, "lost %" PRIu64 "\n", lines);
}

static void begin(struct rig *r)
{
    int fds[2];
    CHECK_EQ(pipe(fds), 0);
    r->read = fdopen(fds[0], "r");
    r->write_fd = fds[1];
    atomic_init(&r->lost, 0);
    r->output = output_create(fds[1], output_write, say_lost, r);
    CHECK(r->output != NULL);
}

static void end(struct rig *r)
{
    output_end(r->output, UINT64_MAX);
    close(r->write_fd);
    (void)fclose(r->read);
}

// Queues until lines are dropped for sure: pipe, queue, and what the thread took out of it.
static unsigned fill(struct rig *r)
{
    unsigned lines = (PIPE_SIZE + 2 * OUTPUT_QUEUE_SIZE) / 8 + 100;
    for (unsigned i = 0; i < lines; i++)
        output_line(r->output, "%7u\n", i);
    return lines;
}

static char *next(struct rig *r, char line[64])
{
    CHECK(fgets(line, 64, r->read) != NULL);
    CHECK_EQ(line[strlen(line) - 1], '\n');
    return line;
}

// All lines that were queued, in their order, and at each gap how many are missing.
static void check_lines_and_gaps(struct rig *r, unsigned lines)
{
    char line[64];
    unsigned long at = 0, lost = 0;
    while (at < lines) {
        unsigned long gap =
            strncmp(next(r, line), "lost ", 5) == 0 ? strtoul(line + 5, NULL, 10) : 0;
        if (!gap)
            CHECK_EQ(strtoul(line, NULL, 10), at++);
        at += gap;
        lost += gap;
    }
    CHECK_EQ(at, lines);
    CHECK(lost > 0);
}

TEST(output_drops_and_counts_what_nobody_reads)
{
    struct rig r;
    begin(&r);
    unsigned lines = fill(&r);
    CHECK(!output_flush(r.output, posix_now_us()));
    check_lines_and_gaps(&r, lines);
    CHECK(output_flush(r.output, UINT64_MAX));
    end(&r);
}

// It is there for whoever comes late, and says what is missing although no line follows.
TEST(output_goes_on_when_somebody_reads_again)
{
    struct rig r;
    char line[64];
    begin(&r);
    for (unsigned i = 0; i < 2; i++) {
        check_lines_and_gaps(&r, fill(&r));
        output_line(r.output, "again %u\n", i);
        CHECK(strncmp(next(&r, line), "again ", 6) == 0);
    }
    end(&r);
}

// The end does not wait for ever, and who comes after it still finds what was said before.
TEST(output_end_leaves_a_stuck_thread_behind)
{
    struct rig *r = malloc(sizeof *r); // for the thread that is left behind
    char line[64];
    begin(r);
    unsigned lines = fill(r);
    output_end(r->output, posix_now_us() + 1000);
    check_lines_and_gaps(r, lines);
    output_line(r->output, "last\n");
    CHECK_STR(next(r, line), "last\n");
}

TEST(output_cuts_a_long_line_but_not_its_end)
{
    struct rig r;
    char text[OUTPUT_LINE_SIZE + 10] = "", line[OUTPUT_LINE_SIZE + 1];
    begin(&r);
    memset(text, 'x', sizeof text - 1);
    output_line(r.output, "%s\n", text);
    CHECK(fgets(line, sizeof line, r.read) != NULL);
    CHECK_EQ(strlen(line), OUTPUT_LINE_SIZE - 1);
    CHECK_EQ(line[OUTPUT_LINE_SIZE - 2], '\n');
    end(&r);
}

// Another program that has the same terminal has made it non-blocking.
TEST(output_waits_for_a_descriptor_that_does_not_block)
{
    struct rig r;
    begin(&r);
    CHECK_EQ(fcntl(r.write_fd, F_SETFL, O_NONBLOCK), 0);
    check_lines_and_gaps(&r, fill(&r));
    end(&r);
}

TEST(output_survives_the_loss_of_its_reader)
{
    struct rig r;
    begin(&r);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)fclose(r.read);
    fill(&r);
    CHECK(output_flush(r.output, UINT64_MAX));
    output_end(r.output, UINT64_MAX);
    close(r.write_fd);
    (void)signal(SIGPIPE, SIG_DFL);
}

// --- several threads -----------------------------------------------------------------------------

struct writer {
    struct rig *rig;
    unsigned number;
    pthread_t thread;
};

static void *write_lines(void *arg)
{
    const struct writer *w = arg;
    for (unsigned i = 0; i < LINES; i++)
        output_line(w->rig->output, "%u %6u of a writer\n", w->number, i);
    return NULL;
}

static void *close_at_end(void *arg)
{
    struct rig *r = arg;
    CHECK(output_flush(r->output, UINT64_MAX));
    close(r->write_fd);
    return NULL;
}

// Every line is read or counted, whole, and each writer's are in order.
TEST(output_keeps_the_lines_of_threads_whole_and_in_order)
{
    struct rig r;
    struct writer writer[WRITERS];
    unsigned long last[WRITERS] = {0}, lines = 0;
    char line[64];
    pthread_t closer;
    begin(&r);
    for (unsigned i = 0; i < WRITERS; i++) {
        writer[i] = (struct writer){.rig = &r, .number = i};
        CHECK_EQ(pthread_create(&writer[i].thread, NULL, write_lines, &writer[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(writer[i].thread, NULL);
    CHECK_EQ(pthread_create(&closer, NULL, close_at_end, &r), 0);
    while (fgets(line, sizeof line, r.read)) {
        char *at = line;
        if (strncmp(line, "lost ", 5) == 0)
            continue;
        unsigned long number = strtoul(line, &at, 10), count = strtoul(at, &at, 10);
        CHECK(number < WRITERS && (count > last[number] || count == 0));
        CHECK_STR(at, " of a writer\n");
        last[number] = count;
        lines++;
    }
    pthread_join(closer, NULL);
    CHECK_EQ(lines + atomic_load(&r.lost), WRITERS * LINES);
    output_end(r.output, UINT64_MAX);
    (void)fclose(r.read);
}
