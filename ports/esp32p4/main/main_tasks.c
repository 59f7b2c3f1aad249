// SPDX-License-Identifier: Apache-2.0
#include "main_tasks.h"

#include "esp_err.h"
#include "esp_log.h"
#include "esp_task_wdt.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include <stdlib.h>

//                                            name          prio  core stack
const struct main_task main_task_usb_daemon = {"usb_daemon", 21, 0, 5120};
const struct main_task main_task_usb_client = {"usb_client", 20, 0, 6144};
const struct main_task main_task_loop = {"loop", 12, 1, 8192};
const struct main_task main_task_network = {"network", 8, 1, 5120};
const struct main_task main_task_http = {"httpd", 5, 1, 6144};
const struct main_task main_task_jobs = {"jobs", 4, 0, 6400};
const struct main_task main_task_log = {"log", 3, 1, 5120};
const struct main_task main_task_console = {"console_repl", 2, 1, 8192};
const struct main_task main_task_button = {"button", 2, 1, 6144};

void main_task_start(const struct main_task *task, void (*run)(void *arg), void *arg)
{
    if (xTaskCreatePinnedToCore(run, task->name, task->stack_size, arg, task->priority, NULL,
                                task->core) == pdPASS)
        return;
    ESP_LOGE("main", "no memory for the task %s", task->name);
    abort();
}

void main_task_watch(void)
{
    ESP_ERROR_CHECK(esp_task_wdt_add(NULL));
}

void main_task_alive(void)
{
    (void)esp_task_wdt_reset();
}

void main_task_end(void)
{
    (void)esp_task_wdt_delete(NULL);
    vTaskDelete(NULL);
    abort(); // vTaskDelete() does not return
}
