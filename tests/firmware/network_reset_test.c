// SPDX-License-Identifier: Apache-2.0
#include "soc/lp_clkrst_reg.h"
#include "soc/soc.h"
#include "tests/support/check.h"

#include <setjmp.h>
#include <stdbool.h>

void __real_esp_restart_noos(void) __attribute__((noreturn));
void __wrap_esp_restart_noos(void) __attribute__((noreturn));

static jmp_buf restarted;
static unsigned sets, clears;

void soc_stand_in_mask(uint32_t reg, uint32_t mask, bool set)
{
    CHECK_EQ(reg, LP_CLKRST_HP_SDMMC_EMAC_RST_CTRL_REG);
    CHECK_EQ(mask, LP_CLKRST_RST_EN_EMAC);
    CHECK_EQ(clears, 0);
    sets += set;
    clears += !set;
}

void __real_esp_restart_noos(void)
{
    longjmp(restarted, 1);
}

TEST(network_emac_is_reset_before_the_cpus)
{
    sets = clears = 0;
    if (setjmp(restarted) == 0)
        __wrap_esp_restart_noos();
    CHECK_EQ(sets, 1);
    CHECK_EQ(clears, 1);
}
