// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include "esp_err.h"
#include "esp_event_base.h"
#include "freertos/FreeRTOS.h"

// ESP_ERR_INVALID_STATE: it is there already.
esp_err_t esp_event_loop_create_default(void);

// Handlers of an event are called in the order in which they were registered.
esp_err_t esp_event_handler_instance_register(esp_event_base_t event_base, int32_t event_id,
                                              esp_event_handler_t event_handler,
                                              void *event_handler_arg,
                                              esp_event_handler_instance_t *instance);
esp_err_t esp_event_handler_instance_unregister(esp_event_base_t event_base, int32_t event_id,
                                                esp_event_handler_instance_t instance);
