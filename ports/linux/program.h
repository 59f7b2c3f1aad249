// SPDX-License-Identifier: Apache-2.0
// The program usbip-server: what its parts share. Each start sets `why`, and `status` where it is
// not EXIT_START, when it fails. Called on the main thread, which the loop then runs on.
#ifndef PORTS_LINUX_PROGRAM_H
#define PORTS_LINUX_PROGRAM_H

#include "api/api_box.h"
#include "api/api_change.h"
#include "api/api_simulate.h"
#include "ports/linux/device_libusb.h"
#include "ports/linux/host_facts.h"
#include "ports/linux/http_mhd.h"
#include "ports/linux/log.h"
#include "ports/linux/mdns_avahi.h"
#include "ports/linux/options.h"
#include "ports/linux/output.h"
#include "ports/linux/server_settings.h"
#include "ports/linux/service.h"
#include "ports/linux/sim_file.h"
#include "ports/linux/wall_clock.h"
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_restart.h"
#include "sim/bus/sim_bus.h"
#include "users/users.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    EXIT_START = 1,
    EXIT_OPTIONS = 2,
    WHY_SIZE = SERVER_SETTINGS_WHY_SIZE,
};

struct program_users {
    struct users all;
    struct store_file store;          // written by the thread of HTTP's jobs
    struct store_file reader;         // the same, for what others have written
    struct posix_watch watch;         // of the folder
    struct posix_timer again;         // when somebody was just writing
    char setup_code[USERS_CODE_SIZE]; // as long as nobody has claimed the server
};

struct program {
    char *const *argv;
    const char *file; // that it comes from (process.h)
    struct options options;
    struct server_settings settings;
    struct output *out, *err; // stdout and stderr
    struct log log;
    struct base_alloc alloc;
    struct sim_file_port files; // behind the simulated devices
    struct posix_watch files_watch;
    struct sim_bus *bus;
    struct device_libusb *usb; // NULL: only simulated devices
    struct posix_watch usb_watch;
    struct program_users users;
    struct usbip_server *server;
    struct posix_loop *loop;
    struct wall_clock clock;
    struct service service; // the manager of this one
    struct service_sockets sockets;
    struct https *https; // NULL: --https-port is 0
    struct http_server *http;
    struct api_simulate simulate; // what HTTP may do with the bus
    struct api_change change;     // and with the settings
    struct api_live *live;
    struct host_facts host;
    char host_name[API_NAME_SIZE];
    struct mdns *mdns; // NULL: not announced
    struct posix_timer mdns_timer;
    struct posix_restart restart;
    struct api_box box; // what HTTP may do with it
    char stays[API_CHANGE_WHY_SIZE];
    bool ends_with_terminal;
    int status;         // of the exit
    char why[WHY_SIZE]; // the reason if it is not 0
};

// --- program_settings.c --------------------------------------------------------------------------

bool program_start_settings(struct program *p);

// The limits of now, as far as the kernel's memory allows.
void program_limits(struct program *p, struct server_config *config);

// The settings of now. False: no memory, and not all of them hold.
bool program_put_into_force(struct program *p);

// SIGHUP.
void program_read_settings_again(struct program *p);

// What HTTP may do with the settings.
void program_offer_change(struct program *p);

// --- program_users.c -----------------------------------------------------------------------------

// Opens and reads what --state-dir has.
bool program_load_users(struct program *p);
// And sees to it that somebody can claim the server.
bool program_start_users(struct program *p);
void program_end_users(struct program *p);

// When the loop is there: takes over what another program writes.
bool program_watch_users(struct program *p);

// --- program_password.c --------------------------------------------------------------------------

// --set-password: the admin's, from stdin, instead of serving.
bool program_set_password(struct program *p);

// --- program_restart.c ---------------------------------------------------------------------------

// What HTTP may do with the program, whose loop is there.
void program_offer_restart(struct program *p);

// The last before that: whatever was kept since somebody asked for a factory reset.
void program_erase(struct program *p);

// --- program_devices.c ---------------------------------------------------------------------------

// Devices of --sim and, with --usb, those that are plugged in: the server has their backends.
bool program_start_devices(struct program *p);

// When the loop is there to be woken.
bool program_watch_devices(struct program *p);

// After this nothing of a device wakes the loop; before the loop is destroyed.
void program_quiet_devices(struct program *p);

// After the server.
void program_end_devices(struct program *p);

// --- program_net.c -------------------------------------------------------------------------------

// `after_turn`: loop thread, after each turn, with the program.
bool program_start_loop(struct program *p, void (*after_turn)(void *ctx, uint64_t now_us));

bool program_start_http(struct program *p);

// With --https-port, before HTTP: its certificate. Without one there is no HTTPS, and all the rest.
void program_start_https(struct program *p);

// Where others can reach the server, and --no-mdns does not forbid it.
void program_announce(struct program *p);

#endif
