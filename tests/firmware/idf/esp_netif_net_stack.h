// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

// lwIP's struct netif.
void *esp_netif_get_netif_impl(esp_netif_t *esp_netif);
