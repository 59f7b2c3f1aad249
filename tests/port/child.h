// SPDX-License-Identifier: Apache-2.0
// usbip-server as a child process in a session of its own, with its output. What fails, fails the
// test. It ends with the tests at the latest.
#pragma once

#include "tests/port/hanging_calls.h"

#include <stdbool.h>
#include <stdint.h>

enum { CHILD_TEXT_SIZE = 65536, CHILD_PASSED = 3 };

struct child {
    struct child_start_with {     // set before
        bool closed[3];           // descriptors that it is started without
        const char *input;        // all that it reads on stdin; NULL: that of the tests
        const char *terminal;     // its controlling one; NULL: none
        bool types;               // that is its stdin, too
        const char *folder;       // where it is started as ./usbip-server; NULL: next to the tests
        bool ignores_hangup;      // as nohup has it
        bool journal;             // stderr is systemd's, says the environment
        const char *names;        // of the sockets that a service manager passes: "usbip:http";
        int passed[CHILD_PASSED]; // NULL: none
        enum hanging_calls hanging;
        unsigned descriptors; // how many it may have, and up to which limit it may raise that;
        unsigned descriptors_limit; // 0: as the tests may
    } with;
    int pid;
    int out, err;               // ends of pipes
    char text[CHILD_TEXT_SIZE]; // of the last read
};

// The program next to the tests; `path` has CHILD_PATH_SIZE bytes.
enum { CHILD_PATH_SIZE = 4096 };
void child_find_program(char *path);

// `args` after the program's name, up to a NULL.
void child_start(struct child *c, const char *const *args);
#define CHILD_START(c, ...) child_start(c, (const char *const[]){__VA_ARGS__, NULL})

// The next line of its stdout, without the line end.
const char *child_line(struct child *c);

// The port in a line "usbip: listening on 127.0.0.1:PORT".
uint16_t child_port(struct child *c, const char *start_of_line);

// Reads its stderr until `wanted` has come, and returns all of it so far.
const char *child_await_log(struct child *c, const char *wanted);

// What it wrote to stdout or stderr (`fd` of the struct) until its end.
const char *child_rest(struct child *c, int fd);

// Waits for its end, closes the pipes; returns its exit status, or 128 + the signal that ended it.
int child_wait(struct child *c);
