// SPDX-License-Identifier: Apache-2.0
#include "users/users_crypto.h"

bool users_crypto_equal(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *of_a = a, *of_b = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < size; i++)
        difference |= of_a[i] ^ of_b[i];
    return difference == 0;
}

void users_crypto_wipe(void *bytes, size_t size)
{
    volatile uint8_t *at = bytes;
    while (size--)
        *at++ = 0;
}
