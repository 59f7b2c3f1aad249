// SPDX-License-Identifier: Apache-2.0
#include "main_login.h"
#include "tests/firmware/console_double.h"
#include "tests/firmware/crypto_double.h"
#include "tests/firmware/http_double.h"
#include "tests/firmware/nvs_double.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COOKIE_SIZE = MAIN_LOGIN_COOKIE_SIZE };

static struct http_double_answer answer;

const char *main_login_ask(const char *method, const char *path, const char *header,
                           const char *body)
{
    char request[2200];
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: my-box\r\n%sContent-Length: %zu\r\n\r\n%s", method, path,
             header, strlen(body), body);
    http_double_send(request, &answer);
    return answer.text;
}

// With a header more ("": none): its status. The answer stays.
static int ask(const char *method, const char *path, const char *header, const char *body)
{
    int status = 0;
    (void)main_login_ask(method, path, header, body);
    CHECK_EQ(sscanf(answer.text, "HTTP/1.1 %d ", &status), 1);
    return status;
}

#define ASK(status, ...) CHECK_EQ(ask(__VA_ARGS__), status)

static void says(const char *part)
{
    if (!strstr(answer.text, part))
        CHECK_STR(answer.text, part);
}

// "Cookie: usbip_session=...\r\n" of the last answer.
static void take_cookie(char header[COOKIE_SIZE])
{
    static const char set[] = "\r\nSet-Cookie: usbip_session=";
    const char *cookie = strstr(answer.text, set);
    CHECK(cookie && strstr(cookie, "; Path=/; HttpOnly; SameSite=Strict\r\n"));
    snprintf(header, COOKIE_SIZE, "Cookie: usbip_session=%.40s\r\n", cookie + strlen(set));
}

static void log_in(const char *user, const char *password, char header[COOKIE_SIZE])
{
    char body[120];
    snprintf(body, sizeof body, "{\"user\":\"%s\",\"password\":\"%s\"}", user, password);
    ASK(200, "POST", "/api/v1/login", "", body);
    take_cookie(header);
}

// What nobody may see.
static bool is_shown(const char *command)
{
    int result;
    const char *text = console_double_run(command, &result);
    return strstr(text, "pbkdf2") || strstr(text, "secret") || strstr(text, "\"users\"");
}

void main_login_claim(char header[COOKIE_SIZE])
{
    ASK(200, "POST", "/api/v1/setup", "", "{\"password\":\"a password\"}");
    take_cookie(header);
}

// --- claimed -------------------------------------------------------------------------------------

static void claim(char admin[COOKIE_SIZE])
{
    size_t size;
    ASK(200, "GET", "/api/v1/me", "", "");
    says("{\"user\":null,\"token\":null,\"role\":\"admin\",\"claimed\":false,");
    says("\"setup\":\"anybody\"}");
    ASK(409, "POST", "/api/v1/login", "", "{\"user\":\"admin\",\"password\":\"a password\"}");
    ASK(422, "POST", "/api/v1/setup", "", "{\"password\":\"short\"}");
    CHECK(!nvs_double_value("secrets0", &size));
    main_login_claim(admin);
    CHECK(nvs_double_value("secrets0", &size));
    ASK(409, "POST", "/api/v1/setup", "", "{\"password\":\"another one\"}");
    ASK(200, "GET", "/api/v1/me", admin, "");
    says("\"user\":\"admin\"");
    says("\"setup\":null");
    CHECK(!is_shown("settings") && !is_shown("state") && !is_shown("events 100"));
}

static void check_nobody_may_only_look(void)
{
    ASK(200, "GET", "/api/v1/status", "", "");
    ASK(401, "PATCH", "/api/v1/settings", "If-Match: *\r\n", "{\"limits\":{\"max_urbs\":80}}");
    says("\r\nWWW-Authenticate: Basic realm=\"usbip\"");
    ASK(401, "POST", "/api/v1/devices/3-3/unplug", "", "");
    ASK(401, "GET", "/api/v1/users", "", "");
    ASK(200, "GET", "/healthz", "", "");
    ASK(200, "GET", "/", "", "");
}

// --- roles ---------------------------------------------------------------------------------------

static int open_live(const char *cookie)
{
    char request[400], head[16];
    int fd = http_double_connect();
    snprintf(request, sizeof request,
             "GET /api/v1/live HTTP/1.1\r\nHost: my-box\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
             cookie);
    CHECK(tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS));
    CHECK(tcp_client_recv(fd, head, 12, TCP_CLIENT_MS));
    CHECK_BYTES(head, "HTTP/1.1 101", 12);
    return fd;
}

// Of a browser that knows the host for something else, too: through a tunnel all hosts are one.
static void check_cookie_behind_others(const char *admin)
{
    char header[1700];
    memset(header, 'x', sizeof header);
    memcpy(header, "Cookie: a=", 10);
    snprintf(header + 1500, sizeof header - 1500, "; %s", admin + strlen("Cookie: "));
    ASK(200, "GET", "/api/v1/users", header, "");
}

static void check_roles(const char *admin)
{
    char anna[COOKIE_SIZE];
    ASK(201, "POST", "/api/v1/users", admin,
        "{\"name\":\"anna\",\"role\":\"view\",\"password\":\"anna's own\"}");
    log_in("anna", "anna's own", anna);
    ASK(200, "GET", "/api/v1/status", anna, "");
    ASK(403, "POST", "/api/v1/devices/3-3/unplug", anna, "");
    ASK(403, "GET", "/api/v1/users", anna, "");
    int live = open_live(anna);
    ASK(200, "PUT", "/api/v1/users/anna", admin, "{\"role\":\"operate\"}");
    CHECK_EQ(tcp_client_wait_end(live, TCP_CLIENT_MS), TCP_CLIENT_FIN); // it was a viewer's
    close(live);
    log_in("anna", "anna's own", anna);
    ASK(202, "POST", "/api/v1/devices/3-3/unplug", anna, "");
    ASK(202, "POST", "/api/v1/devices/3-3/plug", anna, "");
    live = open_live(anna);
    ASK(204, "POST", "/api/v1/logout", anna, "");
    CHECK_EQ(tcp_client_wait_end(live, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(live);
    ASK(401, "POST", "/api/v1/devices/3-3/unplug", anna, "");
}

static void check_tokens(const char *admin)
{
    char token[44] = "", id[9] = "", header[100], path[40];
    ASK(201, "POST", "/api/v1/tokens", admin, "{\"name\":\"ci\",\"role\":\"operate\"}");
    CHECK_EQ(sscanf(strstr(answer.text, "\"id\":"), "\"id\":\"%8[0-9a-f]", id), 1);
    CHECK_EQ(sscanf(strstr(answer.text, "\"token\":"), "\"token\":\"%43[^\"]", token), 1);
    snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", token);
    ASK(202, "POST", "/api/v1/devices/3-3/unplug", header, "");
    ASK(202, "POST", "/api/v1/devices/3-3/plug", header, "");
    ASK(403, "PATCH", "/api/v1/settings", header, "{}");
    snprintf(path, sizeof path, "/api/v1/tokens/%s", id);
    ASK(204, "DELETE", path, admin, "");
    ASK(401, "GET", "/api/v1/status", header, "");
}

// --- the console ---------------------------------------------------------------------------------

static const char *set_password(const char *keys)
{
    int result;
    console_double_type(keys);
    return console_double_run("set-password", &result);
}

static void check_forgotten_password(const char *admin)
{
    char again[COOKIE_SIZE];
    CHECK(strstr(set_password("short\rshort\r"), "it has to have 8 to 128 bytes\n"));
    ASK(200, "GET", "/api/v1/users", admin, "");
    CHECK(strstr(set_password("from here\rfrom here\r"), "the password of admin is set\n"));
    ASK(401, "GET", "/api/v1/users", admin, "");
    log_in("admin", "from here", again);
    ASK(200, "GET", "/api/v1/users", again, "");
    says("\"anna\""); // is still there
    int result;
    CHECK(strstr(console_double_run("events 100", &result),
                 "console has given another password to the user admin"));

    nvs_double_fail_writes(true);
    CHECK(
        strstr(set_password("not kept\rnot kept\r"), "not changed: the settings partition (nvs)"));
    nvs_double_fail_writes(false);
    ASK(200, "GET", "/api/v1/users", again, "");
    ASK(204, "POST", "/api/v1/logout", again, "");
}

// --- a slow password -----------------------------------------------------------------------------

static void send_login(int fd, const char *body)
{
    char request[300];
    int n = snprintf(request, sizeof request,
                     "POST /api/v1/login HTTP/1.1\r\nHost: my-box\r\nContent-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    CHECK(tcp_client_send(fd, request, (size_t)n, TCP_CLIENT_MS));
}

// One that takes long, as a server's record does here: all else goes on, whoever is logged in is
// served, and nobody else is let in beside it.
static void check_slow_login(const char *admin)
{
    static const char login[] = "{\"user\":\"anna\",\"password\":\"anna's own\"}";
    char text[1000];
    atomic_store(&crypto_double_iteration_ns, 50000); // one takes a second or more
    int fd = http_double_connect();
    send_login(fd, login);
    ASK(200, "GET", "/healthz", "", ""); // that one is a job by now
    ASK(503, "POST", "/api/v1/login", "", login);
    says("\r\nRetry-After: 1\r\n");
    ASK(200, "GET", "/api/v1/users", admin, "");
    CHECK_EQ(recv(fd, text, sizeof text, MSG_DONTWAIT), -1); // it is still under way
    atomic_store(&crypto_double_iteration_ns, 0);
    long n = tcp_client_recv_all(fd, text, sizeof text - 1, TCP_CLIENT_MS);
    CHECK(n > 0);
    text[n] = '\0';
    CHECK(strstr(text, "HTTP/1.1 200 ") == text);
    close(fd);
}

// --- a flood -------------------------------------------------------------------------------------

enum { FLOOD = 10 };

// From an address of its own, 127.0.0.2 on, so that none has to wait.
static int connect_from(unsigned n)
{
    struct sockaddr_in6 to = {0};
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + n)};
    socklen_t size = sizeof to;
    int known = http_double_connect(), fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(getpeername(known, (struct sockaddr *)&to, &size), 0);
    close(known);
    CHECK_EQ(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&to, size), 0);
    return fd;
}

// Who is logged in changes settings all the same.
static void check_flood(const char *admin)
{
    int fd[FLOOD], status;
    char text[1000], header[150];
    unsigned refused = 0, tried = 0;
    snprintf(header, sizeof header, "%sIf-Match: *\r\n", admin);
    atomic_store(&crypto_double_iteration_ns, 20000);
    for (unsigned i = 0; i < FLOOD; i++)
        send_login(fd[i] = connect_from(i), "{\"user\":\"admin\",\"password\":\"a guess\"}");
    ASK(200, "PATCH", "/api/v1/settings", header, "{\"limits\":{\"max_urbs\":95}}");
    ASK(200, "GET", "/healthz", "", "");
    for (unsigned i = 0; i < FLOOD; i++) {
        long n = tcp_client_recv_all(fd[i], text, sizeof text - 1, TCP_CLIENT_MS);
        status = 503; // or its place was a newcomer's, before it was read
        CHECK(n <= 0 || sscanf(text, "HTTP/1.1 %d ", &status) == 1);
        tried += status == 401;
        refused += status == 503;
        close(fd[i]);
    }
    CHECK(tried >= 1 && refused >= 1 && tried + refused == FLOOD);
    atomic_store(&crypto_double_iteration_ns, 0);
}

// --- wrong passwords -----------------------------------------------------------------------------

static void check_back_off(void)
{
    static const char wrong[] = "{\"user\":\"admin\",\"password\":\"a guess\"}";
    unsigned refused = 0;
    int status;
    do {
        status = ask("POST", "/api/v1/login", "", wrong);
        refused += status == 401;
    } while (status == 401 && refused < 100);
    CHECK_EQ(status, 429);
    CHECK_EQ(refused, 6); // five are free, the sixth has begun the wait
    says("\r\nRetry-After: 1\r\n");
    ASK(429, "POST", "/api/v1/login", "", "{\"user\":\"admin\",\"password\":\"from here\"}");
    ASK(200, "GET", "/healthz", "", "");
}

void main_login_story(void)
{
    char admin[COOKIE_SIZE];
    atomic_store(&crypto_double_iteration_ns, 0);
    claim(admin);
    check_nobody_may_only_look();
    check_cookie_behind_others(admin);
    check_roles(admin);
    check_tokens(admin);
    check_slow_login(admin);
    check_flood(admin);
    check_forgotten_password(admin);
    check_back_off();
}
