// SPDX-License-Identifier: Apache-2.0
#include "base/base_number.h"
#include "tests/support/check.h"

TEST(base_number_whole_text_in_range)
{
    uint64_t v = 0;
    CHECK(base_number("0", 0, 9, &v) && v == 0);
    CHECK(base_number("9", 0, 9, &v) && v == 9);
    CHECK(base_number("007", 7, 7, &v) && v == 7);
    CHECK(base_number("65535", 0, UINT16_MAX, &v) && v == 65535);
    CHECK(base_number("18446744073709551615", 0, UINT64_MAX, &v) && v == UINT64_MAX);
}

TEST(base_number_refuses_what_is_none)
{
    static const char *const texts[] = {"",   "-1",  "+1",  " 1",  "1 ",
                                        "1K", "x",   "1x",  "0x1", "10",
                                        "3",  "256", "1.5", "1,",  "18446744073709551616"};
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint64_t v = 42;
        if (base_number(texts[i], 4, 9, &v) || v != 42)
            check_fail(__FILE__, __LINE__, "'%s' became a number", texts[i]);
    }
}

// Also the last digit is looked at before it is added: nothing wraps around.
TEST(base_number_at_its_largest)
{
    uint64_t v = 42;
    CHECK(!base_number("18446744073709551616", 0, UINT64_MAX, &v));
    CHECK(!base_number("18446744073709551620", 0, UINT64_MAX, &v));
    CHECK(!base_number("184467440737095516150", 0, UINT64_MAX, &v));
    CHECK(!base_number("255", 0, 254, &v) && !base_number("5", 0, 4, &v));
    CHECK(!base_number("1", 0, 0, &v));
    CHECK_EQ(v, 42);
    CHECK(base_number("0", 0, 0, &v) && v == 0);
}

TEST(base_number_sizes)
{
    uint64_t v = 0;
    CHECK(base_number_size("512", 0, 512, &v) && v == 512);
    CHECK(base_number_size("0G", 0, 1, &v) && v == 0);
    CHECK(base_number_size("1K", 1024, 1024, &v) && v == 1024);
    CHECK(base_number_size("3M", 0, UINT64_MAX, &v) && v == 3u << 20);
    CHECK(base_number_size("4G", 0, 4ull << 30, &v) && v == 4ull << 30);
    CHECK(base_number_size("17179869183G", 0, UINT64_MAX, &v) && v == 17179869183ull << 30);
    static const char *const texts[] = {"",    "K",  "1k",   "1KB",  "1 K",
                                        "-1K", "5K", "4097", "1023", "0K",
                                        "1M",  "1G", "1.5K", "1K1",  "18014398509481985K"};
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        v = 42;
        if (base_number_size(texts[i], 1024, 4096, &v) || v != 42)
            check_fail(__FILE__, __LINE__, "'%s' became a size", texts[i]);
    }
    CHECK(!base_number_size("17179869184G", 0, UINT64_MAX, &v)); // 2 to the power of 64
}

TEST(base_number_taken_from_the_front)
{
    const char *text = "12.255.x";
    uint64_t v = 0;
    CHECK(base_number_take(&text, 255, &v) && v == 12);
    CHECK_STR(text, ".255.x");
    CHECK(!base_number_take(&text, 255, &v)); // no digit
    text++;
    CHECK(!base_number_take(&text, 254, &v));
    CHECK_STR(text, "255.x"); // stays where it was
    CHECK(base_number_take(&text, 255, &v) && v == 255);
    CHECK_STR(text, ".x");
    CHECK_EQ(v, 255);
}
