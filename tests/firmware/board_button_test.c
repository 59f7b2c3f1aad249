// SPDX-License-Identifier: Apache-2.0
#include "board_button_gpio.h"
#include "tests/firmware/gpio_double.h"
#include "tests/support/check.h"

enum { HOLD_MS = 10000, STEP_MS = 10 };

static struct board_button button;
static uint64_t now_us;

static void setup(void)
{
    now_us = 0;
    board_button_init(&button, HOLD_MS);
}

// Keeps the level for so long; how often it fired.
static unsigned keep(bool level, unsigned ms)
{
    unsigned fired = 0;
    for (unsigned i = 0; i < ms / STEP_MS; i++) {
        now_us += STEP_MS * 1000;
        fired += board_button_told(&button, level, now_us);
    }
    return fired;
}

TEST(board_button_fires_once_when_held_long_enough)
{
    setup();
    CHECK_EQ(keep(false, 100), 0);
    CHECK_EQ(keep(true, HOLD_MS - 10), 0);
    CHECK_EQ(keep(true, 30), 1);
    CHECK_EQ(keep(true, 10 * HOLD_MS), 0);
    CHECK_EQ(keep(false, 100), 0);
    CHECK_EQ(keep(true, HOLD_MS + 100), 1); // the next time it is held
}

TEST(board_button_released_before_the_time_does_nothing)
{
    setup();
    keep(false, 100);
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQ(keep(true, HOLD_MS - 100), 0);
        CHECK_EQ(keep(false, 100), 0);
    }
}

TEST(board_button_stuck_pin_does_nothing)
{
    setup();
    CHECK_EQ(keep(true, 100 * HOLD_MS), 0);
    CHECK_EQ(keep(false, BOARD_BUTTON_DEBOUNCE_MS - 10), 0); // bounces are no release
    CHECK_EQ(keep(true, 2 * HOLD_MS), 0);
    CHECK_EQ(keep(false, 100), 0);
    CHECK_EQ(keep(true, HOLD_MS + 100), 1);
}

TEST(board_button_bounces_neither_press_nor_release)
{
    setup();
    keep(false, 100);
    for (unsigned i = 0; i < 1000; i++)
        CHECK_EQ(keep(true, 20) + keep(false, 20), 0);
    keep(false, 100);
    unsigned fired = keep(true, HOLD_MS / 2);
    fired += keep(false, 20) + keep(true, HOLD_MS / 2);
    CHECK_EQ(fired, 1);
}

// --- at a pin ------------------------------------------------------------------------------------

static unsigned held;

static void count(void *ctx)
{
    CHECK(ctx == &held);
    held++;
}

static struct board_button_gpio at_pin(int pin, bool active_low)
{
    held = 0;
    gpio_double_reset();
    gpio_double_set(20, active_low);
    return (struct board_button_gpio){
        .pin = pin, .active_low = active_low, .held = count, .ctx = &held};
}

TEST(board_button_gpio_low_is_pressed)
{
    struct board_button_gpio g = at_pin(20, true);
    CHECK_EQ(board_button_gpio_start(&g, HOLD_MS), ESP_OK);
    CHECK_STR(gpio_double_calls(), "20in+");
    CHECK(gpio_double_tick(10));
    gpio_double_set(20, false);
    gpio_double_tick(499);
    CHECK_EQ(held, 0);
    gpio_double_tick(2);
    CHECK_EQ(held, 1);
    board_button_gpio_stop(&g);
    CHECK(!gpio_double_tick(1));
}

TEST(board_button_gpio_high_is_pressed)
{
    struct board_button_gpio g = at_pin(20, false);
    CHECK_EQ(board_button_gpio_start(&g, HOLD_MS), ESP_OK);
    CHECK_STR(gpio_double_calls(), "20in-");
    gpio_double_tick(10);
    gpio_double_set(20, true);
    gpio_double_tick(502);
    CHECK_EQ(held, 1);
    board_button_gpio_stop(&g);
}

TEST(board_button_gpio_without_pin_is_no_button)
{
    struct board_button_gpio g = at_pin(-1, true);
    CHECK_EQ(board_button_gpio_start(&g, HOLD_MS), ESP_OK);
    CHECK_STR(gpio_double_calls(), "");
    CHECK(!gpio_double_tick(1));
    board_button_gpio_stop(&g);
}

TEST(board_button_gpio_that_cannot_be_set_up_says_so)
{
    struct board_button_gpio g = at_pin(20, true);
    gpio_double_fail(20);
    CHECK_EQ(board_button_gpio_start(&g, HOLD_MS), ESP_ERR_INVALID_ARG);
    CHECK(!gpio_double_tick(1));
    board_button_gpio_stop(&g);
}
