// SPDX-License-Identifier: Apache-2.0
#include "board_vbus.h"
#include "tests/firmware/gpio_double.h"
#include "tests/support/check.h"

TEST(board_vbus_level_is_set_before_the_pin_drives)
{
    const struct board_vbus v = {.pin = {20, 21}};
    gpio_double_reset();
    CHECK_EQ(board_vbus_on(&v), ESP_OK);
    CHECK_STR(gpio_double_calls(), "20=1 20out 21=1 21out");
}

TEST(board_vbus_active_low)
{
    const struct board_vbus v = {.pin = {-1, 21}, .active_low = true};
    gpio_double_reset();
    CHECK_EQ(board_vbus_on(&v), ESP_OK);
    CHECK_STR(gpio_double_calls(), "21=0 21out");
}

TEST(board_vbus_without_switches_nothing_is_touched)
{
    const struct board_vbus v = {.pin = {-1, -1}};
    gpio_double_reset();
    CHECK_EQ(board_vbus_on(&v), ESP_OK);
    CHECK_STR(gpio_double_calls(), "");
}

TEST(board_vbus_one_that_fails_does_not_keep_the_other_off)
{
    const struct board_vbus v = {.pin = {20, 21}};
    gpio_double_reset();
    gpio_double_fail(20);
    CHECK_EQ(board_vbus_on(&v), ESP_ERR_INVALID_ARG);
    CHECK_STR(gpio_double_calls(), "20=1 21=1 21out");
}
