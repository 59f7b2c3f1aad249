// SPDX-License-Identifier: Apache-2.0
// What the command line asked for.
#pragma once

#include <stdbool.h>

struct bench_options {
    const char *server, *floor; // programs
    const char *before;         // a server that takes the floor's place, or NULL
    const char *json;           // NULL: no file
    const char *rows;           // those with that in their names
    unsigned rounds;
    bool quick;                 // a few URBs of each kind, to see that it works
    bool instructions;          // count them too, with valgrind
    int server_cpu, client_cpu; // -1: not pinned
};
