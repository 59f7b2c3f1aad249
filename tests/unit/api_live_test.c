// SPDX-License-Identifier: Apache-2.0
// Live updates: what has changed, written once for all.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/api_rig.h"

#include <string.h>

#define member api_rig_member
#define item api_rig_item
#define text api_rig_text
#define number api_rig_number

enum { TICK = 500000 };

struct audience {
    struct stage stage; // first: the stage's macros see that
    struct api_live *live;
};

static void begin(struct audience *a)
{
    stage_open_d1(&a->stage, NULL);
    a->live = api_live_create();
    CHECK(a->live != NULL);
    stage_settle(&a->stage);
}

static void end(struct audience *a)
{
    api_live_destroy(a->live);
    stage_close(&a->stage);
}

#define LIVE_TEST(id) TEST_WITH(id, struct audience, a, begin(a), end(a))

static struct api_message *next(struct audience *a, struct api_stream *s)
{
    struct api_context ctx = api_rig_context(&a->stage);
    ctx.live = a->live;
    return api_stream_next(&ctx, s);
}

static cJSON *parse(struct api_message *m)
{
    CHECK(m != NULL);
    cJSON *o = cJSON_Parse(m->data);
    CHECK(o != NULL);
    api_message_release(m);
    return o;
}

static struct api_stream stream(void)
{
    return (struct api_stream){.kind = API_STREAM_LIVE};
}

LIVE_TEST(api_live_begins_with_everything)
{
    struct api_stream s = stream();
    cJSON *o = parse(next(a, &s));
    CHECK(cJSON_IsTrue(member(o, "full")));
    CHECK_EQ(number(o, "v"), 1);
    CHECK_EQ(cJSON_GetArraySize(member(o, "devices")), 2);
    CHECK_EQ(cJSON_GetArraySize(member(o, "events")), 3);
    CHECK(cJSON_GetObjectItem(member(o, "status"), "limits") != NULL);
    cJSON_Delete(o);
    CHECK(next(a, &s) == NULL);
    stage_advance(&a->stage, TICK);
    CHECK(next(a, &s) == NULL); // nothing has changed but time
}

LIVE_TEST(api_live_tells_what_has_changed)
{
    struct api_stream s = stream();
    cJSON_Delete(parse(next(a, &s)));
    (void)stage_attach(&a->stage, "1-2");
    CHECK(next(a, &s) == NULL); // not before its time
    stage_advance(&a->stage, TICK);
    cJSON *o = parse(next(a, &s));
    CHECK(cJSON_IsFalse(member(o, "full")));
    CHECK_EQ(number(o, "v"), 2);
    CHECK_EQ(cJSON_GetArraySize(member(o, "devices")), 1);
    CHECK_STR(text(item(member(o, "devices"), 0), "state"), "in_use");
    CHECK_EQ(cJSON_GetArraySize(member(o, "sessions")), 1);
    CHECK_EQ(cJSON_GetArraySize(member(o, "events")), 2);
    CHECK(cJSON_GetObjectItem(member(o, "status"), "limits") == NULL);
    cJSON_Delete(o);
}

LIVE_TEST(api_live_tells_what_has_gone)
{
    struct api_stream s = stream(), other = stream();
    cJSON_Delete(parse(next(a, &s)));
    cJSON_Delete(parse(next(a, &other)));
    CHECK_EQ(sim_unplug(a->stage.bus, "1-2"), BASE_OK);
    stage_settle(&a->stage);
    stage_advance(&a->stage, TICK);
    cJSON *o = parse(next(a, &s));
    CHECK_STR(item(member(o, "gone"), 0)->valuestring, "1-2");
    CHECK_EQ(cJSON_GetArraySize(member(o, "devices")), 0);
    cJSON_Delete(o);
    stage_advance(&a->stage, TICK); // another one asks later: nothing new
    o = parse(next(a, &other));
    CHECK_STR(item(member(o, "gone"), 0)->valuestring, "1-2");
    cJSON_Delete(o);
}

// A dead connection shows because a living one brings something.
LIVE_TEST(api_live_is_never_silent_for_long)
{
    struct api_stream s = stream();
    cJSON_Delete(parse(next(a, &s)));
    for (unsigned i = 0; i < 3; i++) {
        stage_advance(&a->stage, TICK);
        CHECK(next(a, &s) == NULL);
    }
    stage_advance(&a->stage, TICK);
    cJSON *o = parse(next(a, &s));
    CHECK_EQ(cJSON_GetArraySize(member(o, "devices")), 0);
    CHECK_EQ(cJSON_GetArraySize(member(o, "events")), 0);
    cJSON_Delete(o);
}

LIVE_TEST(api_live_who_is_late_gets_everything_once)
{
    struct api_stream quick = stream(), slow = stream(), slower = stream();
    cJSON_Delete(parse(next(a, &quick)));
    cJSON_Delete(parse(next(a, &slow)));
    cJSON_Delete(parse(next(a, &slower)));
    for (unsigned i = 0; i < 3; i++) {
        stage_fin(stage_connect(&a->stage));
        stage_advance(&a->stage, TICK);
        cJSON_Delete(parse(next(a, &quick)));
    }
    struct api_message *m = next(a, &slow), *same = next(a, &slower);
    CHECK(m != NULL && m == same); // written once
    api_message_release(same);
    cJSON *o = parse(m);
    CHECK(cJSON_IsTrue(member(o, "full")));
    CHECK_EQ(number(o, "v"), 4);
    CHECK_EQ(cJSON_GetArraySize(member(o, "events")), 9);
    cJSON_Delete(o);
    CHECK(next(a, &slow) == NULL);
}

LIVE_TEST(api_live_deltas_are_written_once)
{
    struct api_stream s[20];
    struct api_message *m[20];
    for (unsigned i = 0; i < 20; i++) {
        s[i] = stream();
        cJSON_Delete(parse(next(a, &s[i])));
    }
    stage_fin(stage_connect(&a->stage));
    stage_advance(&a->stage, TICK);
    for (unsigned i = 0; i < 20; i++)
        m[i] = next(a, &s[i]);
    for (unsigned i = 0; i < 20; i++) {
        CHECK(m[i] != NULL && m[i] == m[0]);
        CHECK_EQ(m[i]->users, 21 - i);
        api_message_release(m[i]);
    }
}

// A message in somebody's hands outlives the snapshot.
LIVE_TEST(api_live_messages_last_as_long_as_they_are_used)
{
    struct api_stream s = stream();
    struct api_message *m = next(a, &s);
    stage_fin(stage_connect(&a->stage));
    stage_advance(&a->stage, TICK);
    api_message_release(next(a, &s));
    CHECK(strstr(m->data, "\"v\":1,") != NULL);
    api_message_release(m);
}

LIVE_TEST(api_live_room_grows)
{
    struct api_stream s = stream();
    cJSON_Delete(parse(next(a, &s)));
    for (unsigned port = 3; port <= 6; port++) {
        const char busid[] = {'1', '-', (char)('0' + port), '\0'};
        stage_plug(&a->stage, busid, sim_faulty_create(a->stage.bus, &sim_faulty_d1));
    }
    CHECK_EQ(sim_unplug(a->stage.bus, "1-1"), BASE_OK);
    stage_settle(&a->stage);
    stage_advance(&a->stage, TICK);
    cJSON *o = parse(next(a, &s));
    bool told = cJSON_IsTrue(member(o, "full")) || cJSON_GetArraySize(member(o, "gone")) == 1;
    CHECK(told);
    cJSON_Delete(o);
}

static void three_pages(void *ctx, struct api_port_facts *facts)
{
    facts->live_sockets = *(unsigned *)ctx;
    facts->live_sockets_max = 3;
}

// A page whose WebSocket was refused asks like this: a browser does not tell it why.
LIVE_TEST(api_live_says_when_there_is_no_place)
{
    struct api_context ctx = api_rig_context(&a->stage);
    unsigned open = 3;
    ctx.live = a->live;
    ctx.port_facts = three_pages;
    ctx.port_ctx = &open;
    cJSON *o = api_rig_json(&ctx, "GET", "/api/v1/live", NULL, 503);
    CHECK_STR(cJSON_GetStringValue(member(o, "detail")),
              "3 pages are kept up to date already, which is all that there is room for. Close one "
              "of them.");
    cJSON_Delete(o);
    open = 2;
    cJSON_Delete(api_rig_json(&ctx, "GET", "/api/v1/live", NULL, 426));
}

LIVE_TEST(api_live_wants_a_websocket)
{
    struct api_context ctx = api_rig_context(&a->stage);
    cJSON_Delete(api_rig_json(&ctx, "GET", "/api/v1/live", NULL, 503)); // no memory for it
    ctx.live = a->live;
    cJSON_Delete(api_rig_json(&ctx, "GET", "/api/v1/live", NULL, 426));
}
