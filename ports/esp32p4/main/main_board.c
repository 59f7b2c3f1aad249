// SPDX-License-Identifier: Apache-2.0
// What is on the board beside the chip: switches for VBUS, and a button.
#include "main.h"
#include "main_change.h"
#include "main_network.h"
#include "main_tasks.h"

#include "board_button_gpio.h"
#include "board_vbus.h"
#include "esp_log.h"
#include "sdkconfig.h"

enum { HOLD_MS = 10000 };

#ifdef CONFIG_USBIP_VBUS_ACTIVE_LOW
static const bool vbus_active_low = true;
#else
static const bool vbus_active_low = false;
#endif
#ifdef CONFIG_USBIP_BUTTON_ACTIVE_LOW
static const bool button_active_low = true;
#else
static const bool button_active_low = false;
#endif

static const char tag[] = "board";

// Its own task: it waits for the flash and for the sessions.
static void run_factory_reset(void *arg)
{
    struct firmware *f = arg;
    char why[SETTINGS_WHY_SIZE];
    if (main_change_erase(f, why))
        board_restart_ask(&f->restart, EVENT_START_FACTORY_RESET);
    ESP_LOGE(tag, "not all could be erased: %s", why);
    main_task_end();
}

// Timer task.
static void button_held(void *ctx)
{
    ESP_LOGW(tag, "the button was held: all settings and users are erased");
    main_task_start(&main_task_button, run_factory_reset, ctx);
}

static void report(const char *what, esp_err_t err)
{
    if (err != ESP_OK)
        ESP_LOGE(tag, "%s: %s", what, esp_err_to_name(err));
}

// -1 instead of a pin that would end Ethernet, as that of the Nano's button BOOT.
static int free_pin(const char *what, int pin)
{
    if (pin < 0 || !main_network_uses(pin))
        return pin;
    ESP_LOGE(tag, "%s: GPIO%d belongs to Ethernet", what, pin);
    return -1;
}

void main_board_power_usb(void)
{
    const struct board_vbus vbus = {
        .pin = {free_pin("VBUS of bus 1", CONFIG_USBIP_VBUS_HS_GPIO),
                free_pin("VBUS of bus 2", CONFIG_USBIP_VBUS_FS_GPIO)},
        .active_low = vbus_active_low,
    };
    report("VBUS is not switched on", board_vbus_on(&vbus));
}

void main_board_watch_button(struct firmware *f)
{
    f->button = (struct board_button_gpio){
        .pin = free_pin("button", CONFIG_USBIP_BUTTON_GPIO),
        .active_low = button_active_low,
        .held = button_held,
        .ctx = f,
    };
    report("the button does not work", board_button_gpio_start(&f->button, HOLD_MS));
}
