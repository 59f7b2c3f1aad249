// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#define LP_CLKRST_HP_USB_CLKRST_CTRL1_REG 0x50111048u
#define LP_CLKRST_RST_EN_USB_OTG20_PHY (1u << 1)
#define LP_CLKRST_RST_EN_USB_OTG20 (1u << 2)
#define LP_CLKRST_RST_EN_USB_OTG11 (1u << 3)
#define LP_CLKRST_HP_SDMMC_EMAC_RST_CTRL_REG 0x5011104cu
#define LP_CLKRST_RST_EN_EMAC (1u << 30)
