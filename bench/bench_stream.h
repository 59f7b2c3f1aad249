// SPDX-License-Identifier: Apache-2.0
// What streaming costs: a second of isochronous transfers as the kernel's drivers ask for them,
// beside a bulk stream of as many URBs and bytes in the same time, from the same server.
#pragma once

#include "bench/bench_child.h"
#include "bench/bench_table.h"
#include "wire/wire_op.h"

#include <stdbool.h>

enum { BENCH_STREAMS = 3, BENCH_STREAM_DEVICES = 4 };

// For --sim: what bench_stream_measure() needs. The first source/sink device has something as often
// as an URB of the camera is over, the second as one of the headset.
#define BENCH_STREAM_SIM "zero:speed=full:pace=4000,zero:pace=6000,camera,audio"

// One row for each stream, without figures.
extern const struct bench_row bench_stream_rows[BENCH_STREAMS];

// Adds one round to `row`, which is that of stream `index`. `devices` are those that the server
// exports. `quick`: a few URBs. In real time: takes two seconds.
void bench_stream_measure(struct bench_row *row, unsigned index, const struct bench_child *server,
                          const struct wire_device *devices, unsigned device_count, bool quick);
