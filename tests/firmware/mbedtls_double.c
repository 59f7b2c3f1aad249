// SPDX-License-Identifier: Apache-2.0
// mbedTLS's hash and base64, by GnuTLS.
#include "mbedtls/base64.h"
#include "mbedtls/sha1.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

int mbedtls_sha1(const unsigned char *input, size_t ilen, unsigned char output[20])
{
    return gnutls_hash_fast(GNUTLS_DIG_SHA1, input, ilen, output);
}

int mbedtls_base64_encode(unsigned char *dst, size_t dlen, size_t *olen, const unsigned char *src,
                          size_t slen)
{
    const gnutls_datum_t from = {(unsigned char *)src, (unsigned)slen};
    gnutls_datum_t to;
    if (gnutls_base64_encode2(&from, &to) != 0)
        return -1;
    int err = to.size < dlen ? 0 : -0x2a; // MBEDTLS_ERR_BASE64_BUFFER_TOO_SMALL
    if (err == 0) {
        memcpy(dst, to.data, to.size);
        dst[to.size] = '\0';
    }
    *olen = to.size;
    gnutls_free(to.data);
    return err;
}
