// SPDX-License-Identifier: Apache-2.0
#include "main_backup.h"
#include "tests/firmware/crypto_double.h"
#include "tests/firmware/http_double.h"
#include "tests/firmware/nvs_double.h"
#include "tests/port/http_client.h"
#include "tests/port/program_rig.h"
#include "tests/port/settings_folder.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 60000 };

#define PASSPHRASE "long live the king"
#define LOGIN "{\"user\":\"admin\",\"password\":\"the first one\"}"

// Either of the two, by HTTP.
struct box {
    struct running *server; // NULL: the chip
    char header[200];       // of each request: a cookie's line, or a token's
    char answer[TEXT_SIZE + 6000];
};

struct story {
    struct settings_folder folder;
    struct box linux_box, chip;
    char token[100];
    char body[TEXT_SIZE]; // what restores
};

static void send(struct box *b, const char *request)
{
    struct http_double_answer *from_chip = calloc(1, sizeof *from_chip);
    struct http_client *client = calloc(1, sizeof *client);
    CHECK(from_chip && client);
    if (b->server)
        CHECK(http_client_send(client, b->server->http_port, request));
    else
        http_double_send(request, from_chip);
    snprintf(b->answer, sizeof b->answer, "%s", b->server ? client->text : from_chip->text);
    free(client);
    free(from_chip);
}

// Its status.
static int ask(struct box *b, const char *line, const char *body)
{
    static const char set[] = "\r\nSet-Cookie: ";
    int status = 0;
    char *request = malloc(TEXT_SIZE + 1000);
    CHECK(request);
    snprintf(request, TEXT_SIZE + 1000,
             "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nIf-Match: *\r\n%s"
             "Content-Length: %zu\r\n\r\n%s",
             line, b->header, strlen(body), body);
    send(b, request);
    free(request);
    const char *cookie = strstr(b->answer, set);
    if (cookie) {
        cookie += strlen(set);
        snprintf(b->header, sizeof b->header, "Cookie: %.*s\r\n", (int)strcspn(cookie, ";"),
                 cookie);
    }
    CHECK_EQ(sscanf(b->answer, "HTTP/1.1 %d ", &status), 1);
    return status;
}

static void says(const struct box *b, const char *part)
{
    if (!strstr(b->answer, part))
        CHECK_STR(b->answer, part);
}

static const char *body_of(const struct box *b)
{
    const char *end = strstr(b->answer, "\r\n\r\n");
    CHECK(end);
    return end + 4;
}

static void back_up(struct story *s, struct box *from)
{
    CHECK_EQ(ask(from, "POST /api/v1/backup", "{\"passphrase\":\"" PASSPHRASE "\"}"), 200);
    says(from, "\r\nContent-Disposition: attachment");
    CHECK(!strstr(from->answer, "anna"));
    snprintf(s->body, sizeof s->body, "{\"backup\":%s,\"passphrase\":\"" PASSPHRASE "\"}",
             body_of(from));
}

static void take_token(struct story *s)
{
    const char *token = strstr(s->linux_box.answer, "\"token\":\"");
    CHECK(token);
    snprintf(s->token, sizeof s->token, "Authorization: Bearer %.*s\r\n",
             (int)strcspn(token + 9, "\""), token + 9);
}

static void prepare_linux(struct story *s)
{
    struct box *b = &s->linux_box;
    b->server = STARTED("--sim", "none", "--state-dir", s->folder.path);
    CHECK_EQ(ask(b, "PATCH /api/v1/settings",
                 "{\"host_name\":\"bench\",\"limits\":{\"max_urb_kib\":4096,\"silent_s\":60},"
                 "\"access\":{\"mode\":\"closed\",\"allow\":[{\"address\":\"127.0.0.0/8\"}]},"
                 "\"devices\":[{\"serial\":\"7\",\"alias\":\"probe\"}]}"),
             200);
    CHECK_EQ(ask(b, "POST /api/v1/setup", "{\"password\":\"the first one\"}"), 200);
    CHECK_EQ(ask(b, "POST /api/v1/users",
                 "{\"name\":\"anna\",\"role\":\"operate\",\"password\":\"anna's own\"}"),
             201);
    CHECK_EQ(ask(b, "POST /api/v1/tokens", "{\"name\":\"ci\",\"role\":\"admin\"}"), 201);
    take_token(s);
}

static void restore_on_chip(struct story *s)
{
    struct box *b = &s->chip;
    size_t size;
    CHECK_EQ(ask(b, "POST /api/v1/restore?dry_run=1", s->body), 200);
    says(b, "{\"pointer\":\"/host_name\",\"from\":\"usbip-esp32p4\",\"to\":\"bench\"}");
    says(b, "\"secrets\":{\"users\":[\"admin\",\"anna\"],\"tokens\":[\"ci\"]},\"restart\":false,"
            "\"ignored\":[{\"pointer\":\"/limits/max_urb_kib\",");
    CHECK(!nvs_double_value("secrets0", &size) && !nvs_double_value("settings0", &size));
    CHECK_EQ(ask(b, "POST /api/v1/restore", s->body), 200);
    CHECK(nvs_double_value("secrets0", &size));
    CHECK_EQ(ask(b, "GET /api/v1/settings", ""), 401); // closed, and it has an admin now
    CHECK_EQ(ask(b, "POST /api/v1/login", LOGIN), 200);
    CHECK_EQ(ask(b, "GET /api/v1/settings", ""), 200);
    says(b, "\"alias\":\"probe\"");
    says(b, "\"silent_s\":60");
    CHECK_EQ(ask(b, "PATCH /api/v1/settings", "{\"host_name\":\"moved\"}"), 200);
}

static void refuse_on_chip(struct story *s)
{
    struct box *b = &s->chip;
    size_t size = strlen(s->body), i = size / 2;
    char was = s->body[i];
    strcpy(s->body + size - 2, "!\"}"); // another passphrase
    CHECK_EQ(ask(b, "POST /api/v1/restore", s->body), 403);
    strcpy(s->body + size - 2, "\"}");
    s->body[i] = was == 'A' ? 'B' : 'A'; // in the sealed bytes
    CHECK_EQ(ask(b, "POST /api/v1/restore", s->body), 403);
    s->body[i] = was;
    s->body[i + 1] = '\0';
    CHECK_EQ(ask(b, "POST /api/v1/restore", s->body), 400);
}

static void restore_on_linux(struct story *s)
{
    struct box *b = &s->linux_box;
    CHECK_EQ(ask(b, "POST /api/v1/restore", s->body), 200);
    says(b, "{\"differences\":[{\"pointer\":\"/host_name\",\"from\":\"bench\",\"to\":\"moved\"},"
            "{\"pointer\":\"/limits/max_urb_kib\",\"from\":4096,\"to\":32768}],"
            "\"secrets\":{\"users\":[],\"tokens\":[]},\"restart\":false,\"ignored\":[]}");
    CHECK_EQ(ask(b, "POST /api/v1/login", LOGIN), 200);
}

void main_backup_story(void)
{
    struct story *s = calloc(1, sizeof *s);
    CHECK(s);
    atomic_store(&crypto_double_iteration_ns, 0); // 600,000 of them take 15 s there
    settings_folder_make(&s->folder);
    prepare_linux(s);
    back_up(s, &s->linux_box);
    restore_on_chip(s);
    refuse_on_chip(s);
    back_up(s, &s->chip);
    restore_on_linux(s);
    strcpy(s->chip.header, s->token); // of a program, which knows no other box
    CHECK_EQ(ask(&s->chip, "GET /api/v1/users", ""), 200);
    says(&s->chip, "\"anna\"");
    program_end(s->linux_box.server);
    settings_folder_remove(&s->folder);
    free(s);
}
