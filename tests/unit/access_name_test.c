// SPDX-License-Identifier: Apache-2.0
#include "access/access_name.h"
#include "tests/support/check.h"

TEST(access_alias_of_small_letters_digits_and_signs)
{
    static const char *const good[] = {"a",
                                       "printer",
                                       "lab.2_west-1",
                                       "0",
                                       "-",
                                       "1-",
                                       "1-x",
                                       "1.2",
                                       "1-2.",
                                       "1-.2",
                                       "1-2..3",
                                       "12-3-4",
                                       "abcdefghijklmnopqrstuvwxyz01234"};
    static const char *const bad[] = {
        "",    "Printer", "a b",   "caf\xc3\xa9", "a/b",
        "a\n", "1-2",     "1-2.1", "12-34.5",     "abcdefghijklmnopqrstuvwxyz012345"};
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!access_alias_valid(good[i]))
            check_fail(__FILE__, __LINE__, "'%s' is no alias", good[i]);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (access_alias_valid(bad[i]))
            check_fail(__FILE__, __LINE__, "'%s' became an alias", bad[i]);
}

// What a busid's looks are is not a matter of size.
TEST(access_busid_of_any_length_is_no_alias)
{
    CHECK(!access_alias_valid("1234567890-1234567890.12345678"));
    CHECK(access_looks_like_busid("1-2") && access_looks_like_busid("1-2.3.4"));
    CHECK(!access_looks_like_busid("1") && !access_looks_like_busid("-1"));
    CHECK(!access_looks_like_busid("1-") && !access_looks_like_busid("1-2."));
}

TEST(access_names_follow_the_serial_number_or_the_port)
{
    const struct access_naming namings[] = {
        {.by = ACCESS_FOLLOW_PORT, .key = "1-1", .names.alias = "left"},
        {.by = ACCESS_FOLLOW_SERIAL, .key = "0001A", .names.alias = "stick"},
        {.by = ACCESS_FOLLOW_SERIAL, .key = "1-2", .names.alias = "odd"},
    };
    CHECK_STR(access_naming_find(namings, 3, "1-1", "")->names.alias, "left");
    CHECK_STR(access_naming_find(namings, 3, "1-1", "0001a")->names.alias, "left");
    CHECK_STR(access_naming_find(namings, 3, "1-1", "0001A")->names.alias, "stick");
    CHECK_STR(access_naming_find(namings, 3, "2-7", "0001A")->names.alias, "stick");
    CHECK(!access_naming_find(namings, 3, "1-2", "") && !access_naming_find(namings, 3, "2-7", ""));
    CHECK(!access_naming_find(namings, 0, "1-1", ""));
}
