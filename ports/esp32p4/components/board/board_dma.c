// SPDX-License-Identifier: Apache-2.0
// ESP-IDF v5.5.5 resets the CPUs on esp_restart() and after a panic, but neither the EMAC nor the
// USB controllers: their DMA goes on writing into what the next start takes for free memory
// (espressif/esp-idf#19085 for the EMAC; a USB channel that waits for data does the same when they
// come, and goes on with whatever its descriptors have become). The linker puts this function in
// front of ESP-IDF's, see CMakeLists.txt. After a panic it is the only thing that helps;
// network_eth_halt() is the orderly way for Ethernet. The bits are those that usb_phy and the
// EMAC's driver use when they begin.
#include "esp_attr.h"
#include "soc/lp_clkrst_reg.h"
#include "soc/soc.h"

void __real_esp_restart_noos(void) __attribute__((noreturn));
void __wrap_esp_restart_noos(void) __attribute__((noreturn));

enum {
    USB = LP_CLKRST_RST_EN_USB_OTG20 | LP_CLKRST_RST_EN_USB_OTG20_PHY | LP_CLKRST_RST_EN_USB_OTG11,
};

void IRAM_ATTR __wrap_esp_restart_noos(void)
{
    SET_PERI_REG_MASK(LP_CLKRST_HP_SDMMC_EMAC_RST_CTRL_REG, LP_CLKRST_RST_EN_EMAC);
    CLEAR_PERI_REG_MASK(LP_CLKRST_HP_SDMMC_EMAC_RST_CTRL_REG, LP_CLKRST_RST_EN_EMAC);
    SET_PERI_REG_MASK(LP_CLKRST_HP_USB_CLKRST_CTRL1_REG, USB);
    CLEAR_PERI_REG_MASK(LP_CLKRST_HP_USB_CLKRST_CTRL1_REG, USB);
    __real_esp_restart_noos();
}
