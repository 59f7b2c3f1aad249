// SPDX-License-Identifier: Apache-2.0
// The real usbip-server as a child process: settings, names and rules over HTTP.
#include "tests/port/http_client.h"
#include "tests/port/program_rig.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REQUEST_SIZE = 262144 };

struct site {
    struct settings_folder folder;
    struct http_client *http;
    char *request;
    char etag[64]; // as a line: "If-Match: ...\r\n"
};

static void begin(struct site *s)
{
    settings_folder_make(&s->folder);
    s->http = malloc(sizeof *s->http);
    s->request = malloc(REQUEST_SIZE);
    CHECK(s->http && s->request);
}

static void end(struct site *s)
{
    settings_folder_remove(&s->folder);
    free(s->http);
    free(s->request);
}

#define SITE_TEST(id) TEST_WITH(id, struct site, s, begin(s), end(s))

// Sends it with more lines of header, each with its end; the answer is in s->http.
static void ask(struct site *s, const struct running *r, const char *line, const char *header,
                const char *body, int status)
{
    snprintf(
        s->request, REQUEST_SIZE,
        "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
        line, header, strlen(body), body);
    CHECK(http_client_send(s->http, r->http_port, s->request));
    if (s->http->status != status)
        check_fail(__FILE__, __LINE__, "%s: %d %s", line, s->http->status, s->http->body);
    const char *etag = strstr(s->http->text, "\r\nETag: ");
    if (etag)
        snprintf(s->etag, sizeof s->etag, "If-Match: %.*s\r\n", (int)strcspn(etag + 8, "\r"),
                 etag + 8);
}

static void patch(struct site *s, const struct running *r, const char *body, int status)
{
    ask(s, r, "PATCH /api/v1/settings", "If-Match: *\r\n", body, status);
}

static void check_body(const struct site *s, const char *want)
{
    if (!strstr(s->http->body, want))
        check_fail(__FILE__, __LINE__, "no %s in %s", want, s->http->body);
}

static const char closed[] =
    "{\"access\":{\"mode\":\"closed\",\"allow\":[{\"address\":\"10.0.0.7\"}]}}";

SITE_TEST(program_settings_end_a_session)
{
    struct running *r = STARTED("--sim", "disk");
    struct usbip_client c;
    char byte;
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-1"), WIRE_ST_OK);
    ask(s, r, "PATCH /api/v1/settings?dry_run=1", "If-Match: *\r\n", closed, 200);
    check_body(
        s, "\"ends\":[{\"session\":1,\"address\":\"127.0.0.1\",\"note\":null,\"busid\":\"1-1\"");
    patch(s, r, closed, 200);
    check_body(s, "\"kept\":false");
    CHECK_EQ(tcp_client_recv_all(c.fd, &byte, 1, TCP_CLIENT_MS), 0); // the end
    close(c.fd);
    child_await_log(&r->child, "127.0.0.1 has changed the settings");
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-1"), WIRE_ST_NODEV);
    close(c.fd);
    patch(s, r, "{\"access\":null}", 200);
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "1-1"), WIRE_ST_OK);
    close(c.fd);
    program_end(r);
}

SITE_TEST(program_settings_want_what_was_read)
{
    struct running *r = STARTED("--sim", "disk");
    char old[sizeof s->etag];
    ask(s, r, "PATCH /api/v1/settings", "", "{\"host_name\":\"a\"}", 428);
    ask(s, r, "GET /api/v1/settings", "", "", 200);
    strcpy(old, s->etag);
    ask(s, r, "PATCH /api/v1/settings", old, "{\"host_name\":\"a\"}", 200);
    ask(s, r, "PATCH /api/v1/settings", old, "{\"host_name\":\"b\"}", 412);
    ask(s, r, "PATCH /api/v1/settings", s->etag, "{\"host_name\":\"b\"}", 200);
    check_body(s, "\"host_name\":\"b\"");
    program_end(r);
}

// Without one of its own the server is called as its machine.
SITE_TEST(program_settings_name_the_server)
{
    struct running *r = STARTED("--sim", "disk");
    char machine[64] = "", member[100];
    CHECK_EQ(gethostname(machine, sizeof machine - 1), 0);
    snprintf(member, sizeof member, "\"name\":\"%s\"", machine);
    ask(s, r, "GET /api/v1/status", "", "", 200);
    check_body(s, member);
    patch(s, r, "{\"host_name\":\"usb-lab\"}", 200);
    ask(s, r, "GET /api/v1/status", "", "", 200);
    check_body(s, "\"name\":\"usb-lab\"");
    patch(s, r, "{\"host_name\":null}", 200);
    ask(s, r, "GET /api/v1/status", "", "", 200);
    check_body(s, member);
    program_end(r);
}

SITE_TEST(program_settings_last_in_the_folder)
{
    struct running *r = STARTED("--sim", "disk", "--state-dir", s->folder.path);
    struct usbip_client c;
    ask(s, r, "PATCH /api/v1/devices/1-1", "", "{\"alias\":\"stick\",\"alias_by\":\"port\"}", 200);
    patch(s, r, "{\"access\":{\"allow\":[{\"address\":\"127.0.0.1\",\"note\":\"here\"}]}}", 200);
    check_body(s, "\"kept\":true");
    program_end(r);
    r = STARTED("--sim", "disk", "--state-dir", s->folder.path);
    CHECK_EQ(usbip_client_import(&c, program_connect(r->port), "stick"), WIRE_ST_OK);
    ask(s, r, "GET /api/v1/devices/stick", "", "", 200);
    check_body(s, "\"note\":\"here\"");
    close(c.fd);
    program_end(r);
}

SITE_TEST(program_settings_of_the_administrator_stay)
{
    char config[300];
    static const char document[] = "{\"version\":2,\"access\":{\"mode\":\"open\"}}";
    settings_folder_put(&s->folder, "box.json", document, sizeof document - 1);
    strcpy(config, settings_folder_file(&s->folder, "box.json"));
    struct running *r = STARTED("--sim", "disk", "--config", config);
    ask(s, r, "GET /api/v1/settings", "", "", 200);
    check_body(s, "\"fixed\":[\"/access/mode\"]");
    patch(s, r, closed, 409);
    check_body(s, "access.mode is set by ");
    check_body(s, "box.json");
    program_end(r);
}

// More than the usual requests have; one more than the limit is refused with its number.
SITE_TEST(program_settings_up_to_the_limits)
{
    static const char rule[] =
        "{\"device\":{\"serial\":\"a serial number that is rather long, as some "
        "are\"},\"addresses\":[\"2001:db8:1234:1234:1234:1234:1234:1234\"],"
        "\"effect\":\"hide\"}";
    enum { RULES = 1000 };
    struct running *r = STARTED("--sim", "disk");
    char *body = malloc((RULES + 2) * sizeof rule + 64), *at = body;
    CHECK(body != NULL);
    at += sprintf(at, "{\"access\":{\"rules\":[%s", rule);
    for (unsigned i = 1; i < RULES; i++)
        at += sprintf(at, ",%s", rule);
    strcpy(at, "]}}");
    CHECK(strlen(body) > 100000);
    ask(s, r, "PATCH /api/v1/settings?dry_run=1", "If-Match: *\r\n", body, 200);
    sprintf(at, ",%s]}}", rule);
    patch(s, r, body, 422);
    check_body(s, "\"pointer\":\"/access/rules\",\"detail\":\"At most 1000 rules are possible.\"");
    free(body);
    program_end(r);
}
