// SPDX-License-Identifier: Apache-2.0
// What streaming costs: isochronous transfers as the kernel's drivers ask for them, beside a bulk
// stream of as many URBs and bytes in the same time, from the same server.
#pragma once

#include "bench/bench_options.h"
#include "bench/bench_table.h"

enum { BENCH_STREAMS = 3 };

// CPU milliseconds for a second.
extern const struct bench_row bench_stream_rows[BENCH_STREAMS];

// Fills those that are wanted.
void bench_stream_measure(struct bench_row rows[BENCH_STREAMS], const struct bench_options *o);

// For --sim: what the streams need. The first source/sink device has something as often as an URB
// of the camera is over, the second as one of the headset.
#define BENCH_STREAM_SIM "zero:speed=full:pace=4000,zero:pace=6000,camera,audio"

// Moves so many URBs of one of the streams, in real time. *urb_bytes: how many an URB had on
// average.
struct bench_cost bench_stream_run_iso(unsigned stream, const struct bench_child *server,
                                       unsigned urbs, uint32_t *urb_bytes);
// The same in bulk: of `urb_bytes` as often, rounded up to whole packets.
struct bench_cost bench_stream_run_bulk(unsigned stream, const struct bench_child *server,
                                        unsigned urbs, uint32_t urb_bytes);
