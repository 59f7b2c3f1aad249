// SPDX-License-Identifier: Apache-2.0
// The real usbip-server as a child process: users in its folder, and --set-password.
#include "tests/port/http_client.h"
#include "tests/port/program_rig.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"
#include "users/users_document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LOGIN(password) "{\"user\":\"admin\",\"password\":\"" password "\"}"

struct site {
    struct settings_folder folder;
    struct http_client http;
    char cookie[200]; // as a line
};

static void begin(struct site *s)
{
    memset(s, 0, sizeof *s);
    settings_folder_make(&s->folder);
}

#define SITE_TEST(id) TEST_WITH(id, struct site, s, begin(s), settings_folder_remove(&s->folder))

static int ask(struct site *s, const struct running *r, const char *line, const char *body)
{
    char request[2000];
    snprintf(
        request, sizeof request,
        "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
        line, s->cookie, strlen(body), body);
    CHECK(http_client_send(&s->http, r->http_port, request));
    const char *cookie = strstr(s->http.text, "\r\nSet-Cookie: ");
    if (cookie)
        snprintf(s->cookie, sizeof s->cookie, "Cookie: %.*s\r\n", (int)strcspn(cookie + 14, ";"),
                 cookie + 14);
    return s->http.status;
}

// Returns its exit status.
static int set_password(const struct site *s, const char *input, const char *err)
{
    struct child *c = calloc(1, sizeof *c);
    c->with.input = input;
    CHILD_START(c, "--set-password", "--state-dir", s->folder.path);
    const char *said = child_rest(c, c->err);
    if (strcmp(said, err) != 0)
        CHECK_STR(said, err);
    int status = child_wait(c);
    free(c);
    return status;
}

SITE_TEST(program_users_are_kept)
{
    struct stat st;
    struct running *r = STARTED("--sim", "none", "--state-dir", s->folder.path);
    child_await_log(&r->child, "nobody has set a password");
    CHECK_EQ(ask(s, r, "POST /api/v1/setup", "{\"password\":\"the first one\"}"), 200);
    CHECK_EQ(ask(s, r, "POST /api/v1/tokens", "{\"name\":\"ci\",\"role\":\"view\"}"), 201);
    CHECK_EQ(stat(settings_folder_file(&s->folder, "secrets.json"), &st), 0);
    CHECK_EQ(st.st_mode & 07777, 0600);
    program_end(r);
    r = STARTED("--sim", "none", "--state-dir", s->folder.path);
    CHECK_EQ(ask(s, r, "GET /api/v1/tokens", ""), 401); // sessions are not kept
    CHECK_EQ(ask(s, r, "POST /api/v1/login", LOGIN("the first one")), 200);
    CHECK_EQ(ask(s, r, "GET /api/v1/tokens", ""), 200);
    CHECK(strstr(s->http.body, "\"name\":\"ci\",\"role\":\"view\""));
    program_end(r);
}

// What another program writes holds at once, and ends the sessions with the old password.
SITE_TEST(program_users_set_password_beside_a_running_server)
{
    struct running *r = STARTED("--sim", "none", "--state-dir", s->folder.path);
    CHECK_EQ(ask(s, r, "POST /api/v1/setup", "{\"password\":\"the first one\"}"), 200);
    CHECK_EQ(ask(s, r, "GET /api/v1/users", ""), 200);
    CHECK_EQ(set_password(s, "another one\n", ""), 0);
    child_await_log(&r->child, "another program has changed them");
    CHECK_EQ(ask(s, r, "GET /api/v1/users", ""), 401);
    CHECK_EQ(ask(s, r, "POST /api/v1/login", LOGIN("the first one")), 401);
    CHECK_EQ(ask(s, r, "POST /api/v1/login", LOGIN("another one")), 200);
    CHECK_EQ(ask(s, r, "POST /api/v1/tokens", "{\"name\":\"ci\",\"role\":\"view\"}"), 201);
    program_end(r);
}

SITE_TEST(program_users_set_password_claims_a_server)
{
    CHECK_EQ(set_password(s, "without a line end", ""), 0);
    struct running *r = STARTED("--sim", "none", "--state-dir", s->folder.path);
    CHECK_EQ(ask(s, r, "POST /api/v1/setup", "{\"password\":\"the first one\"}"), 409);
    CHECK_EQ(ask(s, r, "POST /api/v1/login", LOGIN("without a line end")), 200);
    program_end(r);
}

SITE_TEST(program_users_set_password_wants_a_good_one)
{
    static const char wanted[] =
        "usbip-server: --set-password: a line of 8 to 128 bytes is wanted\n"
        "Try usbip-server --help\n";
    char line[USERS_PASSWORD_MAX + 2];
    memset(line, 'x', sizeof line);
    line[USERS_PASSWORD_MAX + 1] = '\0';
    CHECK_EQ(set_password(s, line, wanted), 2);
    CHECK_EQ(set_password(s, "1234567\n", wanted), 2);
    CHECK_EQ(set_password(s, "", wanted), 2);
    CHECK(!settings_folder_has(&s->folder, "secrets.json"));
}

SITE_TEST(program_users_a_damaged_document_lets_nobody_in)
{
    settings_folder_put(&s->folder, "secrets.json", "{}", 2);
    struct child *c = calloc(1, sizeof *c);
    CHILD_START(c, "--sim", "none", "--state-dir", s->folder.path);
    CHECK(strstr(child_rest(c, c->err), "secrets.json: "));
    CHECK_EQ(child_wait(c), 1);
    free(c);
}
