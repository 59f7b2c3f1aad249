// SPDX-License-Identifier: Apache-2.0
// A device that is there but cannot be exported: people see it, and what to do; no client can get
// it.
#include "api/api.h"
#include "tests/support/stage.h"
#include "wire/wire_op.h"

#include <string.h>

// A backend with one such device, which the test plugs and pulls.
struct obstructed {
    struct usbip_backend backend; // first: the backend is this
    struct usb_device_info info;
    enum backend_event_type next; // 0: none
    unsigned opens;
};

static void count_open(struct usbip_backend *b, void *device)
{
    (void)device;
    ((struct obstructed *)b)->opens++;
}

static bool take_event(struct usbip_backend *b, uint64_t now_us, struct backend_event *ev)
{
    struct obstructed *o = (struct obstructed *)b;
    (void)now_us;
    if (o->next == 0)
        return false;
    *ev = (struct backend_event){.type = o->next, .device = o, .info = &o->info};
    o->next = 0;
    return true;
}

static uint64_t no_deadline(struct usbip_backend *b)
{
    (void)b;
    return UINT64_MAX;
}

static struct obstructed refused_mouse(void)
{
    return (struct obstructed){
        .backend = {.open = count_open, .take_event = take_event, .next_deadline = no_deadline},
        .info = {.busid = "7-1.3",
                 .busnum = 7,
                 .devnum = 3,
                 .speed = USB_SPEED_FULL,
                 .obstacle = USB_OBSTACLE_SPEED},
    };
}

static void check_text(const struct eventlog_event *e, const char *part)
{
    char line[256];
    eventlog_text(e, line, sizeof line);
    CHECK(strstr(line, part));
}

static bool api_has(const struct stage *st, const char *path, const char *part)
{
    const struct api_context ctx = {.server = st->server, .version = "1", .now_us = st->now_us};
    const struct api_request req = {.method = "GET", .path = path};
    struct api_response r = api_handle(&ctx, &req);
    bool has = strstr(r.body, part) != NULL;
    api_response_free(&r);
    return has;
}

TEST(obstacle_is_shown_in_plain_words_and_never_exported)
{
    struct obstructed o = refused_mouse();
    struct stage st;
    CHECK(stage_open(&st, NULL));
    CHECK_EQ(server_add_backend(st.server, &o.backend), BASE_OK);
    o.next = BACKEND_PLUGGED;
    stage_settle(&st);

    const struct eventlog_event *e = NULL;
    for (uint64_t n = 0; eventlog_next(server_eventlog(st.server), n); n++)
        e = eventlog_next(server_eventlog(st.server), n);
    CHECK_EQ(e->what.type, EVENT_DEVICE_OBSTACLE);
    CHECK_EQ(eventlog_level(e), EVENTLOG_WARNING);
    check_text(e, "7-1.3 is not exported: a low- or full-speed device cannot work behind a "
                  "high-speed hub here: plug it in without the hub");
    CHECK(api_has(&st, "/api/v1/devices",
                  "\"obstacle\":{\"code\":\"full_speed_behind_high_speed_hub\","
                  "\"text\":\"A low- or full-speed device cannot work"));
    CHECK(api_has(&st, "/api/v1/devices/7-1.3", "\"state\":\"refused\""));
    CHECK(api_has(&st, "/api/v1/events", "\"reason\":\"speed\""));

    struct stage_client *c = stage_connect(&st);
    stage_send_import(c, "7-1.3");
    CHECK(stage_closed(c));
    CHECK_EQ(c->in_size, 8);
    CHECK_EQ(c->in[7], WIRE_ST_DEV_ERR);
    CHECK_EQ(o.opens, 0);

    o.next = BACKEND_UNPLUGGED;
    stage_settle(&st);
    CHECK(!api_has(&st, "/api/v1/devices", "\"obstacle\":"));
    stage_close(&st);
}

TEST(obstacle_every_one_has_a_sentence)
{
    for (unsigned o = USB_OBSTACLE_NONE; o < USB_OBSTACLE_COUNT; o++)
        CHECK(strlen(usb_obstacle_text((enum usb_obstacle)o)) > 10);
    CHECK_STR(usb_obstacle_text(USB_OBSTACLE_COUNT), "unknown reason");
}

TEST(obstacle_every_one_has_words)
{
    for (unsigned o = USB_OBSTACLE_NONE; o <= USB_OBSTACLE_COUNT; o++) {
        const struct usb_obstacle_words *words = usb_obstacle_words((enum usb_obstacle)o);
        CHECK(words->code[0] && words->text[0] && words->help[0]);
    }
}
