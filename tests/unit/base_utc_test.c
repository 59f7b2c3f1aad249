// SPDX-License-Identifier: Apache-2.0
#include "base/base_text.h"
#include "base/base_utc.h"
#include "tests/support/check.h"

#define S UINT64_C(1000000)

static uint64_t parsed(const char *text)
{
    uint64_t us = 1;
    CHECK(base_utc_parse(text, &us));
    return us;
}

TEST(base_utc_times)
{
    CHECK_EQ(parsed("1970-01-01T00:00:00Z"), 0);
    CHECK_EQ(parsed("2026-11-22T12:00:00Z"), 1795348800 * S);
    CHECK_EQ(parsed("2026-11-22T12:00:00.25Z"), 1795348800 * S + 250000);
    CHECK_EQ(parsed("2026-11-22T12:00:00.1234567Z"), 1795348800 * S + 123456);
    CHECK_EQ(parsed("9999-12-31T23:59:59Z"), 253402300799 * S);
}

// What is written is read, over every kind of month and leap day.
TEST(base_utc_reads_what_is_written)
{
    char text[32];
    struct base_text t;
    for (uint64_t us = 7000; us < 6000000000 * S; us += 86399 * 37 * S) {
        base_text_init(&t, text, sizeof text);
        base_text_utc(&t, us);
        CHECK_EQ(parsed(text), us);
    }
}

TEST(base_utc_what_is_none)
{
    static const char *const texts[] = {
        "",
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-11-22T12:00:00+01:00",
        "2026-11-22 12:00:00Z",
        "2026-11-22T12:00Z",
        "2026-11-22T12:00:00.Z",
        "2026-11-22T12:00:00Z ",
        "2026-11-22T24:00:00Z",
        "2026-11-22T12:60:00Z",
        "2026-11-22T12:00:60Z",
        "2026-00-22T12:00:00Z",
        "2026-13-22T12:00:00Z",
        "2026-11-00T12:00:00Z",
        "2026-11-31T12:00:00Z",
        "2026-02-29T12:00:00Z",
        "2100-02-29T12:00:00Z",
        "1969-12-31T23:59:59Z",
        "226-11-22T12:00:00Z",
        "12026-11-22T12:00:00Z",
    };
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint64_t us = 7;
        CHECK(!base_utc_parse(texts[i], &us));
        CHECK_EQ(us, 7);
    }
    CHECK_EQ(parsed("2024-02-29T00:00:00Z"), 1709164800 * S);
    CHECK_EQ(parsed("2400-02-29T00:00:00Z"), 13574563200 * S);
}
