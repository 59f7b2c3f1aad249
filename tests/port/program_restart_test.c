// SPDX-License-Identifier: Apache-2.0
// The real usbip-server, asked over HTTP to begin again: the same process, with what it was given,
// and from the file that is there by then.
#include "tests/port/http_client.h"
#include "tests/port/program_rig.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct site {
    struct settings_folder folder; // --state-dir
    struct settings_folder programs;
    struct http_client http;
};

static void begin(struct site *s)
{
    memset(s, 0, sizeof *s);
    settings_folder_make(&s->folder);
    settings_folder_make(&s->programs);
}

static void finish(struct site *s)
{
    settings_folder_remove(&s->folder);
    settings_folder_remove(&s->programs);
}

#define SITE_TEST(id) TEST_WITH(id, struct site, s, begin(s), finish(s))

static int ask(struct site *s, const struct running *r, const char *line, const char *body)
{
    char request[1000];
    snprintf(request, sizeof request,
             "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIf-Match: *\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             line, strlen(body), body);
    CHECK(http_client_send(&s->http, r->http_port, request));
    return s->http.status;
}

static void ask_restart(struct site *s, const struct running *r)
{
    CHECK_EQ(ask(s, r, "POST /api/v1/restart", "{}"), 202);
    CHECK(strstr(s->http.body, "{\"drain_s\":5,\"loses\":"));
}

static unsigned descriptors(int pid)
{
    char path[40];
    unsigned count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    CHECK(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static bool has_descriptor(int pid, int fd)
{
    char path[60];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    return lstat(path, &st) == 0;
}

// Sessions end in order, the process stays, and what nobody closes is closed.
SITE_TEST(program_restart_is_the_same_process_with_the_same_options)
{
    struct usbip_client c;
    int leak = fcntl(STDERR_FILENO, F_DUPFD, 200); // as if a library had opened it
    struct running *r = STARTED("--sim", "zero,keyboard", "--no-mdns", "--log-format", "json");
    close(leak);
    CHECK(has_descriptor(r->child.pid, leak));
    unsigned before = descriptors(r->child.pid);
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-3"), WIRE_ST_OK);
    ask_restart(s, r);
    CHECK_EQ(tcp_client_wait_end(c.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(c.fd);
    program_await_ports(r);
    child_await_log(&r->child, "\"type\":\"restart_asked\"");
    child_await_log(&r->child, "server started after a restart");
    CHECK_EQ(ask(s, r, "GET /api/v1/status", ""), 200);
    CHECK(strstr(s->http.body, "\"restart_reason\":\"restart\""));
    CHECK(!has_descriptor(r->child.pid, leak));
    CHECK(descriptors(r->child.pid) < before);
    CHECK_EQ(program_end(r), 2); // the two devices
}

// Twice, as a restart leaves nothing behind that the next one stumbles over.
SITE_TEST(program_restart_keeps_settings_and_users)
{
    struct running *r = STARTED("--sim", "none", "--state-dir", s->folder.path);
    CHECK_EQ(ask(s, r, "PATCH /api/v1/settings", "{\"host_name\":\"bench-7\"}"), 200);
    for (unsigned i = 0; i < 2; i++) {
        ask_restart(s, r);
        program_await_ports(r);
        CHECK_EQ(ask(s, r, "GET /api/v1/settings", ""), 200);
        CHECK(strstr(s->http.body, "\"host_name\":\"bench-7\""));
    }
    program_end(r);
}

// What is wrong by now would keep it away: it goes on, and says what is.
SITE_TEST(program_restart_looks_at_the_settings_first)
{
    static const char good[] = "{\"version\":2}", wrong[] = "{\"version\":2,\"acces\":{}}";
    char config[100];
    settings_folder_put(&s->folder, "c.json", good, sizeof good - 1);
    snprintf(config, sizeof config, "%s", settings_folder_file(&s->folder, "c.json"));
    struct running *r =
        STARTED("--sim", "none", "--config", config, "--state-dir", s->programs.path);
    CHECK_EQ(ask(s, r, "PATCH /api/v1/settings", "{\"host_name\":\"bench\"}"), 200);
    settings_folder_put(&s->folder, "c.json", wrong, sizeof wrong - 1);
    CHECK_EQ(ask(s, r, "POST /api/v1/restart", "{}"), 409);
    CHECK(strstr(s->http.body, "It would not start again") && strstr(s->http.body, "acces"));
    CHECK(strstr(s->http.body, "--config "));
    CHECK_EQ(ask(s, r, "POST /api/v1/factory-reset", "{\"host_name\":\"bench\"}"), 409);
    CHECK(settings_folder_has(&s->programs, "settings.json"));
    settings_folder_put(&s->folder, "c.json", good, sizeof good - 1);
    ask_restart(s, r);
    CHECK(strstr(s->http.body, "\"loses\":null"));
    program_await_ports(r);
    program_end(r);
}

// Whoever ends it while it is about to begin again has the last word.
SITE_TEST(program_restart_does_not_survive_sigterm)
{
    struct running *r = STARTED("--sim", "zero");
    struct usbip_client c;
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-3"), WIRE_ST_OK);
    ask_restart(s, r);
    CHECK_EQ(kill(r->child.pid, SIGTERM), 0);
    CHECK_EQ(tcp_client_wait_end(c.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(c.fd);
    CHECK(strstr(child_rest(&r->child, r->child.err), "server is stopping"));
    CHECK_EQ(child_wait(&r->child), 0);
    free(r);
}

// --- factory reset -------------------------------------------------------------------------------

SITE_TEST(program_factory_reset_removes_settings_and_users)
{
    static const char nobody[] = "{\"version\":1,\"users\":[],\"tokens\":[]}";
    char body[100];
    struct running *r = STARTED("--sim", "none", "--state-dir", s->folder.path);
    CHECK_EQ(ask(s, r, "PATCH /api/v1/settings", "{\"host_name\":\"bench-7\"}"), 200);
    CHECK_EQ(ask(s, r, "PATCH /api/v1/settings", "{\"host_name\":\"bench-8\"}"), 200);
    settings_folder_put(&s->folder, "secrets.json.old", nobody, sizeof nobody - 1);
    settings_folder_put(&s->folder, "certificate.pem", "-", 1);
    CHECK_EQ(ask(s, r, "POST /api/v1/factory-reset", "{\"host_name\":\"bench-7\"}"), 409);
    CHECK(settings_folder_has(&s->folder, "settings.json.old"));
    snprintf(body, sizeof body, "{\"host_name\":\"bench-8\"}");
    CHECK_EQ(ask(s, r, "POST /api/v1/factory-reset", body), 202);
    CHECK_STR(s->http.body, "{\"drain_s\":5,\"stays\":\"The options of the command line stay.\"}");
    program_await_ports(r);
    child_await_log(&r->child, "server started after a factory reset");
    CHECK(strstr(r->child.text, "nobody has set a password"));
    CHECK(!settings_folder_has(&s->folder, "settings.json"));
    CHECK(!settings_folder_has(&s->folder, "settings.json.old"));
    CHECK(!settings_folder_has(&s->folder, "secrets.json.old"));
    CHECK(!settings_folder_has(&s->folder, "certificate.pem"));
    CHECK_EQ(ask(s, r, "GET /api/v1/settings", ""), 200);
    CHECK(!strstr(s->http.body, "bench-8"));
    program_end(r);
}

// What is kept after the answer and before the end goes as well, and users end only with that.
SITE_TEST(program_factory_reset_leaves_nothing_that_came_late)
{
    struct usbip_client c;
    struct running *r = STARTED("--sim", "zero", "--state-dir", s->folder.path);
    CHECK_EQ(ask(s, r, "PATCH /api/v1/settings", "{\"host_name\":\"bench\"}"), 200);
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-3"), WIRE_ST_OK);
    CHECK_EQ(ask(s, r, "POST /api/v1/factory-reset", "{\"host_name\":\"bench\"}"), 202);
    CHECK_EQ(tcp_client_wait_end(c.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    // The client's end is open, so the drain goes on.
    CHECK_EQ(ask(s, r, "PATCH /api/v1/settings", "{\"host_name\":\"late\"}"), 200);
    CHECK(settings_folder_has(&s->folder, "settings.json"));
    close(c.fd);
    program_await_ports(r);
    CHECK(!settings_folder_has(&s->folder, "settings.json"));
    program_end(r);
}

// --- the file ------------------------------------------------------------------------------------

static void copy_program(const struct site *s)
{
    char from[CHILD_PATH_SIZE], command[CHILD_PATH_SIZE + 100];
    child_find_program(from);
    snprintf(command, sizeof command, "cp %s %s/usbip-server", from, s->programs.path);
    CHECK_EQ(system(command), 0); // NOLINT: paths of ours
}

#define AS_COPY(s, ...)                                                                            \
    STARTED_WITH(&(const struct child_start_with){.folder = (s)->programs.path}, __VA_ARGS__)

// An upgrade while it runs, which was started by a relative path: what is there now begins, with
// the same arguments.
SITE_TEST(program_restart_takes_the_file_that_is_there_by_now)
{
    static const char newer[] = "#!/bin/sh\necho \"newer $0 $*\"\n";
    copy_program(s);
    struct running *r = AS_COPY(s, "--sim", "none", "--no-mdns");
    char want[300], fresh[100];
    settings_folder_put(&s->programs, "fresh", newer, sizeof newer - 1);
    snprintf(fresh, sizeof fresh, "%s", settings_folder_file(&s->programs, "fresh"));
    CHECK_EQ(chmod(fresh, 0755), 0);
    CHECK_EQ(rename(fresh, settings_folder_file(&s->programs, "usbip-server")), 0);
    ask_restart(s, r);
    snprintf(want, sizeof want,
             "newer %s/usbip-server --listen 127.0.0.1 --port 0 --http-listen 127.0.0.1 "
             "--http-port 0 --sim none --no-mdns",
             s->programs.path);
    CHECK_STR(child_line(&r->child), want);
    CHECK_EQ(child_wait(&r->child), 0);
    free(r);
}

// Without a file it goes on as it is; and takes the one that comes later.
SITE_TEST(program_restart_without_its_file)
{
    copy_program(s);
    struct running *r = AS_COPY(s, "--sim", "none");
    settings_folder_put(&s->programs, "usbip-server", NULL, 0);
    ask_restart(s, r);
    program_await_ports(r);
    copy_program(s);
    ask_restart(s, r);
    program_await_ports(r);
    char path[40], now[200];
    snprintf(path, sizeof path, "/proc/%d/exe", r->child.pid);
    ssize_t n = readlink(path, now, sizeof now - 1);
    CHECK(n > 0);
    now[n] = '\0';
    CHECK_STR(now, settings_folder_file(&s->programs, "usbip-server"));
    program_end(r);
}
