// SPDX-License-Identifier: Apache-2.0
// Devices that their host uses itself: kept back, unless their owner wants them all the same.
#include "tests/support/api_rig.h"
#include "usb/usb_descriptor_bytes.h"

#include <string.h>

// A backend with one disk.
struct host {
    struct usbip_backend backend; // first: the backend is this
    struct usb_device_info info;
    enum backend_event_type next[4]; // the first 0: none
    unsigned opens, closes;
};

static const uint8_t device_bytes[USB_DT_DEVICE_SIZE] = {
    18, 1, USB_LE16(0x0200), 0, 0, 0, 64, USB_LE16(0x1209), USB_LE16(2), 0, 1, 0, 0, 0, 1};
static const uint8_t config_bytes[] = {USB_CONFIG_BYTES(18, 1, 1, 0, 0xc0, 0),
                                       USB_INTERFACE_BYTES(0, 0, 0, 255, 0, 0, 0)};

static void add(struct host *h, enum backend_event_type type)
{
    unsigned i = 0;
    while (h->next[i])
        i++;
    CHECK(i < 3);
    h->next[i] = type;
}

static void open_device(struct usbip_backend *b, void *device)
{
    struct host *h = device;
    (void)b;
    h->opens++;
    add(h, BACKEND_OPENED);
}

static void close_device(struct usbip_backend *b, void *device)
{
    struct host *h = device;
    (void)b;
    h->closes++;
    add(h, BACKEND_CLOSED);
}

static bool take_event(struct usbip_backend *b, uint64_t now_us, struct backend_event *ev)
{
    struct host *h = (struct host *)b;
    (void)now_us;
    if (!h->next[0])
        return false;
    *ev = (struct backend_event){.type = h->next[0], .device = h, .info = &h->info};
    memmove(h->next, h->next + 1, sizeof h->next - sizeof h->next[0]);
    return true;
}

static uint64_t no_deadline(struct usbip_backend *b)
{
    (void)b;
    return UINT64_MAX;
}

static void *no_buffer(struct usbip_backend *b, uint32_t size)
{
    (void)b;
    (void)size;
    return NULL;
}

struct site {
    struct stage stage; // first: the stage's macros see that
    struct host host;
};

static void begin(struct site *s)
{
    *s = (struct site){.host = {
                           .backend = {.open = open_device,
                                       .close = close_device,
                                       .take_event = take_event,
                                       .next_deadline = no_deadline,
                                       .buffer_alloc = no_buffer},
                           .info = {.busid = "7-1",
                                    .busnum = 7,
                                    .devnum = 3,
                                    .speed = USB_SPEED_HIGH,
                                    .obstacle = USB_OBSTACLE_MOUNTED,
                                    .active_config = 1,
                                    .config_count = 1,
                                    .device_descriptor = {device_bytes, sizeof device_bytes},
                                    .config = {{config_bytes, sizeof config_bytes}}},
                       }};
    CHECK(stage_open(&s->stage, NULL));
    CHECK_EQ(server_add_backend(s->stage.server, &s->host.backend), BASE_OK);
    add(&s->host, BACKEND_PLUGGED);
    stage_settle(&s->stage);
}

#define SITE_TEST(id) TEST_WITH(id, struct site, s, begin(s), stage_close(&s->stage))

static void rename_disk(struct site *s, struct access_names names)
{
    const struct access_naming n = {ACCESS_FOLLOW_PORT, "7-1", names};
    CHECK_EQ(server_change_names(s->stage.server, &n, 1, s->stage.now_us), BASE_OK);
    stage_settle(&s->stage);
}

static void check_import(struct site *s, enum wire_op_status want)
{
    struct stage_client *c = stage_connect(&s->stage);
    stage_send_import(c, "7-1");
    stage_settle(&s->stage);
    CHECK_EQ(c->in[7], want);
    stage_fin(c);
    stage_settle(&s->stage);
}

static void check_last(struct site *s, const char *want)
{
    struct eventlog *log = server_eventlog(s->stage.server);
    const struct eventlog_event *e = eventlog_next(log, eventlog_last(log) - 1);
    char text[200];
    (void)eventlog_text(e, text, sizeof text);
    CHECK_STR(text, want);
}

static unsigned problems(struct site *s, const char *code)
{
    cJSON *status = api_rig_get(&s->stage, "/api/v1/status"), *p = NULL;
    unsigned n = 0;
    cJSON_ArrayForEach(p, api_rig_member(status, "problems"))
    {
        n += strcmp(api_rig_text(p, "code"), code) == 0;
    }
    cJSON_Delete(status);
    return n;
}

#define MOUNTED "a file system on it is mounted on this host: unmount it"

SITE_TEST(export_use_is_kept_back_also_if_it_is_exported)
{
    check_last(s, "7-1 is not exported: " MOUNTED);
    check_import(s, WIRE_ST_DEV_ERR);
    rename_disk(s, (struct access_names){.exported = true});
    check_import(s, WIRE_ST_DEV_ERR);
    CHECK_EQ(s->host.opens, 0);
    CHECK_EQ(problems(s, "device_unusable"), 1);
}

SITE_TEST(export_use_yields_to_the_owner_with_a_warning)
{
    rename_disk(s, (struct access_names){.take_from_host = true});
    check_last(s, "7-1 is exported because its owner wants it, although " MOUNTED);
    CHECK_EQ(stage_count_events(&s->stage, EVENT_DEVICE_TAKEN), 1);
    CHECK_EQ(problems(s, "taken_from_host"), 1);
    CHECK_EQ(problems(s, "device_unusable"), 0);
    cJSON *a = api_rig_get(&s->stage, "/api/v1/devices/7-1");
    CHECK_STR(api_rig_text(a, "state"), "available");
    CHECK(cJSON_IsTrue(api_rig_member(a, "exported")));
    cJSON_Delete(a);
    check_import(s, WIRE_ST_OK);
    CHECK_EQ(s->host.opens, 1);
    CHECK_EQ(s->host.closes, 1);
    rename_disk(s, (struct access_names){.take_from_host = false});
    check_last(s, "7-1 is not exported: " MOUNTED);
    check_import(s, WIRE_ST_DEV_ERR);
    CHECK_EQ(problems(s, "taken_from_host"), 0);
}

// The host gets it back at once.
SITE_TEST(export_use_of_a_session_that_has_it)
{
    rename_disk(s, (struct access_names){.take_from_host = true});
    struct stage_client *c = stage_attach(&s->stage, "7-1");
    rename_disk(s, (struct access_names){.take_from_host = false});
    CHECK(stage_closed(c));
    CHECK_EQ(s->host.closes, 1);
    check_import(s, WIRE_ST_DEV_ERR);
}

// Not hidden by its owner, and another server's is another server's.
SITE_TEST(export_use_never_of_what_came_over_usbip)
{
    rename_disk(s, (struct access_names){.take_from_host = true, .hidden = true});
    check_import(s, WIRE_ST_NODEV);
    rename_disk(s, (struct access_names){.take_from_host = true, .exported = true});
    add(&s->host, BACKEND_UNPLUGGED);
    stage_settle(&s->stage);
    s->host.info.obstacle = USB_OBSTACLE_USBIP;
    add(&s->host, BACKEND_PLUGGED);
    stage_settle(&s->stage);
    check_import(s, WIRE_ST_DEV_ERR);
    s->host.info.is_hub = true;
    s->host.info.obstacle = USB_OBSTACLE_NONE;
    add(&s->host, BACKEND_UNPLUGGED);
    add(&s->host, BACKEND_PLUGGED);
    stage_settle(&s->stage);
    check_import(s, WIRE_ST_NODEV);
    CHECK_EQ(s->host.opens, 0);
}
