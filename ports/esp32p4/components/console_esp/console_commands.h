// SPDX-License-Identifier: Apache-2.0
// The commands of the serial console: words in, text out. What touches the server runs on the loop
// thread and only writes into memory, so that a slow terminal never holds up the loop. One caller
// at a time, any thread but the loop's.
#pragma once

#include "base/base_text.h"
#include "server/server.h"
#include "settings/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONSOLE_WORDS_SIZE = 160, CONSOLE_MAX_EVENTS = 100 };

struct console_network {
    bool link_up;
    char host_name[SETTINGS_HOST_NAME_SIZE];
    char address[48];                 // "" if there is none
    char source[16];                  // of the address: "DHCP", "static" ...
    char speed[32];                   // "100 Mbit/s, full duplex"; "" if not known
    char trouble[CONSOLE_WORDS_SIZE]; // a plain sentence; "" if all is well
};

struct console_memory { // bytes
    size_t internal_free, internal_lowest, psram_free, psram_lowest;
};

struct console_usb { // the large transfer buffers of the USB host
    unsigned buffers_free, buffers_used_max;
    uint32_t shortages; // times that none was free
};

struct console_claim {
    bool claimed;     // there is a password
    const char *code; // that setting the first one wants over HTTP; "": none
};

// What the commands work on; everything is borrowed. All functions but `call` may be called on any
// thread. Errors: `why` has SETTINGS_WHY_SIZE bytes for a plain sentence.
struct console_port {
    struct usbip_server *server; // used on the loop thread only
    const char *version;
    void *ctx; // of the functions
    uint64_t (*now_us)(void *ctx);

    // Runs fn(arg) on the loop thread and waits. False: the loop has ended, fn was not run.
    bool (*call)(void *ctx, void (*fn)(void *arg), void *arg);

    void (*network)(void *ctx, struct console_network *n); // all zero at first
    void (*memory)(void *ctx, struct console_memory *m);
    bool (*usb)(void *ctx, struct console_usb *u); // false: no USB host
    void (*settings)(void *ctx, struct settings *copy);

    // Changes one value, checks, saves and applies it as far as that goes without a restart;
    // *restart: the rest takes one. As settings_set(), or BASE_ERR_IO: not saved, all is as before.
    enum base_err (*set)(void *ctx, const char *key, const char *text, bool *restart, char *why);

    // Removes all saved settings and all users. BASE_OK or BASE_ERR_IO.
    enum base_err (*erase)(void *ctx, char *why);

    void (*claim)(void *ctx, struct console_claim *c); // loop thread; all zero at first

    // A line that is typed and not shown; false: given up. console_start() fills it in.
    bool (*secret)(void *ctx, const char *prompt, char *line, size_t size);
    // Sets the admin's password, whatever it was. False: `why`.
    bool (*password)(void *ctx, const char *password, char *why);
};

// What the caller does when the text is out.
enum console_action {
    CONSOLE_NOTHING,
    CONSOLE_RESTART,       // let every session end in order, then restart
    CONSOLE_FACTORY_RESET, // the same; the settings are erased already
};

struct console_command {
    const char *name, *arguments, *help; // `arguments` NULL: none
};

// The i-th command in the order of help; NULL behind the last.
const struct console_command *console_command(unsigned i);

// argv[0] is the command. Lines end with "\n"; whatever comes from devices and clients has no
// control characters in it.
enum console_action console_run(const struct console_port *port, int argc, char **argv,
                                struct base_text *out);
