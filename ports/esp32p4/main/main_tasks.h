// SPDX-License-Identifier: Apache-2.0
// The tasks that main makes, in one table; ARCHITECTURE.md shows the same. The USB tasks are on
// core 0, with the USB interrupts; the network and the loop are on core 1. Hashing a password takes
// seconds at worst: jobs are where no watched task is below them.
#pragma once

#include <stdint.h>

struct main_task {
    const char *name;
    unsigned priority; // higher ones run first
    int core;
    uint32_t stack_size; // bytes
};

// The daemon must be above the client and on the same core (device_usb_host.h).
extern const struct main_task main_task_usb_daemon;
extern const struct main_task main_task_usb_client;
extern const struct main_task main_task_loop;
extern const struct main_task main_task_network;
extern const struct main_task main_task_http; // made by esp_http_server
extern const struct main_task main_task_jobs; // made by http_esp
extern const struct main_task main_task_log;
extern const struct main_task main_task_console; // made by ESP-IDF's console
extern const struct main_task main_task_button;  // while it erases the settings

// How long a watched task may wait at a time, far below the watchdog's 10 s.
enum { MAIN_TASK_WAIT_MS = 2000 };

// Starts `run`, which never returns. No memory: the chip restarts, since nothing works without.
void main_task_start(const struct main_task *task, void (*run)(void *arg), void *arg);

// From here on the calling task must call main_task_alive() at least every 10 s, or the chip
// restarts with the reason "task watchdog".
void main_task_watch(void);
void main_task_alive(void);

// The calling task has nothing to do any more.
_Noreturn void main_task_end(void);
