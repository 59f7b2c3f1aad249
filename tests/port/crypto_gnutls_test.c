// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/crypto_gnutls.h"
#include "tests/port/crypto_tested.h"
#include "tests/support/check.h"

const struct users_crypto *crypto_tested(void)
{
    return &crypto_gnutls;
}

TEST(crypto_new_passwords_cost_what_they_should)
{
    CHECK(crypto_gnutls.iterations >= 600000);
}
