// SPDX-License-Identifier: Apache-2.0
// What images and recordings (sim_file.h) have in common: how a file is opened, and what is told
// when something goes wrong with it. Loop thread.
#pragma once

#include "ports/linux/sim_file.h"

struct sim_file {
    struct file_thread *thread;
    struct file_job *job; // the thread has it, or it is kept for the next time; NULL: none yet
    struct eventlog *log;
    char name[EVENTLOG_PEER_SIZE];
    bool told[EVENT_FILE_TASK_COUNT][EVENT_FILE_REASON_COUNT];
};

enum { SIM_FILE_TOO_SLOW = FILE_ENDS - 1 }; // as an error: there is no room for more data

struct sim_file_opening {
    const char *path;
    int flags, lock; // of open() and flock()
    void (*done)(void *ctx, struct file_job *job);
};

// `size` bytes of memory that begin with a struct sim_file and are their thread's `ctx`. NULL:
// *error is an errno (file_thread_create()).
void *sim_file_create(size_t size, const struct sim_file_port *port,
                      const struct sim_file_opening *o, uint64_t *file_size, int *error);

// Writes a sentence for an errno, and says what it is for the caller.
enum base_err sim_file_refuse(int error, const char *what, const char *path, char *why,
                              size_t why_size);

// Tells the event log; each kind of trouble once, so that a client that tries again does not fill
// it. Returns BASE_ERR_IO.
enum base_err sim_file_trouble(struct sim_file *file, enum file_task what, int error);
