// SPDX-License-Identifier: Apache-2.0
// The contract "crypto" by GnuTLS. Any thread.
#pragma once

#include "users/users_crypto.h"

// 600,000 iterations, as OWASP has it: 0.2 to 0.5 s on today's machines.
extern const struct users_crypto crypto_gnutls;
