// SPDX-License-Identifier: Apache-2.0
// The firmware as one object, for the files of main. It is in internal memory: what several tasks
// use at the same time (atomics, locks) must not be in PSRAM.
#pragma once

#include "api/api_box.h"
#include "api/api_change.h"
#include "api/api_simulate.h"
#include "board_button_gpio.h"
#include "board_restart.h"
#include "http_esp.h"
#include "main_log.h"
#include "main_settings.h"
#include "main_usb.h"
#include "main_users.h"
#include "network.h"
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_restart.h"

#include <stdatomic.h>

enum { MAIN_DRAIN_S = 5 }; // an orderly end takes no longer

struct firmware {
    const char *version;
    struct main_settings settings;
    struct settings
        shown; // what the API tells of them; loop task. Its lists are those of `settings`
    struct main_users users;
    struct base_alloc alloc; // PSRAM
    struct usbip_server *server;
    struct posix_loop *loop;
    struct network *network; // NULL: none
    struct main_usb usb;
    struct api_simulate simulate; // without `ctx`: there are no simulated devices
    struct api_change change;     // what HTTP may do with the settings
    struct api_box box;           // and with the board
    struct http_esp *http;        // NULL: none
    struct main_log log;
    struct board_restart restart;
    struct posix_restart ask; // for one by HTTP
    struct board_button_gpio button;
    struct network_state network_told; // what the event log knows of it
    atomic_bool network_changed;       // there is more
    atomic_bool clock_set; // the time of day is known, which the loop has not told the server yet
    uint64_t rested_us;    // loop task: when it last let others run
};

extern struct firmware main_firmware; // the only one

void app_main(void); // ESP-IDF calls it

// What goes wrong on the board is logged, too. The button erases the settings and restarts.
void main_board_power_usb(void);
void main_board_watch_button(struct firmware *f);

// The serial console, on `f`. What goes wrong is logged.
void main_console_start(struct firmware *f);
