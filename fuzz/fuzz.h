// SPDX-License-Identifier: Apache-2.0
// A fuzz target: one function that takes any bytes. libFuzzer calls it (preset "fuzz"), or
// fuzz_replay.c with the kept inputs (all other presets).
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Always returns 0; a fault ends the program by a sanitizer or by fuzz_require().
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Ends the program unless `cond`, also where assert() does nothing.
#define fuzz_require(cond)                                                                         \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond);                   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)
