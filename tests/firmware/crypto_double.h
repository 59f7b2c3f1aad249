// SPDX-License-Identifier: Apache-2.0
// What the firmware's cryptography stands on, on this machine: Debian's mbedTLS, as slow as the
// chip if wanted, and random numbers that are some only after bootloader_random_enable().
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_uint crypto_double_iteration_ns; // what each costs more than it does here
extern atomic_bool crypto_double_fails;        // the library has no memory
