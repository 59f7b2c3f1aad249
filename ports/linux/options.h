// SPDX-License-Identifier: Apache-2.0
// The command line of usbip-server. Prints nothing itself.
#pragma once

#include "access/access.h"
#include "eventlog/eventlog.h"
#include "ports/linux/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum options_action {
    OPTIONS_RUN,
    OPTIONS_HELP,
    OPTIONS_VERSION,
    OPTIONS_WRONG, // `why` says what is wrong with them
};

// Texts are borrowed from argv.
struct options {
    const char *sim;                  // NULL: the default set
    bool usb;                         // real devices, too
    const char *listen;               // NULL: every address
    const char *http_listen;          // NULL: every address
    const char *https_listen;         // NULL: as http_listen
    const char *config;               // file; NULL: none
    enum access_export export_policy; // where no settings say it
    bool no_mdns;                     // not announced
    const char *state_dir;            // folder; NULL: nothing is kept
    bool check;                       // nothing but that: is the config right?
    bool set_password;                // nothing is served
    uint16_t port, http_port;         // 0: a free one
    uint16_t https_port;              // 0: no HTTPS
    enum eventlog_level log_level;
    enum log_format log_format;
};

// Not reentrant (getopt). Options after an unknown or wrong one are not looked at.
enum options_action options_parse(struct options *o, int argc, char *const argv[], char *why,
                                  size_t why_size);

// What --help prints; the names and options of the simulated devices follow (sim_set_help).
extern const char options_help[];
