// SPDX-License-Identifier: Apache-2.0
// Whose cryptography crypto_test.c is about; one program per library, the same tests.
#pragma once

#include "users/users_crypto.h"

const struct users_crypto *crypto_tested(void);
