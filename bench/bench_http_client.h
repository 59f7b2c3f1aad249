// SPDX-License-Identifier: Apache-2.0
// Clients of HTTP: one request at a time, connections without one, and a process that reads
// WebSockets.
#pragma once

#include <stdint.h>
#include <sys/types.h>

// A connection from 127.0.0.`host`; to be closed.
int bench_http_connect(uint16_t port, unsigned host);

// GET on a connection of its own, read to its end; anything but 200 ends the bench.
void bench_http_get(uint16_t port, const char *path);

// `count` WebSockets that are read, and a scrape of /metrics each second. Returns when all are
// open; ended with bench_http_dismiss(), or with the bench.
pid_t bench_http_audience(uint16_t port, unsigned count);
void bench_http_dismiss(pid_t audience);
