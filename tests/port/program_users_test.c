// SPDX-License-Identifier: Apache-2.0
// The real usbip-server as a child process: users in its folder, and --set-password.
#include "tests/port/http_client.h"
#include "tests/port/program_rig.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"
#include "users/users_document.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

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

// --- asked on a terminal -------------------------------------------------------------------------

struct prompt {
    int master;
    char name[64];
    struct child child;
};

static struct prompt *ask_on_terminal(const struct site *s)
{
    struct prompt *p = calloc(1, sizeof *p);
    p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(p->master >= 0 && grantpt(p->master) == 0 && unlockpt(p->master) == 0);
    CHECK_EQ(ptsname_r(p->master, p->name, sizeof p->name), 0);
    p->child.with = (struct child_start_with){.terminal = p->name, .types = true};
    CHILD_START(&p->child, "--set-password", "--state-dir", s->folder.path);
    child_await_log(&p->child, "New password of admin: ");
    return p;
}

static bool shows(const struct prompt *p)
{
    struct termios t;
    CHECK_EQ(tcgetattr(p->master, &t), 0);
    return t.c_lflag & ECHO;
}

static int type(struct prompt *p, const char *keys)
{
    CHECK_EQ(write(p->master, keys, strlen(keys)), (ssize_t)strlen(keys));
    return child_wait(&p->child);
}

static void end_prompt(struct prompt *p)
{
    CHECK(shows(p));
    close(p->master);
    free(p);
}

SITE_TEST(program_users_a_terminal_does_not_show_the_password)
{
    char shown[100];
    struct prompt *p = ask_on_terminal(s);
    CHECK(!shows(p));
    CHECK_EQ(fcntl(p->master, F_SETFL, O_NONBLOCK), 0);
    CHECK_EQ(type(p, "the first one\n"), 0);
    ssize_t size = read(p->master, shown, sizeof shown);
    CHECK(size <= 0 || !memmem(shown, (size_t)size, "first", 5));
    end_prompt(p);
    CHECK(settings_folder_has(&s->folder, "secrets.json"));
}

SITE_TEST(program_users_a_terminal_shows_again_after_an_interrupt)
{
    struct prompt *p = ask_on_terminal(s);
    CHECK_EQ(type(p, "half a\003"), 128 + SIGINT);
    end_prompt(p);
    p = ask_on_terminal(s);
    CHECK_EQ(kill(p->child.pid, SIGTERM), 0);
    CHECK_EQ(child_wait(&p->child), 128 + SIGTERM);
    end_prompt(p);
    CHECK(!settings_folder_has(&s->folder, "secrets.json"));
}

// --- --check -------------------------------------------------------------------------------------

static int check_users(const struct site *s, const char *wanted)
{
    struct child *c = calloc(1, sizeof *c);
    CHILD_START(c, "--check", "--sim", "none", "--state-dir", s->folder.path);
    const char *said = child_rest(c, c->err);
    if (wanted && !strstr(said, wanted))
        CHECK_STR(said, wanted);
    int status = child_wait(c);
    free(c);
    return status;
}

SITE_TEST(program_users_are_checked_without_a_start)
{
    CHECK_EQ(check_users(s, NULL), 0);
    CHECK_EQ(set_password(s, "the first one\n", ""), 0);
    struct running *r = STARTED("--sim", "none", "--state-dir", s->folder.path);
    CHECK_EQ(check_users(s, NULL), 0); // beside it
    program_end(r);
    settings_folder_put(&s->folder, "secrets.json", "{\"version\":9}", 13);
    CHECK_EQ(check_users(s, "secrets.json: "), 1);
}

// --- documents -----------------------------------------------------------------------------------

// Even if only warnings are logged: else nobody could set one from elsewhere.
SITE_TEST(program_users_the_code_is_always_in_the_log)
{
    struct running *r =
        STARTED("--sim", "none", "--state-dir", s->folder.path, "--log-level", "warning");
    child_await_log(&r->child, "the code to set one from elsewhere is ");
    program_end(r);
}

// Somebody removes the users' file: nobody has set a password now, and there is another code.
SITE_TEST(program_users_unclaimed_again)
{
    char path[200];
    CHECK_EQ(set_password(s, "the first one\n", ""), 0);
    struct running *r = STARTED("--sim", "none", "--state-dir", s->folder.path);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/secrets.json.old", s->folder.path);
        (void)unlink(path);
        snprintf(path, sizeof path, "%s/secrets.json", s->folder.path);
        CHECK_EQ(unlink(path), 0);
        child_await_log(&r->child, "the code to set one from elsewhere is ");
        CHECK_EQ(ask(s, r, "POST /api/v1/setup", "{\"password\":\"the next one\"}"), 200);
    }
    program_end(r);
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
