// SPDX-License-Identifier: Apache-2.0
// Bodies without a length, which Linux takes and the chip does not (411).
#include "api/api.h"
#include "tests/http/http_adapter.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

static void answers(const char *request, const char *status, const char *body)
{
    size_t size;
    const char *answer = http_adapter_send(request, &size);
    const char *at = strstr(answer, "\r\n\r\n");
    if (strncmp(answer + strlen("HTTP/1.1 "), status, strlen(status)) != 0)
        CHECK_STR(answer, status);
    CHECK(at != NULL);
    CHECK_STR(at + 4, body);
}

#define CHUNKED_TEST(id) TEST_BETWEEN(id, http_adapter_begin(), http_adapter_end())

CHUNKED_TEST(http_chunked_body)
{
    answers(HEAD "5\r\n{\"a\":\r\n2;x=y\r\n1}\r\n0\r\n\r\n", "200", "POST /x  7:{\"a\":1}");
    answers(HEAD "0\r\n\r\n", "200", "POST /x  0:");
}

// Each chunk fits, all together do not.
CHUNKED_TEST(http_chunked_body_too_long)
{
    enum { CHUNK = 0x1000, CHUNKS = API_BODY_MAX / CHUNK + 1 };
    char *request = malloc(200 + CHUNKS * (CHUNK + 20)), *at = request;
    size_t size;
    at += sprintf(at, "%s", HEAD);
    for (unsigned i = 0; i < CHUNKS; i++) {
        at += sprintf(at, "%x\r\n", (unsigned)CHUNK);
        memset(at, 'x', CHUNK);
        at += CHUNK;
        at += sprintf(at, "\r\n");
    }
    sprintf(at, "0\r\n\r\n");
    CHECK(strstr(http_adapter_send(request, &size), "HTTP/1.1 413 ") != NULL);
    free(request);
}

CHUNKED_TEST(http_chunked_and_more)
{
    answers("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "411",
            "{\"type\":\"about:blank\",\"title\":\"Length Required\",\"status\":411,"
            "\"detail\":\"Its length has to come before the body: send Content-Length.\"}");
}
