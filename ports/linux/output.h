// SPDX-License-Identifier: Apache-2.0
// Lines for a descriptor that others read, or do not: a bounded queue with a thread of its own, so
// that a terminal in Ctrl-S or a full pipe stops nobody but that thread. Lines keep their order and
// stay whole; those that find no room are dropped and counted.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output;

enum { OUTPUT_QUEUE_SIZE = 256 * 1024, OUTPUT_LINE_SIZE = 512 };

// Says with one output_put() or output_line() that `lines` were dropped, at the place where they
// are missing. The output's thread.
typedef void output_lost_fn(void *ctx, uint64_t lines);

// Writes whole lines, and waits for who reads them. The output's thread.
typedef void output_write_fn(int fd, const char *lines, size_t size);
output_write_fn output_write; // as they are

// NULL: no memory or no thread left.
struct output *output_create(int fd, output_write_fn *write, output_lost_fn *lost, void *ctx);

// Queues a line, its end included. Any thread, never waits.
void output_put(struct output *o, const char *line, size_t size);

// The same with a format, up to OUTPUT_LINE_SIZE.
void output_line(struct output *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Waits until all is written. False: not by `limit_us`. Any thread.
bool output_flush(struct output *o, uint64_t limit_us);

// The same, and frees it. A thread that is still writing at `limit_us` is left behind with its
// memory. When no other thread uses it any more.
void output_end(struct output *o, uint64_t limit_us);
