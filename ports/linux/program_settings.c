// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/process.h"
#include "ports/linux/program.h"
#include "ports/linux/sysfs_usbfs.h"
#include "ports/posix/posix_settings.h"
#include "ports/posix/posix_time.h"

#include <inttypes.h>
#include <stdio.h>

// What is moved to real devices lies in the kernel's memory.
static void fit_usbfs(struct program *p, struct server_config *config)
{
    uint64_t kernel_bytes = sysfs_usbfs_bytes("");
    if (!p->options.usb || !server_settings_fit(config, kernel_bytes))
        return;
    if (p->server && server_config(p->server)->total_budget_bytes == config->total_budget_bytes)
        return; // it was said
    log_message(&p->log, EVENTLOG_INFO,
                "the kernel has %" PRIu64 " MiB for the transfers of all USB devices, so at most "
                "%" PRIu64 " MiB are under way at a time (limits.total_budget_kib would allow "
                "more); to raise that, write a number of MiB (0: no limit) to "
                "/sys/module/usbcore/parameters/usbfs_memory_mb and start the server again, or "
                "start the kernel with usbcore.usbfs_memory_mb=256",
                kernel_bytes >> 20, config->total_budget_bytes >> 20);
}

void program_limits(struct program *p, struct server_config *config)
{
    server_settings_limits(&p->settings.now, config);
    fit_usbfs(p, config);
}

bool program_put_into_force(struct program *p)
{
    struct server_config config = *server_config(p->server);
    program_limits(p, &config);
    server_change_limits(p->server, &config);
    process_make_room_for(config.max_connections,
                          p->options.https_port ? HTTPS_DESCRIPTORS : HTTP_DESCRIPTORS, &p->log);
    return posix_settings_access(&p->settings.now, p->server, posix_now_us());
}

void program_read_settings_again(struct program *p)
{
    if (server_settings_reload(&p->settings, &p->log) && !program_put_into_force(p))
        log_message(&p->log, EVENTLOG_ERROR, "no memory for the access rules");
}

bool program_start_settings(struct program *p)
{
    const struct options *o = &p->options;
    switch (
        server_settings_open(&p->settings, o->config, o->state_dir, o->export_policy, &p->log)) {
    case SERVER_SETTINGS_OK:
        return true;
    case SERVER_SETTINGS_WRONG:
        p->status = EXIT_OPTIONS;
        break;
    case SERVER_SETTINGS_FAILED:
        break;
    }
    snprintf(p->why, WHY_SIZE, "%s", p->settings.why);
    return false;
}

static enum api_change_result begin_change(void *ctx, const char *patch, size_t size,
                                           struct settings_errors *errors, struct settings *try,
                                           char *why)
{
    static const enum api_change_result results[] = {
        [SERVER_SETTINGS_CHANGE_OK] = API_CHANGE_OK,
        [SERVER_SETTINGS_CHANGE_WRONG] = API_CHANGE_WRONG,
        [SERVER_SETTINGS_CHANGE_FIXED] = API_CHANGE_FIXED,
        [SERVER_SETTINGS_CHANGE_FAILED] = API_CHANGE_FAILED,
    };
    struct program *p = ctx;
    enum server_settings_change result =
        server_settings_begin(&p->settings, patch, size, errors, try);
    if (result != SERVER_SETTINGS_CHANGE_OK)
        snprintf(why, API_CHANGE_WHY_SIZE, "%s", p->settings.why);
    return results[result];
}

_Static_assert((int)API_CHANGE_WHY_SIZE >= (int)SERVER_SETTINGS_WHY_SIZE, "the same sentence");

static bool keep_change(void *ctx, char *why)
{
    struct program *p = ctx;
    return server_settings_keep(&p->settings, why);
}

static bool end_change(void *ctx, bool kept, char *why)
{
    struct program *p = ctx;
    server_settings_end(&p->settings, kept);
    if (!kept || program_put_into_force(p))
        return kept;
    snprintf(why, API_CHANGE_WHY_SIZE, "no memory to put all of the change into force");
    return false;
}

static const char *fixed_key(void *ctx, unsigned i)
{
    const struct program *p = ctx;
    return server_settings_fixed(&p->settings, i);
}

void program_offer_change(struct program *p)
{
    p->change = (struct api_change){begin_change, keep_change, end_change,
                                    fixed_key,    p,           p->settings.config_file};
}
