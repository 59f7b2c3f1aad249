// SPDX-License-Identifier: Apache-2.0
// HTTP through esp_http_server: its task hands each request to the loop thread (posix_loop_call)
// and sends what core/api answers, one request for each connection. What stays open (streams,
// WebSockets) is the loop's from then on.
#pragma once

#include "ports/posix/posix_http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_esp;

enum {
    HTTP_ESP_STREAMS = 4,    // at most, each with a posix_loop_watch()
    HTTP_ESP_WEBSOCKETS = 3, // of them
};

// All borrowed for the server's life.
struct http_esp_config {
    uint16_t port;
    struct posix_http http;
    unsigned priority; // of its task
    int core;
    uint32_t stack_size;    // bytes
    unsigned jobs_priority; // of the thread for what takes long
    int jobs_core;
    uint32_t jobs_stack_size;
    uint64_t limit_us; // for a request, and for its answer; 0: 5 s
};

// Starts the task. NULL: *why is a plain sentence. Requests wait until the loop runs.
struct http_esp *http_esp_start(const struct http_esp_config *config, char *why, size_t why_size);

// Waits for the request being served: the loop runs, or has ended. Not on the loop thread.
void http_esp_stop(struct http_esp *h);

// For what else takes long. Not after its end.
struct posix_jobs *http_esp_jobs(const struct http_esp *h);

// What it knows of itself. Loop thread.
void http_esp_facts(struct http_esp *h, struct api_port_facts *facts);
