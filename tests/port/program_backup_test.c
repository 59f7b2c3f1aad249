// SPDX-License-Identifier: Apache-2.0
// The real usbip-server restores a backup: files, whole or as they were, and who is logged in.
#include "tests/port/http_client.h"
#include "tests/port/program_rig.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_SIZE = 20000 };

#define MEMBER "\"passphrase\":\"long live the king\"}"
#define PASSPHRASE "{" MEMBER

struct site {
    struct settings_folder folder;
    struct running *server;
    struct http_client http;
    char cookie[200]; // as a line
    char body[TEXT_SIZE];
};

static int ask(struct site *s, const char *line, const char *body)
{
    static char request[TEXT_SIZE + 1000]; // NOLINT: too large for the stack
    snprintf(request, sizeof request,
             "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIf-Match: *\r\n%s"
             "Content-Length: %zu\r\n\r\n%s",
             line, s->cookie, strlen(body), body);
    CHECK(http_client_send(&s->http, s->server->http_port, request));
    const char *cookie = strstr(s->http.text, "\r\nSet-Cookie: ");
    if (cookie)
        snprintf(s->cookie, sizeof s->cookie, "Cookie: %.*s\r\n", (int)strcspn(cookie + 14, ";"),
                 cookie + 14);
    return s->http.status;
}

// A server with a backup in `body`, and changes since then: another name, and anna is an admin.
static void begin(struct site *s)
{
    memset(s, 0, sizeof *s);
    settings_folder_make(&s->folder);
    s->server = STARTED("--sim", "none", "--state-dir", s->folder.path);
    CHECK_EQ(ask(s, "PATCH /api/v1/settings", "{\"host_name\":\"bench\"}"), 200);
    CHECK_EQ(ask(s, "POST /api/v1/setup", "{\"password\":\"the first one\"}"), 200);
    CHECK_EQ(ask(s, "POST /api/v1/users",
                 "{\"name\":\"anna\",\"role\":\"view\",\"password\":\"anna's own\"}"),
             201);
    CHECK_EQ(ask(s, "POST /api/v1/backup", PASSPHRASE), 200);
    snprintf(s->body, sizeof s->body, "{\"backup\":%s," MEMBER, s->http.body);
    CHECK_EQ(ask(s, "PATCH /api/v1/settings", "{\"host_name\":\"rack\"}"), 200);
    CHECK_EQ(ask(s, "PUT /api/v1/users/anna", "{\"role\":\"admin\"}"), 200);
}

static void finish(struct site *s)
{
    settings_folder_remove(&s->folder);
}

#define SITE_TEST(id) TEST_WITH(id, struct site, s, begin(s), finish(s))

static void read_file(const struct site *s, const char *name, char text[TEXT_SIZE])
{
    int fd = open(settings_folder_file(&s->folder, name), O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    ssize_t n = read(fd, text, TEXT_SIZE - 1);
    CHECK(n >= 0);
    text[n] = '\0';
    close(fd);
}

static bool file_has(const struct site *s, const char *name, const char *part)
{
    char text[TEXT_SIZE];
    read_file(s, name, text);
    return strstr(text, part) != NULL;
}

SITE_TEST(program_restore_is_kept_and_in_force)
{
    char admin[sizeof s->cookie], anna[sizeof s->cookie];
    struct stat st;
    strcpy(admin, s->cookie);
    s->cookie[0] = '\0'; // else it is the admin's session that becomes hers
    CHECK_EQ(ask(s, "POST /api/v1/login", "{\"user\":\"anna\",\"password\":\"anna's own\"}"), 200);
    strcpy(anna, s->cookie);
    strcpy(s->cookie, admin);
    CHECK_EQ(ask(s, "POST /api/v1/restore", s->body), 200);
    CHECK(strstr(s->http.body, "{\"pointer\":\"/host_name\",\"from\":\"rack\",\"to\":\"bench\"}"));
    CHECK(strstr(s->http.body, "\"secrets\":{\"users\":[\"anna\"],\"tokens\":[]}"));
    CHECK(file_has(s, "settings.json", "\"bench\""));
    CHECK(file_has(s, "secrets.json", "\"name\":\"anna\",\"role\":\"view\""));
    CHECK_EQ(stat(settings_folder_file(&s->folder, "secrets.json"), &st), 0);
    CHECK_EQ(st.st_mode & 07777, 0600);
    CHECK_EQ(ask(s, "GET /api/v1/users", ""), 200); // who asked is still there,
    strcpy(s->cookie, anna);
    CHECK_EQ(ask(s, "GET /api/v1/users", ""), 401); // and who was an admin is out
    child_await_log(&s->server->child, "has restored a backup with 2 users and 0 tokens");
    CHECK(!strstr(s->server->child.text, "another program has changed them"));
    program_end(s->server);
}

// A folder where a file is to be written: what a full disk does, for one of the two documents.
static void check_nothing_changes(struct site *s, const char *in_the_way)
{
    char settings[TEXT_SIZE], secrets[TEXT_SIZE], text[TEXT_SIZE], path[200];
    read_file(s, "settings.json", settings);
    read_file(s, "secrets.json", secrets);
    snprintf(path, sizeof path, "%s", settings_folder_file(&s->folder, in_the_way));
    CHECK_EQ(mkdir(path, 0700), 0);
    CHECK_EQ(ask(s, "POST /api/v1/restore", s->body), 503);
    CHECK(strstr(s->http.body, "Nothing has changed."));
    read_file(s, "settings.json", text);
    CHECK_STR(text, settings);
    read_file(s, "secrets.json", text);
    CHECK_STR(text, secrets);
    CHECK_EQ(ask(s, "GET /api/v1/settings", ""), 200);
    CHECK(strstr(s->http.body, "\"rack\""));
    CHECK_EQ(ask(s, "GET /api/v1/users", ""), 200);
    CHECK(strstr(s->http.body, "{\"name\":\"anna\",\"role\":\"admin\"}"));
    CHECK_EQ(rmdir(path), 0);
    CHECK_EQ(ask(s, "POST /api/v1/restore", s->body), 200);
    program_end(s->server);
}

SITE_TEST(program_restore_without_the_settings_leaves_the_users)
{
    check_nothing_changes(s, "settings.json.new");
}

SITE_TEST(program_restore_without_the_users_leaves_the_settings)
{
    check_nothing_changes(s, "secrets.json.new");
}
