// SPDX-License-Identifier: Apache-2.0
// Restart and factory reset over HTTP: what the port is asked for, and what the answers say.
#include "api/api_box.h"
#include "tests/support/api_rig.h"
#include "tests/support/check.h"

#include <string.h>

struct box {
    struct stage stage;
    struct api_context ctx;
    struct api_box port;
    unsigned erased, restarts;
    enum eventlog_start why;
    bool fails, is_wrong;
    unsigned checks;
};

static void restart(void *ctx, enum eventlog_start why)
{
    struct box *b = ctx;
    b->restarts++;
    b->why = why;
}

static bool erase(void *ctx, char *why)
{
    struct box *b = ctx;
    CHECK_EQ(b->restarts, 0);
    b->erased += !b->fails;
    if (b->fails)
        strcpy(why, "cannot remove settings.json: Read-only file system");
    return !b->fails;
}

static bool check(void *ctx, char *why)
{
    struct box *b = ctx;
    CHECK(b->restarts + b->erased == 0);
    b->checks++;
    if (b->is_wrong)
        strcpy(why, "--config c.json: it is no JSON");
    return !b->is_wrong;
}

static void facts(void *ctx, struct api_port_facts *f)
{
    (void)ctx;
    strcpy(f->name, "bench");
}

static void begin(struct box *b)
{
    const struct stage_options options = {0};
    memset(b, 0, sizeof *b);
    CHECK(stage_open(&b->stage, &options));
    b->port = (struct api_box){restart, erase, NULL, b, 5, "The command line stays."};
    b->ctx = api_rig_context(&b->stage);
    b->ctx.box = &b->port;
    b->ctx.port_facts = facts;
}

#define BOX_TEST(id) TEST_WITH(id, struct box, b, begin(b), stage_close(&b->stage))

// Whether the answer has that status and text.
static bool answers(const struct box *b, const char *path, const char *body, int status,
                    const char *text)
{
    struct api_response r = api_rig_finish(&b->ctx, api_rig_ask(&b->ctx, "POST", path, body));
    bool good = r.status == status && strstr(r.body, text);
    if (!good)
        check_fail(__FILE__, __LINE__, "%d %s", r.status, r.body);
    api_response_free(&r);
    return good;
}

BOX_TEST(api_box_restarts)
{
    b->ctx.kept = true;
    CHECK(answers(b, "/api/v1/restart", "{}", 202, "{\"drain_s\":5,\"loses\":null}"));
    CHECK(b->restarts == 1 && b->why == EVENT_START_RESTART && b->erased == 0);
    CHECK(answers(b, "/api/v1/restart", NULL, 202, "{\"drain_s\":5,\"loses\":null}"));
    CHECK_EQ(stage_count_events(&b->stage, EVENT_RESTART_ASKED), 2);
}

BOX_TEST(api_box_that_keeps_nothing_says_what_a_restart_loses)
{
    b->ctx.kept = false;
    CHECK(answers(b, "/api/v1/restart", "{}", 202, "users and tokens are gone then.\"}"));
}

// Else it would stay away, and a reset have removed everything before that.
BOX_TEST(api_box_that_would_not_start_again_goes_on)
{
    b->port.check = check;
    b->is_wrong = true;
    CHECK(answers(b, "/api/v1/restart", "{}", 409, "--config c.json: it is no JSON.\""));
    CHECK(answers(b, "/api/v1/factory-reset", "{\"host_name\":\"bench\"}", 409, "it is no JSON"));
    CHECK(b->checks == 2 && b->restarts == 0 && b->erased == 0);
    CHECK_EQ(stage_count_events(&b->stage, EVENT_RESTART_ASKED), 0);
    b->is_wrong = false;
    CHECK(answers(b, "/api/v1/factory-reset", "{\"host_name\":\"bench\"}", 202, "drain_s"));
    CHECK(b->checks == 3 && b->restarts == 1 && b->erased == 1);
}

BOX_TEST(api_box_resets_when_it_is_named)
{
    CHECK(answers(b, "/api/v1/factory-reset", "{\"host_name\":\"bench2\"}", 409,
                  "GET /api/v1/status tells this box's \\\"name\\\"."));
    CHECK(answers(b, "/api/v1/factory-reset", "{\"host_name\":\"\"}", 409, "Not this box"));
    CHECK(answers(b, "/api/v1/factory-reset", "{}", 422, "/host_name"));
    CHECK(b->restarts == 0 && b->erased == 0);
    CHECK(answers(b, "/api/v1/factory-reset", "{\"host_name\":\"bench\"}", 202,
                  "{\"drain_s\":5,\"stays\":\"The command line stays.\"}"));
    CHECK(b->restarts == 1 && b->why == EVENT_START_FACTORY_RESET && b->erased == 1);
    CHECK_EQ(stage_count_events(&b->stage, EVENT_FACTORY_RESET), 1);
}

BOX_TEST(api_box_that_cannot_erase_does_not_begin_again)
{
    b->fails = true;
    CHECK(answers(b, "/api/v1/factory-reset", "{\"host_name\":\"bench\"}", 503,
                  "settings.json: Read-only file system.\""));
    CHECK_EQ(b->restarts, 0);
    CHECK_EQ(stage_count_events(&b->stage, EVENT_FACTORY_RESET), 0);
}

BOX_TEST(api_box_of_a_port_that_cannot)
{
    b->ctx.box = NULL;
    CHECK(answers(b, "/api/v1/restart", "{}", 501, "cannot begin again"));
    CHECK(answers(b, "/api/v1/factory-reset", "{\"host_name\":\"bench\"}", 501, "cannot"));
}
