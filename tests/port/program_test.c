// SPDX-License-Identifier: Apache-2.0
// The real usbip-server as a child process: output, log, options, settings.
#include "sim/set/sim_set.h"
#include "tests/port/http_client.h"
#include "tests/port/program_rig.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <cJSON.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TEST(program_serves_the_default_set)
{
    struct running *r = STARTED("--no-mdns");
    int fd = program_connect(r->port);
    unsigned devices = usbip_client_devlist(fd);
    CHECK(devices >= 5);
    close(fd);
    struct http_client *c = malloc(sizeof *c);
    CHECK(http_client_ask(c, r->http_port, "GET", "/healthz"));
    CHECK_STR(c->body, "{\"status\":\"ok\"}");
    free(c);
    CHECK_EQ(program_end(r), devices);
}

TEST(program_exports_64_devices)
{
    char sim[64 * sizeof "zero"] = "zero";
    for (unsigned i = 1; i < 64; i++)
        strcat(sim, ",zero");
    struct running *r = STARTED("--sim", sim);
    struct usbip_client c;
    int fd = program_connect(r->port);
    CHECK_EQ(usbip_client_devlist(fd), 64);
    close(fd);
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-67"), WIRE_ST_OK);
    close(c.fd);
    program_end(r);
}

// With the wildcard one line is printed; IPv6, if there is any, has the same port.
TEST(program_listens_everywhere_by_default)
{
    struct child *c = calloc(1, sizeof *c);
    CHILD_START(c, "--sim", "none", "--port", "0", "--http-port", "0");
    uint16_t port = child_port(c, "usbip: listening on 0.0.0.0:");
    uint16_t http_port = child_port(c, "http: listening on 0.0.0.0:");
    CHECK(port != http_port);
    int four = tcp_client_connect("127.0.0.1", port, TCP_CLIENT_MS);
    CHECK_EQ(usbip_client_devlist(four), 0);
    close(four);
    int six = tcp_client_connect("::1", port, TCP_CLIENT_MS);
    if (six >= 0) {
        CHECK_EQ(usbip_client_devlist(six), 0);
        close(six);
    }
    CHECK_EQ(kill(c->pid, SIGTERM), 0);
    CHECK_EQ(child_wait(c), 0);
    free(c);
}

TEST(program_prints_ipv6_in_brackets)
{
    struct child *c = calloc(1, sizeof *c);
    CHILD_START(c, "--listen", "::1", "--port", "0", "--http-listen", "127.0.0.1", "--http-port",
                "0");
    const char *line = child_line(c);
    if (line[0] == '\0') { // it has not started
        CHECK(strstr(child_rest(c, c->err), "cannot listen on ::1 port 0: ") != NULL);
        CHECK_EQ(child_wait(c), 1);
        free(c);
        check_skip("this machine has no IPv6");
    }
    CHECK(strncmp(line, "usbip: listening on [::1]:", 26) == 0);
    CHECK_EQ(kill(c->pid, SIGTERM), 0);
    CHECK_EQ(child_wait(c), 0);
    free(c);
}

// Nobody reads the log any more: serving goes on.
TEST(program_survives_the_loss_of_its_log)
{
    struct running *r = STARTED("--sim", "zero", "--log-level", "debug");
    close(r->child.err);
    for (unsigned i = 0; i < 3; i++) {
        int fd = program_connect(r->port);
        CHECK_EQ(usbip_client_devlist(fd), 1);
        close(fd);
    }
    CHECK_EQ(kill(r->child.pid, SIGTERM), 0);
    r->child.err = dup(r->child.out);
    CHECK_EQ(child_wait(&r->child), 0);
    free(r);
}

// A terminal in Ctrl-S, a pipe that is not read: serving goes on, and one signal ends it.
TEST(program_is_not_stopped_by_who_does_not_read_its_log)
{
    struct running *r = STARTED("--sim", "zero", "--log-level", "debug");
    CHECK(fcntl(r->child.err, F_SETPIPE_SZ, 4096) > 0);
    for (unsigned i = 0; i < 100; i++) { // of some 200 bytes in the log
        int fd = program_connect(r->port);
        CHECK_EQ(usbip_client_devlist(fd), 1);
        close(fd);
    }
    struct http_client *c = malloc(sizeof *c);
    CHECK(http_client_ask(c, r->http_port, "GET", "/healthz"));
    free(c);
    program_end(r);
}

// --- log -----------------------------------------------------------------------------------------

TEST(program_logs_events_as_text)
{
    struct running *r = STARTED("--sim", "zero");
    struct usbip_client c;
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-3"), WIRE_ST_OK);
    close(c.fd);
    const char *log = child_await_log(&r->child, "released 1-3");
    CHECK(strstr(log, " info    server started\n") != NULL);
    CHECK(strstr(log, " imported 1-3\n") != NULL);
    CHECK(strstr(log, "debug") == NULL);
    program_end(r);
}

TEST(program_logs_events_as_json)
{
    struct running *r = STARTED("--sim", "zero", "--log-format", "json", "--log-level", "debug");
    struct usbip_client c;
    unsigned lines = 0, imported = 0;
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-3"), WIRE_ST_OK);
    close(c.fd);
    CHECK_EQ(kill(r->child.pid, SIGTERM), 0);
    child_rest(&r->child, r->child.err);
    for (char *line = strtok(r->child.text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        cJSON *o = cJSON_Parse(line);
        if (!cJSON_GetObjectItem(o, "time") || !cJSON_GetObjectItem(o, "level") ||
            !cJSON_GetObjectItem(o, "text"))
            check_fail(__FILE__, __LINE__, "not a whole object: %s", line);
        imported += strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(o, "type")), "imported") == 0;
        cJSON_Delete(o);
    }
    CHECK(lines >= 5);
    CHECK_EQ(imported, 1);
    CHECK_EQ(child_wait(&r->child), 0);
    free(r);
}

// --- options -------------------------------------------------------------------------------------

static void check_exit(const char *const *args, int status, const char *on_err)
{
    struct child *c = calloc(1, sizeof *c);
    child_start(c, args);
    const char *text = child_rest(c, c->err);
    if (!strstr(text, on_err))
        check_fail(__FILE__, __LINE__, "no \"%s\" in: %s", on_err, text);
    CHECK_STR(child_rest(c, c->out), "");
    CHECK_EQ(child_wait(c), status);
    free(c);
}

#define CHECK_EXIT(status, on_err, ...)                                                            \
    check_exit((const char *const[]){__VA_ARGS__, NULL}, status, on_err)

TEST(program_refuses_wrong_options)
{
    CHECK_EXIT(2, "usbip-server: --fast is not an option\nTry usbip-server --help\n", "--fast");
    CHECK_EXIT(2, "usbip-server: --config needs a value\n", "--config");
    CHECK_EXIT(2, "usbip-server: --sim: ", LOCAL, "--sim", "toaster");
}

// Also where there is no USB at all.
TEST(program_looks_for_real_devices)
{
    struct running *r = STARTED("--sim", "none", "--usb");
    close(program_connect(r->port));
    (void)program_end(r);
}

// --- settings ------------------------------------------------------------------------------------

static void put(const struct settings_folder *f, const char *text)
{
    settings_folder_put(f, "config.json", text, strlen(text));
}

#define ONE_CONNECTION "{\"version\": 1, \"limits\": {\"max_connections\": 1}}"
#define TWO_CONNECTIONS "{\"version\": 1, \"limits\": {\"max_connections\": 2}}"

// The tools can show why.
static void check_second_device_refused(const struct running *r)
{
    struct usbip_client c;
    int fd = program_connect(r->port);
    CHECK_EQ(usbip_client_import(&c, fd, "1-5"), WIRE_ST_NA);
    CHECK_EQ(tcp_client_wait_end(fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(fd);
}

// The limit holds from the start; a wrong file on SIGHUP changes nothing, a right one does at once.
TEST(program_reads_its_config_again_on_sighup)
{
    struct settings_folder f;
    struct usbip_client c;
    settings_folder_make(&f);
    put(&f, ONE_CONNECTION);
    struct running *r =
        STARTED("--sim", "zero,zero", "--config", settings_folder_file(&f, "config.json"));
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-3"), WIRE_ST_OK);
    check_second_device_refused(r);
    put(&f, "{\"version\": 1, \"limits\": {\"max_connections\": 0}}");
    CHECK_EQ(kill(r->child.pid, SIGHUP), 0);
    const char *log = child_await_log(&r->child, "everything stays as it was\n");
    CHECK(strstr(log, " warning SIGHUP: --config ") != NULL);
    CHECK(strstr(log, "/config.json: limits.max_connections: a whole number from 1 to ") != NULL);
    check_second_device_refused(r);
    put(&f, TWO_CONNECTIONS);
    CHECK_EQ(kill(r->child.pid, SIGHUP), 0);
    child_await_log(&r->child, "settings: limits.max_connections is 2 now, was 1\n");
    struct usbip_client second;
    CHECK_EQ(usbip_client_import(&second, program_connect(r->port), "1-5"), WIRE_ST_OK);
    close(second.fd);
    close(c.fd);
    program_end(r);
    settings_folder_remove(&f);
}

TEST(program_refuses_a_wrong_config)
{
    struct settings_folder f;
    settings_folder_make(&f);
    const char *path = settings_folder_file(&f, "config.json");
    CHECK_EXIT(2, "/config.json: cannot read the file: No such file or directory\n", LOCAL,
               "--config", path);
    put(&f, "{\"version\": 1,\n \"max_urbs\": 100}");
    CHECK_EXIT(2, "/config.json: max_urbs: there is no such setting here\n", LOCAL, "--config",
               path);
    settings_folder_remove(&f);
}

TEST(program_uses_a_state_dir_alone)
{
    struct settings_folder f;
    settings_folder_make(&f);
    settings_folder_put(&f, "settings.json", ONE_CONNECTION, strlen(ONE_CONNECTION));
    struct running *r = STARTED("--sim", "zero,zero", "--state-dir", f.path);
    struct usbip_client c;
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-3"), WIRE_ST_OK);
    check_second_device_refused(r);
    CHECK_EXIT(1, ": another usbip-server uses this folder\n", LOCAL, "--state-dir", f.path);
    close(c.fd);
    program_end(r);
    r = STARTED("--sim", "none", "--state-dir", f.path); // the end of a server frees it
    program_end(r);
    settings_folder_remove(&f);
}

TEST(program_explains_ports_in_use)
{
    struct running *r = STARTED("--sim", "none");
    char port[8], want[120];
    snprintf(port, sizeof port, "%u", r->port);
    snprintf(want, sizeof want,
             "usbip-server: usbip: port %s is in use by another program: "
             "--port takes another one\n",
             port);
    CHECK_EXIT(1, want, "--sim", "none", "--listen", "127.0.0.1", "--port", port);
    snprintf(port, sizeof port, "%u", r->http_port);
    snprintf(want, sizeof want,
             "usbip-server: http: port %s is in use by another program: "
             "--http-port takes another one\n",
             port);
    CHECK_EXIT(1, want, "--sim", "none", "--port", "0", "--http-listen", "127.0.0.1", "--http-port",
               port);
    program_end(r);
}

TEST(program_help_and_version)
{
    struct child *c = calloc(1, sizeof *c);
    CHILD_START(c, "--help");
    const char *help = child_rest(c, c->out);
    char devices[SIM_SET_HELP_SIZE];
    struct base_text t;
    base_text_init(&t, devices, sizeof devices);
    sim_set_help(&t);
    CHECK(strncmp(help, "usage: usbip-server [options]\n", 30) == 0);
    CHECK(strstr(help, devices) != NULL);
    CHECK_EQ(child_wait(c), 0);
    CHILD_START(c, "--version");
    CHECK(strncmp(child_rest(c, c->out), "usbip-server ", 13) == 0);
    CHECK_EQ(child_wait(c), 0);
    free(c);
}
