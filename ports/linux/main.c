// SPDX-License-Identifier: Apache-2.0
// usbip-server: puts the core, the devices, the socket loop and HTTP together.
#include "api/api_change.h"
#include "ports/linux/device_libusb.h"
#include "ports/linux/host_facts.h"
#include "ports/linux/http_mhd.h"
#include "ports/linux/log.h"
#include "ports/linux/options.h"
#include "ports/linux/output.h"
#include "ports/linux/process.h"
#include "ports/linux/server_settings.h"
#include "ports/linux/sim_file.h"
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_time.h"
#include "sim/bus/sim_bus.h"
#include "sim/set/sim_set.h"
#include "web/web_assets.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_START = 1,
    EXIT_OPTIONS = 2,
    WHY_SIZE = SERVER_SETTINGS_WHY_SIZE,
    SPARE_SOCKETS = 64,
    SIM_BUS = 1,
    SIM_BUS_BESIDE_USB = 100, // Linux counts its own from 1
    OTHER_WATCHES = 64,
    LAST_WORDS_US = 2000000,  // how long the end waits for those who read the output
    LAST_WRITES_US = 2000000, // and for files behind devices
    OPEN_US = 20000000,       // how long opening one may take,
    ANSWER_US = 5000000,      // and what it has to do, before that is told
};

struct program {
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
    struct usbip_server *server;
    struct posix_loop *loop;
    struct http_server *http;
    struct api_simulate simulate; // what HTTP may do with the bus
    struct api_change change;     // and with the settings
    struct api_live *live;
    struct host_facts host;
    char host_name[API_NAME_SIZE];
    bool ends_with_terminal;
    int status;         // of the exit
    char why[WHY_SIZE]; // the reason if it is not 0
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
static atomic_bool hangup;

static void on_stop_signal(int number)
{
    (void)number;
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

// --- start and end -------------------------------------------------------------------------------

// False: no memory, and not all of them hold.
static bool put_into_force(struct program *p)
{
    struct server_config config = *server_config(p->server);
    server_settings_limits(&p->settings.now, &config);
    server_change_limits(p->server, &config);
    process_make_room_for(config.max_connections, &p->log);
    return server_settings_access(&p->settings.now, p->server, posix_now_us());
}

static void read_settings_again(struct program *p)
{
    if (server_settings_reload(&p->settings, &p->log) && !put_into_force(p))
        log_message(&p->log, EVENTLOG_ERROR, "no memory for the access rules");
}

// Whoever closes the terminal of a server that runs there wants it to end.
static void hang_up(struct program *p)
{
    if (p->ends_with_terminal && !process_has_terminal())
        posix_loop_stop(p->loop);
    else
        read_settings_again(p);
}

// Loop thread, after each turn.
static void after_turn(void *ctx, uint64_t now_us)
{
    struct program *p = ctx;
    log_events(&p->log, server_eventlog(p->server), now_us);
    if (atomic_exchange(&hangup, false))
        hang_up(p);
}

static bool start_settings(struct program *p)
{
    switch (server_settings_open(&p->settings, p->options.config, p->options.state_dir, &p->log)) {
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

static uint64_t unix_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool start_server(struct program *p)
{
    struct server_config config;
    server_config_default(&config);
    server_settings_limits(&p->settings.now, &config);
    config.unix_us = unix_us();
    p->server = server_create(&config, &p->alloc, posix_now_us());
    if (!p->server) {
        snprintf(p->why, WHY_SIZE, "no memory for the server");
        return false;
    }
    process_make_room_for(config.max_connections, &p->log);
    if (server_settings_access(&p->settings.now, p->server, posix_now_us()))
        return true;
    snprintf(p->why, WHY_SIZE, "no memory for the access rules");
    return false;
}

static bool start_devices(struct program *p)
{
    const struct sim_files files = {
        .open_image = sim_file_image,
        .open_recording = sim_file_recording,
        .ctx = &p->files,
    };
    p->files =
        (struct sim_file_port){file_threads_create(OPEN_US, ANSWER_US), server_eventlog(p->server)};
    p->bus = sim_bus_create(&p->alloc, p->options.usb ? SIM_BUS_BESIDE_USB : SIM_BUS);
    if (!p->bus || !p->files.threads) {
        snprintf(p->why, WHY_SIZE, "no memory for the simulated devices");
        return false;
    }
    char why[WHY_SIZE / 2];
    enum base_err err = sim_set_plug(p->bus, p->options.sim, &files, why, sizeof why);
    if (err != BASE_OK) {
        snprintf(p->why, WHY_SIZE, "--sim: %s", why);
        p->status = err == BASE_ERR_NOMEM || err == BASE_ERR_IO ? EXIT_START : EXIT_OPTIONS;
        return false;
    }
    return server_add_backend(p->server, sim_bus_backend(p->bus)) == BASE_OK;
}

// --- real devices --------------------------------------------------------------------------------

static void wake_loop(void *ctx)
{
    const struct program *p = ctx;
    if (p->loop)
        posix_loop_wake(p->loop);
}

static uint64_t now_us(void *ctx)
{
    (void)ctx;
    return posix_now_us();
}

static bool start_usb(struct program *p)
{
    const struct device_libusb_config config = {
        .root = "",
        .log = server_eventlog(p->server),
        .wake = wake_loop,
        .now_us = now_us,
        .ctx = p,
    };
    const char *why;
    if (!p->options.usb)
        return true;
    p->usb = device_libusb_create(&config, &why);
    if (!p->usb)
        snprintf(p->why, WHY_SIZE, "--usb: %s", why);
    return p->usb && server_add_backend(p->server, device_libusb_backend(p->usb)) == BASE_OK;
}

static void usb_ready(void *ctx, short revents)
{
    (void)revents;
    device_libusb_ready(ctx);
}

// When the loop is there to be woken.
static bool run_usb(struct program *p)
{
    if (!p->usb)
        return true;
    p->usb_watch = (struct posix_watch){
        .fd = device_libusb_fd(p->usb),
        .events = POLLIN,
        .ready = usb_ready,
        .ctx = p->usb,
    };
    if (posix_loop_watch(p->loop, &p->usb_watch) && device_libusb_start(p->usb))
        return true;
    snprintf(p->why, WHY_SIZE, "--usb: cannot wait for devices");
    return false;
}

static void explain_listening(struct program *p, const char *what, const char *why,
                              const char *option)
{
    bool advice = strstr(why, "is in use") != NULL;
    snprintf(p->why, WHY_SIZE, "%s: %s%s%s%s", what, why, advice ? ": " : "", advice ? option : "",
             advice ? " takes another one" : "");
}

static void files_ready(void *ctx, short revents)
{
    (void)revents;
    file_threads_tell(ctx);
}

static bool watch_files(struct program *p)
{
    p->files_watch = (struct posix_watch){
        .fd = file_threads_fd(p->files.threads),
        .events = POLLIN,
        .ready = files_ready,
        .ctx = p->files.threads,
    };
    if (posix_loop_watch(p->loop, &p->files_watch))
        return true;
    snprintf(p->why, WHY_SIZE, "cannot wait for files");
    return false;
}

static bool start_loop(struct program *p)
{
    struct posix_loop_config config;
    posix_loop_config_default(&config);
    config.listen = p->options.listen;
    config.port = p->options.port;
    config.max_sockets = server_settings_most_connections(&p->settings) + SPARE_SOCKETS;
    config.max_watches = HTTP_WATCHES + OTHER_WATCHES;
    config.after_turn = after_turn;
    config.ctx = p;
    char why[WHY_SIZE / 2];
    p->loop = posix_loop_create(p->server, &config, why, sizeof why);
    if (!p->loop)
        explain_listening(p, "usbip", why, "--port");
    return p->loop != NULL;
}

// Loop thread.
static void fill_facts(void *ctx, struct api_port_facts *facts)
{
    struct program *p = ctx;
    host_facts_fill(&p->host, facts);
    facts->live_sockets = http_websocket_count(p->http);
}

static enum api_change_result change(void *ctx, const char *patch, size_t size,
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
        server_settings_change(&p->settings, patch, size, errors, try);
    if (result != SERVER_SETTINGS_CHANGE_OK) {
        snprintf(why, API_CHANGE_WHY_SIZE, "%s", p->settings.why);
    } else if (!try && !put_into_force(p)) {
        snprintf(why, API_CHANGE_WHY_SIZE, "no memory to put all of the change into force");
        result = SERVER_SETTINGS_CHANGE_FAILED;
    }
    return results[result];
}

static const char *fixed_key(void *ctx, unsigned i)
{
    const struct program *p = ctx;
    return server_settings_fixed(&p->settings, i);
}

static struct api_context api_of(struct program *p)
{
    p->change = (struct api_change){change, fixed_key, p};
    p->live = api_live_create();
    sim_set_simulate(&p->simulate, p->bus);
    p->host.facts.usbip_port = posix_loop_listener(p->loop)->port;
    (void)gethostname(p->host_name, sizeof p->host_name - 1);
    return (struct api_context){
        .server = p->server,
        .version = USBIP_VERSION,
        .host_name = p->host_name,
        .assets = web_assets,
        .port_facts = fill_facts,
        .port_ctx = p,
        .simulate = &p->simulate,
        .settings = &p->settings.now,
        .change = &p->change,
        .kept = p->options.state_dir != NULL,
        .body_max = settings_max_bytes(&p->settings.port),
        .live = p->live,
    };
}

static bool start_http(struct program *p)
{
    const struct http_config config = {
        .listen = p->options.http_listen,
        .port = p->options.http_port,
        .http = {.loop = p->loop, .api = api_of(p)},
        .log = &p->log,
    };
    char why[WHY_SIZE / 2];
    p->http = http_start(&config, why, sizeof why);
    if (!p->http)
        explain_listening(p, "http", why, "--http-port");
    return p->http != NULL;
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
    output_line(p->out, "usbip: listening on %s\n", l->address);
    output_line(p->out, "http: listening on %s\n", http->address);
    announce_devices(p);
    if (l->also[0])
        log_message(&p->log, EVENTLOG_INFO, "usbip: listening on %s as well", l->also);
    if (http->also[0])
        log_message(&p->log, EVENTLOG_INFO, "http: listening on %s as well", http->also);
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

static void run(struct program *p)
{
    if (start_server(p) && start_devices(p) && start_usb(p) && start_loop(p) && watch_files(p) &&
        run_usb(p) && start_http(p)) {
        handle_signals(p->loop);
        announce(p);
        posix_loop_run(p->loop);
        leave_signals();
        p->status = EXIT_SUCCESS;
    } else {
        print_failure(p);
    }
    if (p->http)
        http_stop(p->http);
    device_libusb_stop(p->usb); // its worker wakes the loop
    if (p->loop)
        posix_loop_destroy(p->loop);
    api_live_destroy(p->live);
    if (p->server)
        server_destroy(p->server);
    device_libusb_destroy(p->usb);
    if (p->bus)
        sim_bus_destroy(p->bus);
    if (p->files.threads)
        file_threads_end(p->files.threads, posix_now_us() + LAST_WRITES_US);
}

static void announcements_lost(void *ctx, uint64_t lines)
{
    const struct program *p = ctx;
    output_line(p->out, "usbip: %" PRIu64 " lines are missing here: nobody read them\n", lines);
}

static bool open_outputs(struct program *p)
{
    p->out = output_create(STDOUT_FILENO, announcements_lost, p);
    p->err = output_create(STDERR_FILENO, log_lines_lost, &p->log);
    p->log = (struct log){p->options.log_level, p->options.log_format, p->err, 0};
    return p->out && p->err;
}

static void close_outputs(struct program *p)
{
    uint64_t limit_us = posix_now_us() + LAST_WORDS_US;
    output_end(p->out, limit_us);
    output_end(p->err, limit_us);
}

static void start(struct program *p, bool options_good)
{
    if (options_good && start_settings(p)) {
        run(p);
        server_settings_close(&p->settings);
    } else {
        print_failure(p);
    }
}

int main(int argc, char **argv)
{
    struct program p = {
        .alloc = {.alloc = allocate, .free = release},
        .status = EXIT_START,
    };
    if (!process_has_standard_descriptors())
        return EXIT_START;
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
    return p.status;
}
