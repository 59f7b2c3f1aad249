// SPDX-License-Identifier: Apache-2.0
// From request to route, and what never gets to one.
#include "api/api.h"
#include "api/api_header.h"
#include "api/api_problem.h"
#include "api/api_routes.h"
#include "tests/support/settings_rig.h"
#include "tests/support/stage.h"

#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

// "Name: value" each, NULL at the end.
static const char *find_header(void *ctx, const char *name)
{
    size_t n = strlen(name);
    for (const char **line = ctx; line && *line; line++)
        if (strncmp(*line, name, n) == 0 && (*line)[n] == ':')
            return *line + n + 2;
    return NULL;
}

static const struct api_asset assets[] = {
    {"/", "text/html", "\"p1\"", (const unsigned char *)"page", 4, false},
    {"/assets/app-1.js", "text/javascript", "\"a1\"", (const unsigned char *)"code", 4, true},
};

struct question {
    const char *method, *path, *peer, **headers;
    enum api_writers writers;
    bool without_page;
    const struct settings *settings;
};

static struct api_response ask(const struct stage *st, const struct question *q)
{
    struct base_address peer = {0};
    const struct api_context ctx = {
        .server = st->server,
        .version = "1.2.3",
        .host_name = "bench-3",
        .writers = q->writers,
        .settings = q->settings,
        .assets = {assets, q->without_page ? 0 : 2},
        .now_us = st->now_us,
    };
    const struct api_request request = {
        .method = q->method,
        .path = q->path,
        .query = "",
        .header = find_header,
        .header_ctx = (void *)q->headers,
        .peer = &peer,
    };
    CHECK(base_address_parse(q->peer ? q->peer : "127.0.0.1", &peer));
    return api_handle(&ctx, &request);
}

static void begin(struct stage *st)
{
    const struct stage_options options = {0};
    CHECK(stage_open(st, &options));
}

static int status_of(const struct stage *st, struct question q)
{
    struct api_response r = ask(st, &q);
    int status = r.status;
    if (status >= 400) { // says the same itself
        cJSON *o = cJSON_Parse(r.body);
        CHECK_STR(r.content_type, "application/problem+json");
        CHECK_EQ(cJSON_GetNumberValue(cJSON_GetObjectItem(o, "status")), status);
        CHECK(cJSON_GetStringValue(cJSON_GetObjectItem(o, "title"))[0] != '\0');
        CHECK(cJSON_GetStringValue(cJSON_GetObjectItem(o, "detail"))[0] != '\0');
        cJSON_Delete(o);
    }
    api_response_free(&r);
    return status;
}

#define STATUS(how, where, ...)                                                                    \
    status_of(st, (struct question){.method = (how), .path = (where), __VA_ARGS__})

STAGE_TEST(api_route_paths, begin(st))
{
    CHECK_EQ(STATUS("GET", "/healthz", ), 200);
    CHECK_EQ(STATUS("GET", "/api/v1/status", ), 200);
    CHECK_EQ(STATUS("GET", "/healthz/", ), 404);
    CHECK_EQ(STATUS("GET", "/healthz/x", ), 404);
    CHECK_EQ(STATUS("GET", "/health", ), 404);
    CHECK_EQ(STATUS("GET", "", ), 404);
    CHECK_EQ(STATUS("GET", "healthz", ), 404);
    CHECK_EQ(STATUS("GET", "//healthz", ), 404);
    CHECK_EQ(STATUS("GET", "*", ), 405);
    CHECK_EQ(STATUS("DELETE", "/nothing", ), 404);
}

STAGE_TEST(api_route_arguments, begin(st))
{
    char path[300] = "/devices/";
    CHECK_EQ(STATUS("GET", "/devices/1-2.1", ), 200);
    CHECK_EQ(STATUS("GET", "/devices/", ), 404);
    CHECK_EQ(STATUS("GET", "/devices", ), 404);
    CHECK_EQ(STATUS("GET", "/devices/1-2/3", ), 404);
    memset(path + strlen(path), 'x', 200);
    CHECK_EQ(STATUS("GET", path, ), 404);
}

static void expect_allow(const struct stage *st, const char *method, const char *path, int status,
                         const char *allow)
{
    struct api_response r = ask(st, &(struct question){.method = method, .path = path});
    CHECK_EQ(r.status, status);
    CHECK_STR(r.allow, allow);
    api_response_free(&r);
}

STAGE_TEST(api_route_methods, begin(st))
{
    CHECK_EQ(STATUS("HEAD", "/healthz", ), 200);
    expect_allow(st, "POST", "/healthz", 405, "GET, HEAD, OPTIONS");
    expect_allow(st, "get", "/healthz", 405, "GET, HEAD, OPTIONS");
    expect_allow(st, "TRACE", "/", 405, "GET, HEAD, OPTIONS");
    expect_allow(st, "OPTIONS", "/healthz", 204, "GET, HEAD, OPTIONS");
    expect_allow(st, "OPTIONS", "*", 204, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    expect_allow(st, "OPTIONS", "/nothing", 404, "");
    expect_allow(st, "GET", "/healthz", 200, "");
}

TEST(api_route_table_is_well_formed)
{
    unsigned count;
    const struct api_route *routes = api_routes(&count);
    for (unsigned i = 0; i < count; i++) {
        const char *open = strchr(routes[i].pattern, '{');
        CHECK(routes[i].pattern[0] == '/' && routes[i].handler);
        CHECK(!open || (open[-1] == '/' && !strchr(open + 1, '{') && strchr(open, '}')));
        CHECK(!open || strchr(open, '}')[1] == '\0' || strchr(open, '}')[1] == '/');
        for (unsigned k = 0; k < i; k++)
            CHECK(strcmp(routes[i].pattern, routes[k].pattern) != 0 ||
                  strcmp(routes[i].method, routes[k].method) != 0);
    }
}

// --- the page ------------------------------------------------------------------------------------

static void expect_body(const struct stage *st, struct question q, const char *body,
                        const char *cache)
{
    struct api_response r = ask(st, &q);
    CHECK_EQ(r.status, 200);
    CHECK(r.size == strlen(body) && memcmp(r.body, body, r.size) == 0);
    CHECK_STR(r.cache, cache);
    CHECK_STR(r.encoding, "gzip");
    api_response_free(&r);
}

STAGE_TEST(api_page_answers_its_deep_links, begin(st))
{
    static const char *const paths[] = {"/",        "/devices/1-2.1", "/topology",
                                        "/clients", "/events",        "/settings"};
    for (unsigned i = 0; i < sizeof paths / sizeof paths[0]; i++)
        expect_body(st, (struct question){.method = "GET", .path = paths[i]}, "page", "no-cache");
    expect_body(st, (struct question){.method = "GET", .path = "/assets/app-1.js"}, "code",
                "public, max-age=31536000, immutable");
    CHECK_EQ(STATUS("GET", "/assets/app-2.js", ), 404);
}

STAGE_TEST(api_page_that_was_not_built_says_how, begin(st))
{
    struct question q = {.method = "GET", .path = "/topology", .without_page = true};
    struct api_response r = ask(st, &q);
    CHECK_EQ(r.status, 200);
    CHECK(strstr(r.body, "./dev web") != NULL);
    CHECK(r.encoding == NULL && r.etag[0] == '\0');
}

STAGE_TEST(api_page_is_not_sent_twice, begin(st))
{
    const char *has[] = {"If-None-Match: \"p0\", W/\"p1\"", NULL};
    const char *any[] = {"If-None-Match: *", NULL};
    const char *other[] = {"If-None-Match: \"p0\", \"p11\"", NULL};
    struct question q = {.method = "GET", .path = "/", .headers = has};
    struct api_response r = ask(st, &q);
    CHECK_EQ(r.status, 304);
    CHECK_STR(r.etag, "\"p1\"");
    CHECK(r.size == 0 && !r.content_type && !r.encoding);
    CHECK_EQ(STATUS("GET", "/", .headers = any), 304);
    CHECK_EQ(STATUS("GET", "/", .headers = other), 200);
    CHECK_EQ(STATUS("GET", "/healthz", .headers = any), 200); // has no tag
}

// --- who may change something --------------------------------------------------------------------

// No route can be changed yet that all builds have: who may not gets 403, who may gets 405.
enum { MAY = 405, MAY_NOT = 403 };

// As long as there is no password. Who may is told that there is no such device.
STAGE_TEST(api_guard_writers, begin(st))
{
    static const char change[] = "/api/v1/devices/7-7/disconnect";
    const char *proxy[] = {"Host: localhost:8080", "X-Forwarded-For: 127.0.0.1", NULL};
    const char *other[] = {"Host: localhost:8080", "Forwarded: for=127.0.0.1", NULL};
    CHECK_EQ(STATUS("POST", change, ), 404);
    CHECK_EQ(STATUS("POST", change, .peer = "::1"), 404);
    CHECK_EQ(STATUS("POST", change, .peer = "127.8.9.1"), 404);
    CHECK_EQ(STATUS("POST", change, .peer = "192.0.2.1"), 403);
    CHECK_EQ(STATUS("DELETE", "/nothing", .peer = "192.0.2.1"), 404);
    CHECK_EQ(STATUS("POST", change, .headers = proxy), 403);
    CHECK_EQ(STATUS("POST", change, .headers = other), 403);
    CHECK_EQ(STATUS("GET", "/healthz", .peer = "192.0.2.1"), 200);
    CHECK_EQ(STATUS("OPTIONS", "/healthz", .peer = "192.0.2.1"), 204);
    CHECK_EQ(STATUS("GET", "/healthz", .headers = proxy), 200);
    CHECK_EQ(STATUS("POST", change, .peer = "192.0.2.1", .writers = API_WRITERS_ALL), 404);
    CHECK_EQ(STATUS("POST", change, .headers = proxy, .writers = API_WRITERS_ALL), 404);
}

enum { OTHER_SERVER = 421 };

// What of a server is for pages of its own only: whoever leads a name here could read it as well.
static void check_host(const struct stage *st, const char *host, const struct settings *s,
                       bool ours)
{
    const char *headers[] = {host, NULL}, *live[] = {host, "Upgrade: websocket", NULL};
    check_context(host, 0);
    CHECK_EQ(STATUS("POST", "/healthz", .headers = headers, .settings = s),
             ours ? MAY : OTHER_SERVER);
    CHECK_EQ(STATUS("GET", "/api/v1/status", .headers = headers, .settings = s),
             ours ? 200 : OTHER_SERVER);
    CHECK_EQ(STATUS("HEAD", "/metrics", .headers = headers, .settings = s),
             ours ? 200 : OTHER_SERVER);
    CHECK_EQ(STATUS("GET", "/api/v1/nothing", .headers = headers, .settings = s),
             ours ? 404 : OTHER_SERVER);
    CHECK_EQ(STATUS("GET", "/api/v1/live", .headers = live, .settings = s),
             ours ? 503 : OTHER_SERVER); // has none
    CHECK_EQ(STATUS("GET", "/healthz", .headers = live, .settings = s), 200);
    CHECK_EQ(STATUS("GET", "/devices/1-1", .headers = headers, .settings = s), 200);
    CHECK_EQ(STATUS("GET", "/assets/app-1.js", .headers = headers, .settings = s), 200);
}

STAGE_TEST(api_guard_hosts, begin(st))
{
    static const char *const ours[] = {
        "Host: localhost",  "Host: localhost:8080", "Host: LOCALHOST",    "Host: 192.0.2.7:8080",
        "Host: [::1]:8080", "Host: [::1]",          "Host: bench-3:8080", "Host: Bench-3.local",
    };
    static const char *const others[] = {
        "Host: evil.example",
        "Host: bench-3.evil.example",
        "Host: .local",
        "Host: [::1",
        "Host: 1.2.3.4.evil.example",
        "Host: ",
        "Host: localhost.evil",
        "Host: local",
    };
    for (unsigned i = 0; i < sizeof ours / sizeof *ours; i++)
        check_host(st, ours[i], NULL, true);
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        check_host(st, others[i], NULL, false);
}

// The settings' name counts as well, and those that they allow, from the moment on in which they
// are there.
STAGE_TEST(api_guard_hosts_of_the_settings, begin(st))
{
    static const char json[] =
        "{\"version\":2,\"http\":{\"allowed_hosts\":[\"usb.example\",\"Proxy\"]}}";
    struct settings s = settings_rig();
    char why[SETTINGS_WHY_SIZE];
    check_host(st, "Host: lab:8080", &s, false);
    strcpy(s.host_name, "Lab");
    check_host(st, "Host: lab:8080", &s, true);
    check_host(st, "Host: bench-3", &s, true);
    check_host(st, "Host: usb.example", &s, false);
    CHECK_EQ(settings_parse(&s, json, sizeof json - 1, why), BASE_OK);
    check_host(st, "Host: USB.example:443", &s, true);
    check_host(st, "Host: proxy", &s, true);
    check_host(st, "Host: x.usb.example", &s, false);
    check_host(st, "Host: usb.example.evil", &s, false);
    struct api_response r =
        ask(st, &(struct question){.method = "GET",
                                   .path = "/api/v1/status",
                                   .headers = (const char *[]){"Host: evil.example", NULL}});
    CHECK(strstr(r.body, "http.allowed_hosts"));
    api_response_free(&r);
    settings_drop(&s);
}

STAGE_TEST(api_guard_pages_of_other_sites, begin(st))
{
    static const struct {
        const char *header;
        int status;
    } cases[] = {
        {"Origin: http://bench-3:8080", MAY},
        {"Origin: http://BENCH-3:8080", MAY},
        {"Origin: http://bench-3:8081", MAY_NOT},
        {"Origin: http://bench-3", MAY_NOT},
        {"Origin: null", MAY_NOT},
        {"Origin: http://evil.example", MAY_NOT},
        {"Origin: http://bench-3:8080.evil", MAY_NOT},
        {"Origin: ", MAY_NOT},
        {"Sec-Fetch-Site: same-origin", MAY},
        {"Sec-Fetch-Site: none", MAY},
        {"Sec-Fetch-Site: cross-site", MAY_NOT},
        {"Sec-Fetch-Site: same-site", MAY_NOT},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *headers[] = {"Host: bench-3:8080", cases[i].header, NULL};
        const char *live[] = {"Host: bench-3:8080", cases[i].header, "Upgrade: websocket", NULL};
        if (STATUS("POST", "/healthz", .headers = headers) != cases[i].status)
            check_fail(__FILE__, __LINE__, "%s", cases[i].header);
        CHECK_EQ(STATUS("GET", "/healthz", .headers = headers), 200);
        CHECK_EQ(STATUS("GET", "/healthz", .headers = live, .peer = "192.0.2.1"),
                 cases[i].status == MAY ? 200 : MAY_NOT);
    }
}

TEST(api_header_lists)
{
    CHECK(api_header_has("websocket", "websocket"));
    CHECK(api_header_has("WebSocket", "websocket"));
    CHECK(api_header_has("h2c,WEBSOCKET ,x", "websocket"));
    CHECK(api_header_has(" ,\th2c, websocket", "websocket"));
    CHECK(!api_header_has("", "websocket"));
    CHECK(!api_header_has(", ,", "websocket"));
    CHECK(!api_header_has("websocket2", "websocket"));
    CHECK(!api_header_has("xwebsocket", "websocket"));
    CHECK(!api_header_has("web, socket", "websocket"));
    CHECK(!api_header_has("websocket/13", "websocket"));
}

TEST(api_problem_names_values)
{
    const struct api_error errors[] = {{"/text", "is too long"}, {"/colour", "unknown"}};
    struct api_response r = api_problem_of(422, "Not typed", "Two values are wrong.", errors, 2);
    CHECK_EQ(r.status, 422);
    CHECK_STR(r.body, "{\"type\":\"about:blank\",\"title\":\"Not typed\",\"status\":422,"
                      "\"detail\":\"Two values are wrong.\",\"errors\":["
                      "{\"pointer\":\"/text\",\"detail\":\"is too long\"},"
                      "{\"pointer\":\"/colour\",\"detail\":\"unknown\"}]}");
    CHECK_EQ(r.size, strlen(r.body));
    api_response_free(&r);
}
