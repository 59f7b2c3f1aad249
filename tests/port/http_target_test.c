// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_http_target.h"
#include "tests/support/check.h"

#include <string.h>

static void expect(const char *target, int status, const char *want_path, const char *want_query)
{
    char path[POSIX_HTTP_PATH_SIZE] = "";
    const char *query = "";
    int got = posix_http_target(target, path, &query);
    if (got != status)
        check_fail(__FILE__, __LINE__, "%s: %d", target, got);
    if (status == 0)
        CHECK_STR(path, want_path);
    if (status == 0)
        CHECK_STR(query, want_query);
}

TEST(http_target_is_decoded_once)
{
    expect("/a", 0, "/a", "");
    expect("/a%2525b%2Fc?d=%zz", 0, "/a%25b/c", "d=%zz");
    expect("/a?b?c#d", 0, "/a", "b?c#d");
    expect("/a#b?c", 0, "/a", "");
    expect("/%4", 400, NULL, NULL);
    expect("/%", 400, NULL, NULL);
    expect("/%G0", 400, NULL, NULL);
    expect("/%0g", 400, NULL, NULL);
    expect("/a%00b", 400, NULL, NULL);
}

TEST(http_target_forms)
{
    expect("http://x/healthz?a", 0, "/healthz", "a");
    expect("HTTPS://[::1]:8080/healthz", 0, "/healthz", "");
    expect("http://x", 0, "/", "");
    expect("http://x?a", 0, "/", "a");
    expect("*", 0, "*", "");
    expect("**", 400, NULL, NULL);
    expect("*?", 400, NULL, NULL);
    expect("", 400, NULL, NULL);
    expect("healthz", 400, NULL, NULL);
    expect("ftp://x/healthz", 400, NULL, NULL);
    expect("localhost:8080", 400, NULL, NULL); // CONNECT
}

TEST(http_target_too_long)
{
    char target[POSIX_HTTP_PATH_SIZE + 20];
    memset(target, 'x', sizeof target);
    target[0] = '/';
    target[POSIX_HTTP_PATH_SIZE - 1] = '\0';
    expect(target, 0, target, "");
    target[POSIX_HTTP_PATH_SIZE - 1] = 'x';
    target[POSIX_HTTP_PATH_SIZE] = '\0';
    expect(target, 414, NULL, NULL);
}
