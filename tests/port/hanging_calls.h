// SPDX-License-Identifier: Apache-2.0
// System calls of a program that never come back, as with a file system that does not answer; only
// what ends the program ends them. Without root: a seccomp filter hands them to somebody who does
// not answer.
#pragma once

#include <stdbool.h>

enum hanging_calls {
    HANGING_NONE,
    HANGING_OPEN, // of an image, to read and write
    HANGING_READ, // of one block of an image
};

bool hanging_calls_possible(void); // here: some containers do not allow it

// For this process and what it executes. In a child, before exec.
bool hanging_calls_begin(enum hanging_calls which);
