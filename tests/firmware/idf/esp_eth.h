// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include "esp_eth_driver.h"
#include "esp_eth_netif_glue.h"
