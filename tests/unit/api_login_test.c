// SPDX-License-Identifier: Apache-2.0
// Who may what over HTTP: the first password, logins, tokens, and what ends with them.
#include "api/api_job.h"
#include "api/api_routes.h"
#include "server/server_lease.h"
#include "settings/settings.h"
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/api_rig.h"
#include "tests/support/settings_rig.h"
#include "tests/support/users_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000000 };

struct login {
    struct stage stage;
    struct users_rig *users;
    struct settings settings;
    struct api_context ctx;
    const char *peer;     // NULL: this machine
    bool secure;          // by TLS
    char headers[3][120]; // "Name: value"
    struct api_response last;
};

static const char *find_header(void *ctx, const char *name)
{
    const struct login *l = ctx;
    size_t n = strlen(name);
    for (unsigned i = 0; i < 3; i++)
        if (strncmp(l->headers[i], name, n) == 0 && l->headers[i][n] == ':')
            return l->headers[i] + n + 2;
    return NULL;
}

static void begin(struct login *l)
{
    const struct stage_options options = {0};
    memset(l, 0, sizeof *l);
    CHECK(stage_open(&l->stage, &options));
    l->users = malloc(sizeof *l->users);
    users_rig_begin(l->users);
    l->settings = settings_rig();
    l->ctx = api_rig_context(&l->stage);
    l->ctx.users = &l->users->users;
    l->ctx.settings = &l->settings;
    l->ctx.setup_code = "abcd2345";
}

static void begin_claimed(struct login *l)
{
    begin(l);
    users_rig_add(l->users, "admin", USERS_ADMIN, "password");
    users_rig_add(l->users, "anna", USERS_OPERATE, "anna's own");
}

static void finish(struct login *l)
{
    api_response_free(&l->last);
    free(l->users);
    stage_close(&l->stage);
}

#define LOGIN_TEST(id) TEST_WITH(id, struct login, l, begin_claimed(l), finish(l))
#define SETUP_TEST(id) TEST_WITH(id, struct login, l, begin(l), finish(l))

static struct api_response run_job(struct login *l, struct api_job *job)
{
    if (job->begin(job, &l->ctx))
        job->run(job);
    struct api_response r = job->finish(job, &l->ctx);
    job->free(job);
    return r;
}

// Returns the status; the answer stays in `last`.
static int ask(struct login *l, const char *method, const char *path, const char *body)
{
    struct base_address peer = {.bytes = {127, 0, 0, 1}, .bits = 32};
    const struct api_request request = {
        .method = method,
        .path = path,
        .query = "",
        .header = find_header,
        .header_ctx = l,
        .peer = &peer,
        .secure = l->secure,
        .body = body,
        .body_size = body ? strlen(body) : 0,
    };
    if (l->peer)
        CHECK(base_address_parse(l->peer, &peer));
    api_response_free(&l->last);
    l->last = api_handle(&l->ctx, &request);
    if (l->last.kind == API_JOB)
        l->last = run_job(l, l->last.job);
    return l->last.status;
}

#define ASK(...) ask(l, __VA_ARGS__)

static bool says(const struct login *l, const char *text)
{
    return l->last.body && strstr(l->last.body, text);
}

// The cookie that came is sent from now on.
static void keep_cookie(struct login *l)
{
    char *end = strchr(l->last.cookie, ';');
    CHECK(end);
    snprintf(l->headers[0], sizeof l->headers[0], "Cookie: a=b; %.*s; c=d",
             (int)(end - l->last.cookie), l->last.cookie);
}

static void log_in(struct login *l, const char *user, const char *password)
{
    char body[120];
    snprintf(body, sizeof body, "{\"user\":\"%s\",\"password\":\"%s\"}", user, password);
    l->headers[0][0] = '\0';
    CHECK_EQ(ASK("POST", "/api/v1/login", body), 200);
    keep_cookie(l);
}

static unsigned events(struct login *l, enum eventlog_type type)
{
    return stage_count_events(&l->stage, type);
}

// --- the first password --------------------------------------------------------------------------

#define FIRST "{\"password\":\"new password\"}"
#define WITH_CODE(code) "{\"password\":\"new password\",\"code\":\"" code "\"}"

SETUP_TEST(api_login_set_up_from_this_machine)
{
    CHECK_EQ(ASK("GET", "/api/v1/me", NULL), 200);
    CHECK(says(l, "{\"user\":null,\"token\":null,\"role\":\"admin\",\"claimed\":false,"
                  "\"may\":[\"view\",\"operate\",\"admin\"],\"setup\":\"open\"}"));
    CHECK_EQ(ASK("POST", "/api/v1/setup", FIRST), 200);
    CHECK(says(l, "{\"user\":\"admin\",\"token\":null,\"role\":\"admin\",\"claimed\":true"));
    CHECK_EQ(events(l, EVENT_CLAIMED), 1);
    keep_cookie(l);
    CHECK_EQ(ASK("GET", "/api/v1/users", NULL), 200);
    CHECK(says(l, "{\"users\":[{\"name\":\"admin\",\"role\":\"admin\"}]}"));
    CHECK_EQ(ASK("POST", "/api/v1/setup", FIRST), 409);
    l->headers[0][0] = '\0';
    CHECK_EQ(ASK("GET", "/api/v1/users", NULL), 401);
    log_in(l, "admin", "new password");
}

SETUP_TEST(api_login_set_up_from_elsewhere_wants_the_code)
{
    l->peer = "192.0.2.7";
    CHECK_EQ(ASK("GET", "/api/v1/me", NULL), 200);
    CHECK(says(l, "\"role\":\"view\",\"claimed\":false,\"may\":[\"view\"],\"setup\":\"code\"}"));
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 403);
    CHECK(says(l, "/api/v1/setup"));
    CHECK(says(l, "code"));
    CHECK_EQ(ASK("POST", "/api/v1/setup", FIRST), 403);
    CHECK(says(l, "code"));
    CHECK_EQ(ASK("POST", "/api/v1/setup", WITH_CODE("abcd2346")), 403);
    CHECK_EQ(ASK("POST", "/api/v1/setup", WITH_CODE("")), 403);
    CHECK_EQ(ASK("POST", "/api/v1/setup", WITH_CODE("abcd2345")), 200);
}

SETUP_TEST(api_login_the_code_cannot_be_guessed)
{
    l->peer = "192.0.2.7";
    for (unsigned i = 0; i < 6; i++)
        CHECK_EQ(ASK("POST", "/api/v1/setup", WITH_CODE("xxxxxxxx")), 403);
    CHECK_EQ(ASK("POST", "/api/v1/setup", WITH_CODE("abcd2345")), 429);
    CHECK_STR(l->last.retry_after, "1");
    CHECK_EQ(events(l, EVENT_LOGIN_REFUSED), 5);
    CHECK_EQ(events(l, EVENT_LOGIN_BACKED_OFF), 1);
}

SETUP_TEST(api_login_without_a_code_nobody_else_sets_up)
{
    l->peer = "192.0.2.7";
    l->ctx.setup_code = "";
    CHECK_EQ(ASK("POST", "/api/v1/setup", WITH_CODE("")), 403);
    l->ctx.setup_code = NULL;
    CHECK_EQ(ASK("POST", "/api/v1/setup", WITH_CODE("")), 403);
}

// The chip: whoever comes first.
SETUP_TEST(api_login_anybody_sets_up)
{
    l->peer = "192.0.2.7";
    l->ctx.writers = API_WRITERS_ALL;
    CHECK_EQ(ASK("GET", "/api/v1/me", NULL), 200);
    CHECK(says(l, "\"role\":\"admin\",\"claimed\":false,") && says(l, "\"setup\":\"anybody\"}"));
    CHECK_EQ(ASK("POST", "/api/v1/setup", FIRST), 200);
    CHECK(says(l, "\"claimed\":true"));
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 401);
}

// The chip that wants its console's code: also where nobody can be, on its own loopback.
SETUP_TEST(api_login_the_console_has_the_code)
{
    static const char *const peers[] = {"192.0.2.7", "127.0.0.1"};
    l->ctx.writers = API_WRITERS_NOBODY;
    for (unsigned i = 0; i < 2; i++) {
        l->peer = peers[i];
        CHECK_EQ(ASK("GET", "/api/v1/me", NULL), 200);
        CHECK(says(l, "\"role\":\"view\",") && says(l, "\"setup\":\"code\"}"));
        CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 403);
        CHECK(says(l, "the box's console"));
        CHECK_EQ(ASK("POST", "/api/v1/setup", FIRST), 403);
        CHECK(says(l, "the box's console"));
    }
    CHECK_EQ(ASK("POST", "/api/v1/setup", WITH_CODE("abcd2345")), 200);
}

SETUP_TEST(api_login_nothing_of_users_before_the_set_up)
{
    CHECK_EQ(ASK("POST", "/api/v1/login", "{\"user\":\"admin\",\"password\":\"x\"}"), 409);
    CHECK_EQ(ASK("POST", "/api/v1/users",
                 "{\"name\":\"a\",\"role\":\"admin\",\"password\":\"password\"}"),
             409);
    CHECK_EQ(ASK("POST", "/api/v1/tokens", "{\"name\":\"a\",\"role\":\"admin\"}"), 409);
    CHECK_EQ(ASK("PUT", "/api/v1/me/password", "{}"), 409);
    CHECK(!users_claimed(l->ctx.users));
}

SETUP_TEST(api_login_passwords_have_bounds)
{
    char body[300] = "{\"password\":\"";
    CHECK_EQ(ASK("POST", "/api/v1/setup", "{\"password\":\"1234567\"}"), 422);
    CHECK(says(l, "\"pointer\":\"/password\""));
    CHECK_EQ(ASK("POST", "/api/v1/setup", "{}"), 422);
    CHECK_EQ(ASK("POST", "/api/v1/setup", "{\"password\":\"12345678\",\"user\":\"x\"}"), 422);
    CHECK_EQ(ASK("POST", "/api/v1/setup", NULL), 400);
    memset(body + strlen(body), 'x', 129);
    strcat(body, "\"}");
    CHECK_EQ(ASK("POST", "/api/v1/setup", body), 422);
    strcpy(body + strlen(body) - 3, "\"}");
    CHECK_EQ(ASK("POST", "/api/v1/setup", body), 200);
}

// Two who set it up at the same time: the second finds it claimed when its turn comes.
SETUP_TEST(api_login_set_up_happens_once)
{
    struct base_address peer = {.bytes = {127, 0, 0, 1}, .bits = 32};
    const struct api_request request = {.method = "POST",
                                        .path = "/api/v1/setup",
                                        .query = "",
                                        .peer = &peer,
                                        .body = FIRST,
                                        .body_size = strlen(FIRST)};
    struct api_response one = api_handle(&l->ctx, &request), two = api_handle(&l->ctx, &request);
    CHECK(one.kind == API_JOB && two.kind == API_JOB);
    one = run_job(l, one.job);
    two = run_job(l, two.job);
    CHECK_EQ(one.status, 200);
    CHECK_EQ(two.status, 409);
    api_response_free(&one);
    api_response_free(&two);
}

// Another program (--set-password) writes behind our job, and the loop hears of that before the
// job's turn to be finished has come.
LOGIN_TEST(api_login_what_came_later_holds)
{
    struct base_address peer = {.bytes = {127, 0, 0, 1}, .bits = 32};
    log_in(l, "admin", "password");
    const struct api_request request = {.method = "POST",
                                        .path = "/api/v1/tokens",
                                        .query = "",
                                        .header = find_header,
                                        .header_ctx = l,
                                        .peer = &peer,
                                        .body = "{\"name\":\"ci\",\"role\":\"view\"}",
                                        .body_size = 27};
    struct api_response r = api_handle(&l->ctx, &request);
    CHECK(r.kind == API_JOB && r.job->begin(r.job, &l->ctx));
    r.job->run(r.job);
    struct users_document later;
    CHECK_EQ(users_read(&l->users->users.config, &later), SETTINGS_STORE_OK);
    CHECK_EQ(later.token_count, 1);
    CHECK_EQ(users_put(&later, &(struct users_user){.name = "zoe", .role = USERS_VIEW}), BASE_OK);
    users_take(l->ctx.users, &later, 0);
    struct api_job *job = r.job;
    r = job->finish(job, &l->ctx);
    job->free(job);
    CHECK_EQ(r.status, 201);
    api_response_free(&r);
    CHECK(users_find(&l->ctx.users->document, "zoe"));
    CHECK(users_equal(&l->ctx.users->document, &later));
}

// --- sessions ------------------------------------------------------------------------------------

LOGIN_TEST(api_login_cookie)
{
    CHECK_EQ(ASK("POST", "/api/v1/login", "{\"user\":\"anna\",\"password\":\"anna's own\"}"), 200);
    CHECK(strstr(l->last.cookie, "usbip_session="));
    CHECK(strstr(l->last.cookie, "; Path=/; HttpOnly; SameSite=Strict"));
    CHECK(!strstr(l->last.cookie, "Secure"));
    CHECK(says(l, "{\"user\":\"anna\",\"token\":null,\"role\":\"operate\",\"claimed\":true,"
                  "\"may\":[\"view\",\"operate\"],\"setup\":null}"));
    CHECK_EQ(events(l, EVENT_LOGIN), 1);
    keep_cookie(l);
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 404); // may
    CHECK_EQ(ASK("GET", "/api/v1/users", NULL), 403);         // may not
    CHECK(says(l, "the role admin"));
    CHECK(!l->last.authenticate);
}

// By TLS it has another name, and no plain page can put one there.
LOGIN_TEST(api_login_secure_cookie)
{
    l->secure = true;
    log_in(l, "anna", "anna's own");
    CHECK(strstr(l->last.cookie, "__Host-usbip_session=") == l->last.cookie);
    CHECK(strstr(l->last.cookie, "; Path=/; HttpOnly; SameSite=Strict; Secure"));
    char cookie[120];
    strcpy(cookie, l->headers[0]);
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 404); // may
    memmove(l->headers[0] + 13, l->headers[0] + 20, strlen(l->headers[0] + 20) + 1);
    CHECK(strstr(l->headers[0], "a=b; usbip_session="));
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 401);
    strcpy(l->headers[0], cookie);
    strcpy(l->headers[1], "Host: 10.0.0.1");
    strcpy(l->headers[2], "Origin: http://10.0.0.1");
    CHECK_EQ(ASK("POST", "/api/v1/logout", NULL), 403);
    strcpy(l->headers[2], "Origin: https://10.0.0.1");
    CHECK_EQ(ASK("POST", "/api/v1/logout", NULL), 204);
    CHECK(strstr(l->last.cookie, "__Host-usbip_session=; ") && strstr(l->last.cookie, "; Secure"));
}

LOGIN_TEST(api_login_twelve_hours)
{
    log_in(l, "anna", "anna's own");
    l->ctx.now_us += USERS_SESSION_IDLE_US - 1;
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 404);
    l->ctx.now_us += USERS_SESSION_IDLE_US;
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 401);
    CHECK_EQ(ASK("GET", "/api/v1/status", NULL), 200); // as anybody
}

LOGIN_TEST(api_login_logout)
{
    log_in(l, "anna", "anna's own");
    CHECK_EQ(ASK("POST", "/api/v1/logout", NULL), 204);
    CHECK(strstr(l->last.cookie, "usbip_session=; ") && strstr(l->last.cookie, "Max-Age=0"));
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 401);
    CHECK_EQ(ASK("POST", "/api/v1/logout", NULL), 204);
}

LOGIN_TEST(api_login_again_ends_the_session_before)
{
    char before[120];
    log_in(l, "anna", "anna's own");
    strcpy(before, l->headers[0]);
    CHECK_EQ(ASK("POST", "/api/v1/login", "{\"user\":\"admin\",\"password\":\"password\"}"), 200);
    strcpy(l->headers[0], before);
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 401);
}

LOGIN_TEST(api_login_cookies_of_others)
{
    static const char *const cookies[] = {
        "Cookie: ",
        "Cookie: usbip_session=",
        "Cookie: ;;; =; usbip_session",
        "Cookie: usbip_session=0000000000000000000000000000000000000000",
        "Cookie: usbip_session=zzzz; usbip_session=\"",
        "Cookie: a=\x01\xff"};
    for (unsigned i = 0; i < sizeof cookies / sizeof cookies[0]; i++) {
        strcpy(l->headers[0], cookies[i]);
        CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 401);
        CHECK_EQ(ASK("GET", "/api/v1/status", NULL), 200);
    }
}

// --- wrong passwords -----------------------------------------------------------------------------

#define WRONG "{\"user\":\"anna\",\"password\":\"something else\"}"

LOGIN_TEST(api_login_refused)
{
    CHECK_EQ(ASK("POST", "/api/v1/login", WRONG), 401);
    CHECK(l->last.authenticate);
    char known[200];
    snprintf(known, sizeof known, "%s", l->last.body);
    CHECK_EQ(ASK("POST", "/api/v1/login", "{\"user\":\"nobody\",\"password\":\"anna's own\"}"),
             401);
    CHECK_STR(l->last.body, known); // nor does it say who there is
    CHECK_EQ(events(l, EVENT_LOGIN_REFUSED), 2);
    CHECK_EQ(events(l, EVENT_LOGIN), 0);
    CHECK_EQ(ASK("POST", "/api/v1/login", "{\"user\":\"anna\"}"), 422);
    CHECK_EQ(ASK("POST", "/api/v1/login", "{\"user\":7,\"password\":\"x\"}"), 422);
    CHECK_EQ(ASK("POST", "/api/v1/login", "[]"), 400);
}

// Nor does the time say it, where a backup has brought a user whose password takes longer.
LOGIN_TEST(api_login_users_that_are_not_there_take_as_long)
{
    static const char *const names[] = {"berta", "bertb", "bertc", "bertd", "", "x"};
    char body[80];
    bool short_ones = false, long_ones = false;
    l->users->crypto.iterations = 600000;
    users_rig_add(l->users, "carl", USERS_VIEW, "carl's own");
    l->users->crypto.iterations = 20000;
    users_rig_add(l->users, "admin", USERS_ADMIN, "password");
    for (unsigned i = 0; i < 12; i++) {
        snprintf(body, sizeof body, "{\"user\":\"%s\",\"password\":\"x\"}", names[i % 6]);
        CHECK_EQ(ASK("POST", "/api/v1/login", body), 401);
        uint32_t took = l->users->iterations;
        CHECK_EQ(ASK("POST", "/api/v1/login", body), 401);
        CHECK_EQ(l->users->iterations, took);
        short_ones |= took < 600000;
        long_ones |= took == 600000;
        l->ctx.now_us += USERS_FAILURES_US;
    }
    CHECK(short_ones && long_ones);
}

LOGIN_TEST(api_login_wrong_passwords_cost_time)
{
    l->peer = "192.0.2.7";
    for (unsigned i = 0; i < 6; i++)
        CHECK_EQ(ASK("POST", "/api/v1/login", WRONG), 401);
    CHECK_EQ(events(l, EVENT_LOGIN_REFUSED), 5);
    CHECK_EQ(events(l, EVENT_LOGIN_BACKED_OFF), 1);
    CHECK_EQ(ASK("POST", "/api/v1/login", WRONG), 429);
    CHECK_STR(l->last.retry_after, "1");
    CHECK(says(l, "Try again in 1 s."));
    l->peer = "192.0.2.8"; // not the others' fault
    log_in(l, "anna", "anna's own");
    l->peer = "192.0.2.7";
    l->headers[0][0] = '\0';
    l->ctx.now_us += SECOND_US;
    CHECK_EQ(ASK("POST", "/api/v1/login", WRONG), 401);
    CHECK_EQ(ASK("POST", "/api/v1/login", WRONG), 429);
    CHECK_STR(l->last.retry_after, "2");
    l->ctx.now_us += 2 * SECOND_US;
    log_in(l, "anna", "anna's own");
}

LOGIN_TEST(api_login_a_broken_library_lets_nobody_in)
{
    l->users->broken = true;
    CHECK(ASK("POST", "/api/v1/login", "{\"user\":\"anna\",\"password\":\"anna's own\"}") != 200);
    CHECK(!l->last.cookie);
}

// --- tokens --------------------------------------------------------------------------------------

static void use_token(struct login *l, const char *scheme, const char *text)
{
    snprintf(l->headers[1], sizeof l->headers[1], "Authorization: %s %s", scheme, text);
}

static void to_base64(const char *text, char digits[120])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t size = strlen(text), n = 0;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < size ? (uint8_t)text[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            digits[n++] = i + k > size ? '=' : letters[bits >> (18 - 6 * k) & 63];
    }
    digits[n] = '\0';
}

LOGIN_TEST(api_login_token)
{
    char token[USERS_TOKEN_SIZE], pair[100], digits[120];
    users_rig_token(l->users, "ci", USERS_OPERATE, token);
    use_token(l, "Bearer", token);
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 404);
    CHECK_EQ(ASK("GET", "/api/v1/users", NULL), 403);
    CHECK_EQ(ASK("GET", "/api/v1/me", NULL), 200);
    CHECK(says(l, "{\"user\":null,\"token\":\"ci\",\"role\":\"operate\""));
    use_token(l, "bearer", token);
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 404);
    snprintf(pair, sizeof pair, "whoever:%s", token);
    to_base64(pair, digits);
    use_token(l, "Basic", digits);
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 404);
    CHECK_EQ(ASK("PUT", "/api/v1/me/password", "{}"), 403);
}

LOGIN_TEST(api_login_wrong_tokens)
{
    static const char *const wrong[] = {"Bearer",
                                        "Bearer ",
                                        "Bearer x",
                                        "Basic",
                                        "Basic x",
                                        "Basic ====",
                                        "Basic YTpi",
                                        "Basic YWI=",
                                        "Basic YTo=",
                                        "Basic AAAA",
                                        "Digest a",
                                        "Negotiate",
                                        ""};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(l->headers[1], sizeof l->headers[1], "Authorization: %s", wrong[i]);
        CHECK_EQ(ASK("GET", "/api/v1/status", NULL), 401);
        CHECK_EQ(ASK("GET", "/healthz", NULL), 200);
    }
}

LOGIN_TEST(api_login_no_browser_asks_by_itself)
{
    CHECK_EQ(ASK("GET", "/api/v1/users", NULL), 401);
    CHECK(strstr(l->last.authenticate, "Basic"));
    strcpy(l->headers[1], "User-Agent: Mozilla/5.0 (X11; Linux) Firefox/140.0");
    CHECK_EQ(ASK("GET", "/api/v1/users", NULL), 401);
    CHECK(!strstr(l->last.authenticate, "Basic"));
}

LOGIN_TEST(api_login_tokens_are_made_and_revoked)
{
    char token[USERS_TOKEN_SIZE] = "", path[40] = "/api/v1/tokens/";
    log_in(l, "admin", "password");
    CHECK_EQ(ASK("POST", "/api/v1/tokens", "{\"name\":\"ci\",\"role\":\"view\"}"), 201);
    cJSON *o = cJSON_Parse(l->last.body);
    snprintf(token, sizeof token, "%s", api_rig_text(o, "token"));
    strcat(path, api_rig_text(o, "id"));
    CHECK_STR(l->last.location, path);
    cJSON_Delete(o);
    CHECK_EQ(ASK("POST", "/api/v1/tokens", "{\"name\":\"ci\",\"role\":\"view\"}"), 409);
    CHECK_EQ(ASK("POST", "/api/v1/tokens", "{\"name\":\"c i\",\"role\":\"view\"}"), 422);
    CHECK_EQ(ASK("POST", "/api/v1/tokens", "{\"name\":\"c\",\"role\":\"root\"}"), 422);
    CHECK_EQ(ASK("GET", "/api/v1/tokens", NULL), 200);
    CHECK(says(l, "\"name\":\"ci\",\"role\":\"view\",\"by\":\"admin\"}]}"));
    CHECK(!says(l, token));
    CHECK_EQ(ASK("DELETE", path, NULL), 204);
    CHECK_EQ(ASK("DELETE", path, NULL), 404);
    CHECK_EQ(events(l, EVENT_TOKEN_MADE), 1);
    CHECK_EQ(events(l, EVENT_TOKEN_REVOKED), 1);
    use_token(l, "Bearer", token);
    CHECK_EQ(ASK("GET", "/api/v1/status", NULL), 401);
}

// --- users ---------------------------------------------------------------------------------------

// --- tokens are somebody's -----------------------------------------------------------------------

#define BERTA "{\"name\":\"berta\",\"role\":\"admin\",\"password\":\"berta's own\"}"

static void make_token(struct login *l, const char *name, const char *role)
{
    char body[80];
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"role\":\"%s\"}", name, role);
    CHECK_EQ(ASK("POST", "/api/v1/tokens", body), 201);
}

static void begin_with_tokens(struct login *l)
{
    begin_claimed(l);
    log_in(l, "admin", "password");
    CHECK_EQ(ASK("POST", "/api/v1/users", BERTA), 201);
    make_token(l, "ci", "view");
    log_in(l, "berta", "berta's own");
    make_token(l, "lab", "view");
    make_token(l, "root", "admin");
    log_in(l, "admin", "password");
    CHECK_EQ(ASK("GET", "/api/v1/tokens", NULL), 200);
    CHECK(says(l, "\"name\":\"ci\",\"role\":\"view\",\"by\":\"admin\""));
    CHECK(says(l, "\"name\":\"lab\",\"role\":\"view\",\"by\":\"berta\""));
}

#define TOKENS_TEST(id) TEST_WITH(id, struct login, l, begin_with_tokens(l), finish(l))

TOKENS_TEST(api_login_tokens_end_with_their_maker)
{
    CHECK_EQ(ASK("DELETE", "/api/v1/users/anna", NULL), 204); // who stands before her
    CHECK_EQ(events(l, EVENT_TOKEN_REVOKED), 0);
    CHECK_EQ(ASK("GET", "/api/v1/tokens", NULL), 200);
    CHECK(says(l, "\"name\":\"lab\",\"role\":\"view\",\"by\":\"berta\""));
    CHECK_EQ(ASK("DELETE", "/api/v1/users/berta", NULL), 204);
    CHECK_EQ(events(l, EVENT_TOKEN_REVOKED), 2);
    CHECK_EQ(ASK("GET", "/api/v1/tokens", NULL), 200);
    CHECK(says(l, "\"by\":\"admin\"}]}"));
    CHECK(!says(l, "lab") && !says(l, "root"));
}

TOKENS_TEST(api_login_tokens_may_no_more_than_their_maker)
{
    CHECK_EQ(ASK("PUT", "/api/v1/users/berta", "{\"password\":\"another one\"}"), 200);
    CHECK_EQ(events(l, EVENT_TOKEN_REVOKED), 0);
    CHECK_EQ(ASK("PUT", "/api/v1/users/berta", "{\"role\":\"view\"}"), 200);
    CHECK_EQ(events(l, EVENT_TOKEN_REVOKED), 1);
    CHECK_EQ(ASK("GET", "/api/v1/tokens", NULL), 200);
    CHECK(says(l, "lab") && !says(l, "root"));
}

// What an admin's token makes is the admin's.
TOKENS_TEST(api_login_tokens_of_tokens)
{
    char secret[USERS_TOKEN_SIZE];
    log_in(l, "berta", "berta's own");
    CHECK_EQ(ASK("POST", "/api/v1/tokens", "{\"name\":\"first\",\"role\":\"admin\"}"), 201);
    snprintf(secret, sizeof secret, "%s", strstr(l->last.body, "ub_"));
    l->headers[0][0] = '\0';
    snprintf(l->headers[1], sizeof l->headers[1], "Authorization: Bearer %s", secret);
    make_token(l, "second", "view");
    CHECK_EQ(ASK("GET", "/api/v1/tokens", NULL), 200);
    CHECK(says(l, "\"name\":\"second\",\"role\":\"view\",\"by\":\"berta\""));
}

LOGIN_TEST(api_login_users_are_made_changed_and_removed)
{
    log_in(l, "admin", "password");
    CHECK_EQ(ASK("POST", "/api/v1/users",
                 "{\"name\":\"berta\",\"role\":\"view\",\"password\":\"berta's own\"}"),
             201);
    CHECK_STR(l->last.location, "/api/v1/users/berta");
    CHECK_EQ(ASK("POST", "/api/v1/users",
                 "{\"name\":\"berta\",\"role\":\"view\",\"password\":\"berta's own\"}"),
             409);
    CHECK_EQ(ASK("POST", "/api/v1/users",
                 "{\"name\":\"be rta\",\"role\":\"view\",\"password\":\"berta's own\"}"),
             422);
    CHECK_EQ(ASK("PUT", "/api/v1/users/berta", "{\"role\":\"operate\"}"), 200);
    CHECK(says(l, "{\"name\":\"berta\",\"role\":\"operate\"}"));
    CHECK_EQ(ASK("PUT", "/api/v1/users/berta", "{\"password\":\"another one\"}"), 200);
    CHECK_EQ(ASK("PUT", "/api/v1/users/nobody", "{\"role\":\"view\"}"), 404);
    CHECK_EQ(ASK("DELETE", "/api/v1/users/anna", NULL), 204);
    CHECK_EQ(ASK("DELETE", "/api/v1/users/anna", NULL), 404);
    CHECK_EQ(events(l, EVENT_USER_CHANGED), 4);
    log_in(l, "berta", "another one");
    CHECK(says(l, "\"role\":\"operate\""));
}

LOGIN_TEST(api_login_the_last_admin_stays)
{
    log_in(l, "admin", "password");
    CHECK_EQ(ASK("DELETE", "/api/v1/users/admin", NULL), 409);
    CHECK_EQ(ASK("PUT", "/api/v1/users/admin", "{\"role\":\"view\"}"), 409);
    CHECK_EQ(ASK("GET", "/api/v1/users", NULL), 200);
}

LOGIN_TEST(api_login_own_password)
{
    log_in(l, "anna", "anna's own");
    CHECK_EQ(ASK("PUT", "/api/v1/me/password", "{\"old\":\"wrong\",\"password\":\"new password\"}"),
             422);
    CHECK(says(l, "\"pointer\":\"/old\""));
    CHECK_EQ(events(l, EVENT_LOGIN_REFUSED), 1);
    CHECK_EQ(ASK("PUT", "/api/v1/me/password", "{\"old\":\"anna's own\",\"password\":\"short\"}"),
             422);
    CHECK_EQ(
        ASK("PUT", "/api/v1/me/password", "{\"old\":\"anna's own\",\"password\":\"new password\"}"),
        200);
    CHECK_EQ(ASK("DELETE", "/api/v1/sessions/7", NULL), 404); // still logged in
    log_in(l, "anna", "new password");
    for (unsigned i = 0; i < 5; i++)
        (void)ASK("PUT", "/api/v1/me/password", "{\"old\":\"x\",\"password\":\"new password\"}");
    CHECK_EQ(ASK("PUT", "/api/v1/me/password", "{\"old\":\"x\",\"password\":\"new password\"}"),
             429);
}

LOGIN_TEST(api_login_what_cannot_be_kept_is_not_done)
{
    log_in(l, "admin", "password");
    l->users->writes = SETTINGS_STORE_FAILED;
    CHECK_EQ(ASK("DELETE", "/api/v1/users/anna", NULL), 503);
    CHECK(says(l, "the flash is full"));
    CHECK(users_find(&l->ctx.users->document, "anna"));
}

// --- who is not logged in ------------------------------------------------------------------------

LOGIN_TEST(api_login_anonymous)
{
    static const struct access_rule hide = {.text = "1-1", .effect = ACCESS_HIDE};
    const struct access_list open = {.mode = ACCESS_OPEN}, closed = {.mode = ACCESS_CLOSED};
    const struct access_list hides = {.rules = &hide, .rule_count = 1};
    CHECK_EQ(ASK("GET", "/api/v1/status", NULL), 200);
    CHECK_EQ(server_change_access(l->stage.server, &closed, 0), BASE_OK);
    CHECK_EQ(ASK("GET", "/api/v1/status", NULL), 401);
    CHECK_EQ(ASK("GET", "/api/v1/me", NULL), 200);
    CHECK(says(l, "\"role\":null,\"claimed\":true,\"may\":[],"));
    l->settings.anonymous = SETTINGS_ANONYMOUS_VIEW;
    CHECK_EQ(ASK("GET", "/api/v1/status", NULL), 200);
    l->settings.anonymous = SETTINGS_ANONYMOUS_AUTO;
    CHECK_EQ(server_change_access(l->stage.server, &hides, 0), BASE_OK);
    CHECK_EQ(ASK("GET", "/api/v1/status", NULL), 401);
    CHECK_EQ(server_change_access(l->stage.server, &open, 0), BASE_OK);
    CHECK_EQ(ASK("GET", "/api/v1/status", NULL), 200);
    l->settings.anonymous = SETTINGS_ANONYMOUS_NONE;
    CHECK_EQ(ASK("GET", "/api/v1/status", NULL), 401);
    CHECK_EQ(ASK("GET", "/healthz", NULL), 200);
}

// --- streams -------------------------------------------------------------------------------------

static struct api_stream open_stream(struct login *l)
{
    strcpy(l->headers[2], "Accept: application/x-ndjson");
    CHECK_EQ(ASK("GET", "/api/v1/events", NULL), 200);
    CHECK_EQ(l->last.kind, API_STREAM);
    l->headers[2][0] = '\0';
    return l->last.stream;
}

LOGIN_TEST(api_login_streams_end_with_the_session)
{
    log_in(l, "anna", "anna's own");
    struct api_stream stream = open_stream(l);
    CHECK(api_stream_may_go_on(&l->ctx, &stream));
    CHECK_EQ(ASK("POST", "/api/v1/logout", NULL), 204);
    CHECK(!api_stream_may_go_on(&l->ctx, &stream));
    log_in(l, "anna", "anna's own");
    stream = open_stream(l);
    log_in(l, "admin", "password");
    CHECK_EQ(ASK("PUT", "/api/v1/users/anna", "{\"role\":\"view\"}"), 200);
    CHECK(!api_stream_may_go_on(&l->ctx, &stream));
}

LOGIN_TEST(api_login_streams_end_with_the_token)
{
    char token[USERS_TOKEN_SIZE];
    users_rig_token(l->users, "ci", USERS_VIEW, token);
    use_token(l, "Bearer", token);
    struct api_stream stream = open_stream(l);
    CHECK(api_stream_may_go_on(&l->ctx, &stream));
    struct users_document d = l->ctx.users->document;
    CHECK_EQ(users_remove_token(&d, stream.who.token), BASE_OK);
    users_take(l->ctx.users, &d, 0);
    CHECK(!api_stream_may_go_on(&l->ctx, &stream));
}

LOGIN_TEST(api_login_streams_of_anybody_end_when_they_may_not_look)
{
    struct api_stream stream = open_stream(l);
    CHECK(api_stream_may_go_on(&l->ctx, &stream));
    l->settings.anonymous = SETTINGS_ANONYMOUS_NONE;
    CHECK(!api_stream_may_go_on(&l->ctx, &stream));
}

// An event says who has done it.
LOGIN_TEST(api_login_events_name_the_user)
{
    char text[200];
    log_in(l, "admin", "password");
    CHECK_EQ(ASK("DELETE", "/api/v1/users/anna", NULL), 204);
    const struct eventlog *log = server_eventlog(l->stage.server);
    (void)eventlog_text(eventlog_next(log, eventlog_last(log) - 1), text, sizeof text);
    CHECK_STR(text, "127.0.0.1 (admin) has removed the user anna");
}

// Who looks without a login does not learn who there is, and who comes and goes.
static void check_no_names(const char *text)
{
    CHECK(text && strstr(text, "server_started"));
    CHECK(strstr(text, "settings_changed"));
    CHECK(!strstr(text, "admin") && !strstr(text, "\"login\"") && !strstr(text, "claimed\""));
}

static struct api_message *stream_of(struct login *l, enum api_stream_kind kind,
                                     struct api_stream *s)
{
    *s = (struct api_stream){.kind = kind, .level = EVENTLOG_DEBUG, .who = s->who};
    struct api_message *m = api_stream_next(&l->ctx, s);
    CHECK(m);
    return m;
}

static void check_streams(struct login *l, enum api_stream_kind kind)
{
    struct api_stream anybody = {.who = {.kind = USERS_NOBODY, .role = USERS_VIEW}};
    struct api_stream user = {.who = {.kind = USERS_BY_SESSION, .role = USERS_ADMIN}};
    struct api_message *to_user = stream_of(l, kind, &user);
    struct api_message *to_anybody = stream_of(l, kind, &anybody);
    check_no_names(to_anybody->data);
    CHECK(strstr(to_user->data, "has logged in as admin"));
    CHECK(strstr(to_user->data, "127.0.0.1 (admin) has changed the settings"));
    if (kind == API_STREAM_LIVE)
        CHECK(strstr(to_anybody->data, "\"maker\":null") && strstr(to_user->data, "\"maker\":\"a"));
    api_message_release(to_user);
    api_message_release(to_anybody);
}

static void happen(struct login *l)
{
    struct eventlog_event e = {.what = EVENTLOG(settings_changed), .peer = "127.0.0.1 (admin)"};
    struct server_lease lease = {.busid = "1-1", .owner = "x", .maker = "admin"};
    lease.until_us = l->stage.now_us + SECOND_US;
    stage_plug(&l->stage, "1-1", sim_faulty_create(l->stage.bus, &sim_faulty_d1));
    log_in(l, "admin", "password");
    CHECK_EQ(server_lease_take(l->stage.server, &lease, "127.0.0.1", l->stage.now_us), BASE_OK);
    eventlog_record(server_eventlog(l->stage.server), &e);
    l->headers[0][0] = '\0';
}

LOGIN_TEST(api_login_users_are_not_for_anybody)
{
    happen(l);
    CHECK_EQ(ASK("GET", "/api/v1/events", NULL), 200);
    check_no_names(l->last.body);
    CHECK_EQ(ASK("GET", "/api/v1/devices", NULL), 200);
    CHECK(says(l, "\"owner\":\"x\"") && says(l, "\"maker\":null"));
    log_in(l, "anna", "anna's own");
    CHECK_EQ(ASK("GET", "/api/v1/events", NULL), 200);
    CHECK(says(l, "127.0.0.1 has logged in as admin"));
    CHECK_EQ(ASK("GET", "/api/v1/devices", NULL), 200);
    CHECK(says(l, "\"maker\":\"admin\""));
}

LOGIN_TEST(api_login_users_are_not_for_anybodys_streams)
{
    happen(l);
    l->ctx.live = api_live_create();
    check_streams(l, API_STREAM_EVENTS);
    check_streams(l, API_STREAM_LIVE);
    api_live_destroy(l->ctx.live);
}
