// SPDX-License-Identifier: Apache-2.0
// Disks that fail and power that goes, for code that keeps files: openat, write, pread, pwrite,
// fsync, renameat and unlinkat pass through here (--wrap), for all of this executable. Quiet unless
// a test says so; while it does, no other thread may use files.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// From now on the calls are numbered from 0 and written down; all of them work.
void file_calls_watch(void);

// As above, but call number `nth` fails with `error` and has no effect.
void file_calls_fail(unsigned nth, int error);

// As above, but power goes at call number `nth`: from it on nothing has an effect. If that is a
// write, half of it still has.
void file_calls_cut(unsigned nth);

// Back to normal. Returns the number of calls.
unsigned file_calls_end(void);

// What was called since, for example "open a.new; write; fsync; rename a.new a; ".
const char *file_calls_text(void);

// A disk that does not answer: pread, pwrite, a write that appends and an openat with O_NONBLOCK
// wait until this is over. Any thread.
void file_calls_hang(bool on);

// pread, pwrite and a write that appends move at most `size` bytes at once; SIZE_MAX: all.
void file_calls_shorten(size_t size);

// Waits until so many do.
void file_calls_await_hanging(unsigned count);
