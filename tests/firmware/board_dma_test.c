// SPDX-License-Identifier: Apache-2.0
#include "soc/lp_clkrst_reg.h"
#include "soc/soc.h"
#include "tests/support/check.h"

#include <setjmp.h>
#include <stdbool.h>

void __real_esp_restart_noos(void) __attribute__((noreturn));
void __wrap_esp_restart_noos(void) __attribute__((noreturn));

static jmp_buf restarted;
static struct reset {
    uint32_t now, held; // bits that are set, and that ever were
} emac, usb;

void soc_stand_in_mask(uint32_t reg, uint32_t mask, bool set)
{
    struct reset *r = reg == LP_CLKRST_HP_SDMMC_EMAC_RST_CTRL_REG ? &emac : &usb;
    CHECK(r == &emac || reg == LP_CLKRST_HP_USB_CLKRST_CTRL1_REG);
    CHECK_EQ(r->now & mask, set ? 0 : mask);
    r->now ^= mask;
    r->held |= mask;
}

void __real_esp_restart_noos(void)
{
    longjmp(restarted, 1);
}

static void restart(void)
{
    emac = usb = (struct reset){0};
    if (setjmp(restarted) == 0)
        __wrap_esp_restart_noos();
}

TEST(board_emac_is_reset_before_the_cpus)
{
    restart();
    CHECK_EQ(emac.held, LP_CLKRST_RST_EN_EMAC);
    CHECK_EQ(emac.now, 0);
}

TEST(board_usb_controllers_are_reset_before_the_cpus)
{
    restart();
    CHECK_EQ(usb.held, LP_CLKRST_RST_EN_USB_OTG20 | LP_CLKRST_RST_EN_USB_OTG20_PHY |
                           LP_CLKRST_RST_EN_USB_OTG11);
    CHECK_EQ(usb.now, 0);
}
