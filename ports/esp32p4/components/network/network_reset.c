// SPDX-License-Identifier: Apache-2.0
// ESP-IDF v5.5.5 resets the CPUs on esp_restart() and after a panic, but not the EMAC: its DMA goes
// on writing frames into what the next start takes for free memory (espressif/esp-idf#19085). The
// linker puts this function in front of ESP-IDF's, see CMakeLists.txt. After a panic it is the only
// thing that helps; network_halt() is the orderly way.
#include "esp_attr.h"
#include "soc/lp_clkrst_reg.h"
#include "soc/soc.h"

void __real_esp_restart_noos(void) __attribute__((noreturn));
void __wrap_esp_restart_noos(void) __attribute__((noreturn));

void IRAM_ATTR __wrap_esp_restart_noos(void)
{
    SET_PERI_REG_MASK(LP_CLKRST_HP_SDMMC_EMAC_RST_CTRL_REG, LP_CLKRST_RST_EN_EMAC);
    CLEAR_PERI_REG_MASK(LP_CLKRST_HP_SDMMC_EMAC_RST_CTRL_REG, LP_CLKRST_RST_EN_EMAC);
    __real_esp_restart_noos();
}
