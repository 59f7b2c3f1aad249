// SPDX-License-Identifier: Apache-2.0
// Restart and factory reset over HTTP.
#include "ports/linux/process.h"
#include "ports/linux/program.h"

#include "base/base_text.h"

#include <stdio.h>

enum { SECOND_US = 1000000 };

static void restart(void *ctx, enum eventlog_start why)
{
    struct program *p = ctx;
    posix_restart_ask(&p->restart, why);
}

static bool check(void *ctx, char *why)
{
    const struct program *p = ctx;
    return process_check(p->file, p->argv, why, API_BOX_WHY_SIZE);
}

// Users first: if that fails, nothing has changed.
static bool erase_all(struct program *p, char *why)
{
    const struct users_config *users = &p->users.all.config;
    if (!users_erase(users)) {
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, users->store->why);
        return false;
    }
    return (!p->options.state_dir || https_erase(p->options.state_dir, why)) &&
           server_settings_erase(&p->settings, why);
}

static bool erase(void *ctx, char *why)
{
    struct program *p = ctx;
    bool erased = erase_all(p, why);
    if (erased)
        posix_restart_erased(&p->restart);
    return erased;
}

static const char *what_stays(struct program *p)
{
    const char *file = p->options.config;
    snprintf(p->stays, sizeof p->stays, "The options of the command line%s%.300s stay.",
             file ? " and the settings of " : "", file ? file : "");
    return p->stays;
}

void program_offer_restart(struct program *p)
{
    struct posix_loop_config config;
    posix_loop_config_default(&config);
    posix_restart_begin(&p->restart, p->loop);
    p->box = (struct api_box){
        .restart = restart,
        .erase = erase,
        .check = check,
        .ctx = p,
        .drain_s = (unsigned)(config.stop_limit_us / SECOND_US),
        .stays = what_stays(p),
    };
}

void program_erase(struct program *p)
{
    char why[SETTINGS_WHY_SIZE];
    if (posix_restart_why(&p->restart) == EVENT_START_FACTORY_RESET && !erase_all(p, why))
        log_message(&p->log, EVENTLOG_ERROR, "factory reset: %s", why);
}
