// SPDX-License-Identifier: Apache-2.0
// usbip-server: puts the core, the devices, the socket loop and HTTP together.
#include "ports/linux/journal.h"
#include "ports/linux/process.h"
#include "ports/linux/program.h"
#include "ports/posix/posix_settings.h"
#include "ports/posix/posix_time.h"
#include "sim/set/sim_set.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    LAST_WORDS_US = 2000000, // how long the end waits for those who read the output
};

static void *allocate(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void release(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

// --- signals -------------------------------------------------------------------------------------

static struct posix_loop *signalled_loop; // handlers have no argument
static atomic_bool hangup, told_to_end;

static void on_stop_signal(int number)
{
    (void)number;
    atomic_store(&told_to_end, true);
    posix_loop_stop(signalled_loop);
    signal(SIGTERM, SIG_DFL); // the next one ends the program at once
    signal(SIGINT, SIG_DFL);
}

static void on_hangup(int number)
{
    (void)number;
    atomic_store(&hangup, true);
    posix_loop_wake(signalled_loop);
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction a = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigaction(number, &a, NULL);
}

static void handle_signals(struct posix_loop *loop)
{
    signalled_loop = loop;
    handle(SIGHUP, on_hangup);
    handle(SIGTERM, on_stop_signal);
    handle(SIGINT, on_stop_signal);
}

// The loop is about to go: what is still waited for then can be ended at once.
static void leave_signals(void)
{
    handle(SIGHUP, SIG_IGN);
    handle(SIGTERM, SIG_DFL);
    handle(SIGINT, SIG_DFL);
    signalled_loop = NULL;
}

// Who ends it while it is about to begin again wants it to end.
static bool begins_again(const struct program *p)
{
    return p->restart.asked && !atomic_load(&told_to_end);
}

// --- start and end -------------------------------------------------------------------------------

static void tell_ready(const struct program *p)
{
    char status[WHY_SIZE];
    snprintf(status, sizeof status, "USB/IP on %s, page on %s",
             posix_loop_listener(p->loop)->address, http_listener(p->http)->address);
    service_ready(status);
}

static void read_settings_again(struct program *p)
{
    service_reloading(posix_now_us());
    program_read_settings_again(p);
    tell_ready(p);
}

// Whoever closes the terminal of a server that runs there wants it to end.
static void hang_up(struct program *p)
{
    if (p->ends_with_terminal && !process_has_terminal())
        on_stop_signal(SIGHUP);
    else
        read_settings_again(p);
}

// Loop thread, after each turn.
static void after_turn(void *ctx, uint64_t now_us)
{
    struct program *p = ctx;
    log_events(&p->log, server_eventlog(p->server), now_us);
    if (!p->settings.changing && atomic_exchange(&hangup, false)) // its end is a turn as well
        hang_up(p);
    service_alive(&p->service, now_us);
}

static bool start_server(struct program *p)
{
    struct server_config config;
    server_config_default(&config);
    program_limits(p, &config);
    config.unix_us = wall_clock_unix_us();
    config.start = process_start();
    p->server = server_create(&config, &p->alloc, posix_now_us());
    if (!p->server) {
        snprintf(p->why, WHY_SIZE, "no memory for the server");
        return false;
    }
    process_make_room_for(config.max_connections,
                          p->options.https_port ? HTTPS_DESCRIPTORS : HTTP_DESCRIPTORS, &p->log);
    if (posix_settings_access(&p->settings.now, p->server, posix_now_us()))
        return true;
    snprintf(p->why, WHY_SIZE, "no memory for the access rules");
    return false;
}

static bool watch_clock(struct program *p)
{
    if (wall_clock_begin(&p->clock, p->loop, server_eventlog(p->server)))
        return true;
    snprintf(p->why, WHY_SIZE, "the time of day cannot be watched");
    return false;
}

// What is plugged in from the start and can be attached; ./dev run makes commands of these lines.
static void announce_devices(const struct program *p)
{
    server_step(p->server, posix_now_us()); // the server hears of the devices
    const struct base_list *devices = &server_registry(p->server)->devices;
    BASE_LIST_FOR_EACH (const struct registry_device, d, devices, link) {
        if (registry_listed(d, false))
            output_line(p->out, "usbip: exports %s %s\n", d->info.busid, d->info.product);
    }
}

static void announce(const struct program *p)
{
    const struct posix_listener *l = posix_loop_listener(p->loop);
    const struct posix_listener *http = http_listener(p->http);
    const struct posix_listener *https = http_secure_listener(p->http);
    output_line(p->out, "usbip: listening on %s\n", l->address);
    output_line(p->out, "http: listening on %s\n", http->address);
    if (https)
        output_line(p->out, "https: listening on %s\n", https->address);
    announce_devices(p);
    if (l->also[0])
        log_message(&p->log, EVENTLOG_INFO, "usbip: listening on %s as well", l->also);
    if (http->also[0])
        log_message(&p->log, EVENTLOG_INFO, "http: listening on %s as well", http->also);
    if (https && https->also[0])
        log_message(&p->log, EVENTLOG_INFO, "https: listening on %s as well", https->also);
}

static void print_help(void)
{
    char devices[SIM_SET_HELP_SIZE];
    struct base_text t;
    base_text_init(&t, devices, sizeof devices);
    sim_set_help(&t);
    printf("%s%s", options_help, devices);
}

static void print_failure(const struct program *p)
{
    output_line(p->err, "usbip-server: %s\n", p->why);
    if (p->status == EXIT_OPTIONS)
        output_line(p->err, "Try usbip-server --help\n");
}

static bool start_http(struct program *p)
{
    program_start_https(p);
    return program_start_http(p);
}

static void run(struct program *p)
{
    service_init(&p->service);
    p->clock.watch.fd = -1;
    if (service_take_sockets(&p->sockets, p->why, WHY_SIZE) && start_server(p) &&
        program_start_devices(p) && program_start_loop(p, after_turn) && watch_clock(p) &&
        program_watch_devices(p) && program_watch_users(p) && start_http(p)) {
        handle_signals(p->loop);
        announce(p);
        program_announce(p);
        tell_ready(p);
        posix_loop_run(p->loop);
        if (begins_again(p))
            service_reloading(posix_now_us());
        else
            service_stopping();
        mdns_stop(p->mdns);
        leave_signals();
        p->status = EXIT_SUCCESS;
    } else {
        print_failure(p);
    }
    if (p->http)
        http_stop(p->http);
    https_close(p->https);
    program_quiet_devices(p);
    if (p->loop)
        posix_loop_destroy(p->loop);
    wall_clock_end(&p->clock);
    api_live_destroy(p->live);
    if (p->server)
        server_destroy(p->server);
    program_end_devices(p);
}

static void announcements_lost(void *ctx, uint64_t lines)
{
    const struct program *p = ctx;
    output_line(p->out, "usbip: %" PRIu64 " lines are missing here: nobody read them\n", lines);
}

static bool open_outputs(struct program *p)
{
    enum log_format *format = &p->options.log_format;
    if (process_writes_to_journal() && *format != LOG_JSON)
        *format = *format == LOG_UNSAID && journal_is_there() ? LOG_JOURNAL : LOG_PRIORITIES;
    p->out = output_create(STDOUT_FILENO, output_write, announcements_lost, p);
    p->err = output_create(STDERR_FILENO, *format == LOG_JOURNAL ? journal_write : output_write,
                           log_lines_lost, &p->log);
    p->log = (struct log){p->options.log_level, *format, p->err, 0};
    return p->out && p->err;
}

static void close_outputs(struct program *p)
{
    uint64_t limit_us = posix_now_us() + LAST_WORDS_US;
    output_end(p->out, limit_us);
    output_end(p->err, limit_us);
}

// --check: the users are read as a start would read them. The settings that --state-dir keeps
// belong to the server that runs.
static bool check_users(struct program *p)
{
    const char *folder = p->options.state_dir;
    if (folder && access(folder, F_OK) < 0 && errno == ENOENT)
        p->options.state_dir = NULL; // a start would make it
    if (!program_load_users(p))
        return false;
    program_end_users(p);
    p->options.state_dir = NULL;
    return true;
}

static void start(struct program *p, bool options_good)
{
    if (options_good && p->options.set_password && !p->options.check) {
        if (program_set_password(p))
            p->status = EXIT_SUCCESS;
        else
            print_failure(p);
        return;
    }
    if (!options_good || (p->options.check && !check_users(p)) || !program_start_settings(p)) {
        print_failure(p);
        return;
    }
    if (p->options.check) {
        p->status = EXIT_SUCCESS;
    } else if (program_start_users(p)) {
        run(p);
        program_erase(p);
        program_end_users(p);
    } else {
        print_failure(p);
    }
    server_settings_close(&p->settings);
}

int main(int argc, char **argv)
{
    struct program p = {
        .alloc = {.alloc = allocate, .free = release},
        .status = EXIT_START,
    };
    char file[PROCESS_PATH_SIZE];
    if (!process_has_standard_descriptors())
        return EXIT_START;
    process_find_file(file);
    p.argv = argv;
    p.file = file;
    p.ends_with_terminal = process_has_terminal() && !process_ignores_hangup();
    enum options_action action = options_parse(&p.options, argc, argv, p.why, WHY_SIZE);
    if (action == OPTIONS_HELP) {
        print_help();
        return EXIT_SUCCESS;
    }
    if (action == OPTIONS_VERSION) {
        puts("usbip-server " USBIP_VERSION);
        return EXIT_SUCCESS;
    }
    if (action == OPTIONS_WRONG)
        p.status = EXIT_OPTIONS;
    handle(SIGPIPE, SIG_IGN);         // output that nobody reads is no reason to end,
    handle(SIGXFSZ, SIG_IGN);         // and neither is a file that may not grow
    prctl(PR_SET_TIMERSLACK, 1000ul); // ns; simulated frames are 125 us
    if (!open_outputs(&p)) {
        fputs("usbip-server: no memory or threads\n", stderr);
        return EXIT_START;
    }
    start(&p, action == OPTIONS_RUN);
    close_outputs(&p);
    if (begins_again(&p)) {
        process_begin_again(file, argv, posix_restart_why(&p.restart), !p.ends_with_terminal,
                            service_hand_on_sockets());
        perror("usbip-server: it cannot begin again");
        p.status = EXIT_START;
    }
    return p.status;
}
