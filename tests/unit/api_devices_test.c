// SPDX-License-Identifier: Apache-2.0
// What the API says of devices, sessions, ports and the server.
#include "sim/device/faulty/sim_faulty.h"
#include "sim/set/sim_set.h"
#include "tests/support/api_rig.h"

#include <string.h>

#define get api_rig_get
#define member api_rig_member
#define item api_rig_item
#define text api_rig_text
#define number api_rig_number
#define find api_rig_find
#define is_null api_rig_is_null

static void begin(struct stage *st, const char *sim)
{
    const struct stage_options options = {0};
    char why[100];
    CHECK(stage_open(st, &options));
    CHECK_EQ(sim_set_plug(st->bus, sim, NULL, why, sizeof why), BASE_OK);
    stage_settle(st);
}

// One connection that has asked for nothing, and a session that has done one URB.
static void begin_sessions(struct stage *st)
{
    begin(st, "zero");
    stage_advance(st, 1000000);
    (void)stage_connect(st);
    struct stage_client *c = stage_attach(st, "1-3");
    stage_in(c, 1, 1, 512);
    (void)stage_expect_ret(c, 1, true, 0, 512);
    stage_advance(st, 1500000);
}

STAGE_TEST(api_devices_identity, begin(st, "default"))
{
    cJSON *all = get(st, "/api/v1/devices"), *devices = member(all, "devices");
    cJSON *zero = find(devices, "busid", "1-3"), *hub = find(devices, "busid", "1-2");
    CHECK_STR(text(item(devices, 0), "busid"), "1-1");
    CHECK_STR(text(item(devices, 2), "busid"), "1-2.1");
    CHECK_STR(text(zero, "id"), "0525:a4a0");
    CHECK_STR(text(zero, "product"), "Gadget Zero (simulated)");
    CHECK_STR(text(zero, "name"), "Gadget Zero (simulated)");
    CHECK_STR(text(zero, "speed"), "high");
    CHECK_STR(text(zero, "class"), "ff/00/00");
    CHECK_STR(text(zero, "kind"), "other");
    CHECK_STR(text(zero, "state"), "available");
    CHECK(is_null(zero, "user") && is_null(zero, "alias") && is_null(zero, "obstacle"));
    CHECK(cJSON_IsTrue(member(zero, "exported")));
    CHECK_EQ(number(zero, "busnum"), 1);
    CHECK(number(zero, "devnum") > 0);
    CHECK_EQ(cJSON_GetArraySize(member(zero, "interfaces")), 1);
    CHECK_STR(text(hub, "state"), "hub");
    CHECK_STR(text(hub, "kind"), "hub");
    CHECK_STR(text(hub, "class"), "09/00/01");
    CHECK(cJSON_IsFalse(member(hub, "exported")));
    cJSON *disk = find(devices, "busid", "1-1"), *keyboard = find(devices, "busid", "1-2.1");
    CHECK_STR(text(disk, "class"), "08/06/50"); // its interface's
    CHECK_STR(text(disk, "class_name"), "Mass storage, SCSI, bulk only");
    CHECK_STR(text(disk, "kind"), "storage");
    CHECK_STR(text(keyboard, "speed"), "low");
    CHECK_STR(text(keyboard, "kind"), "keyboard");
    CHECK_STR(text(find(devices, "busid", "1-4"), "kind"), "audio");
    CHECK_STR(text(find(devices, "busid", "1-2.2"), "kind"), "serial");
    cJSON_Delete(all);
}

STAGE_TEST(api_devices_in_use, begin_sessions(st))
{
    cJSON *device = get(st, "/api/v1/devices/1-3"), *user = member(device, "user");
    cJSON *totals = member(device, "totals");
    CHECK_STR(text(device, "state"), "in_use");
    CHECK_EQ(number(user, "session"), 2);
    CHECK(text(user, "peer")[0] != '\0' && text(user, "address")[0] != '\0');
    CHECK(number(user, "since_s") == 1.5);
    CHECK_EQ(number(user, "silent_s"), 0);
    CHECK(is_null(user, "since_time")); // nobody has set the clock
    CHECK_EQ(number(totals, "imports"), 1);
    CHECK_EQ(number(totals, "bytes_in"), 512);
    CHECK_EQ(number(member(totals, "by_type"), "bulk"), 1);
    CHECK(number(totals, "last_activity_s") == 1.5);
    cJSON *bulk = find(member(device, "endpoints"), "address", "0x81");
    CHECK_STR(text(bulk, "type"), "bulk");
    CHECK_STR(text(bulk, "direction"), "in");
    CHECK_EQ(number(bulk, "urbs"), 1);
    CHECK_EQ(number(bulk, "bytes"), 512);
    CHECK(is_null(bulk, "oldest_pending_s"));
    CHECK(number(member(bulk, "latency_s"), "p50") <= number(member(bulk, "latency_s"), "max"));
    CHECK(
        is_null(member(find(member(device, "endpoints"), "address", "0x01"), "latency_s"), "p99"));
    cJSON_Delete(device);
}

// Names of configurations and interfaces, as far as the port knows them.
STAGE_TEST(api_devices_strings, begin(st, "zero,keyboard"))
{
    cJSON *zero = get(st, "/api/v1/devices/1-3"), *keyboard = get(st, "/api/v1/devices/1-2.1");
    cJSON *configs = member(member(zero, "descriptors"), "configurations");
    cJSON *interface = item(member(item(configs, 0), "interfaces"), 0);
    CHECK_STR(text(item(configs, 0), "name"), "source and sink");
    CHECK_STR(text(item(configs, 1), "name"), "loopback");
    CHECK_STR(text(item(member(interface, "alternates"), 1), "name"), "source and sink");
    configs = member(member(keyboard, "descriptors"), "configurations");
    interface = item(member(item(configs, 0), "interfaces"), 0);
    CHECK(is_null(item(configs, 0), "name"));
    CHECK(is_null(item(member(interface, "alternates"), 0), "name"));
    cJSON_Delete(zero);
    cJSON_Delete(keyboard);
}

STAGE_TEST(api_devices_round_trip, begin_sessions(st))
{
    cJSON *device = get(st, "/api/v1/devices/1-3"), *sessions = get(st, "/api/v1/sessions");
    CHECK(is_null(device, "round_trip_s")); // the port has not said it
    CHECK(is_null(item(member(sessions, "sessions"), 1), "round_trip_s"));
    cJSON_Delete(device);
    cJSON_Delete(sessions);
    const struct session_heard h = {.last_us = st->now_us, .round_trip_us = 420};
    struct session *s = server_next_session(st->server, NULL);
    session_peer_heard(server_next_session(st->server, s), &h, st->now_us);
    device = get(st, "/api/v1/devices/1-3");
    sessions = get(st, "/api/v1/sessions");
    CHECK(number(device, "round_trip_s") == 0.00042);
    CHECK(number(item(member(sessions, "sessions"), 1), "round_trip_s") == 0.00042);
    CHECK(is_null(item(member(sessions, "sessions"), 0), "round_trip_s"));
    cJSON_Delete(device);
    cJSON_Delete(sessions);
}

STAGE_TEST(api_devices_endpoints_now, begin_sessions(st))
{
    cJSON *device = get(st, "/api/v1/devices/1-3");
    cJSON *bulk = find(member(device, "endpoints"), "address", "0x81");
    cJSON *minute = member(bulk, "latency_last_minute_s");
    CHECK(number(minute, "window_s") == 1.5); // since the import
    CHECK(number(minute, "p99") <= number(minute, "max"));
    CHECK_EQ(number(member(bulk, "rates"), "urbs_per_s"), 0);
    CHECK_EQ(number(member(bulk, "rates"), "bytes_per_s"), 0);
    cJSON *control = item(member(device, "endpoints"), 0);
    CHECK_STR(text(control, "address"), "0x00"); // one for both directions
    CHECK_STR(text(control, "direction"), "both");
    CHECK_STR(text(item(member(device, "endpoints"), 1), "type"), "bulk");
    cJSON_Delete(device);
}

STAGE_TEST(api_devices_time_of_day, begin_sessions(st))
{
    eventlog_set_clock(server_eventlog(st->server), UINT64_C(1795996800000000), st->now_us);
    cJSON *device = get(st, "/api/v1/devices/1-3"), *user = member(device, "user");
    CHECK_STR(text(user, "since_time"), "2026-11-29T23:59:58.500Z");
    cJSON_Delete(device);
}

STAGE_TEST(api_devices_unknown_is_404, begin(st, "none"))
{
    const struct api_context ctx = api_rig_context(st);
    cJSON *problem = api_rig_json(&ctx, "GET", "/api/v1/devices/1-3", NULL, 404);
    CHECK_STR(text(problem, "title"), "No such device");
    cJSON_Delete(problem);
}

STAGE_TEST(api_devices_descriptors, begin(st, "audio"))
{
    cJSON *device = get(st, "/api/v1/devices/1-4"), *d = member(device, "descriptors");
    cJSON *config = item(member(d, "configurations"), 0);
    CHECK_STR(text(d, "usb"), "1.10");
    CHECK_EQ(strlen(text(d, "device_hex")), 36);
    CHECK_EQ(number(d, "max_packet_size_0"), 64);
    CHECK_EQ(number(config, "value"), 1);
    CHECK(cJSON_IsTrue(member(config, "active")));
    CHECK_EQ(strncmp(text(config, "hex"), "0902", 4), 0);
    cJSON *interfaces = member(config, "interfaces");
    CHECK(cJSON_GetArraySize(interfaces) >= 2);
    cJSON *alternates = member(item(interfaces, 1), "alternates");
    CHECK(cJSON_GetArraySize(alternates) >= 2);
    CHECK_EQ(cJSON_GetArraySize(member(item(alternates, 0), "endpoints")), 0);
    cJSON *ep = item(member(item(alternates, 1), "endpoints"), 0);
    CHECK_STR(text(ep, "type"), "isochronous");
    CHECK_STR(text(item(alternates, 1), "class_name"), "Audio streaming");
    CHECK_EQ(number(ep, "packets_per_microframe"), 1);
    cJSON_Delete(device);
}

STAGE_TEST(api_devices_active_configuration_is_the_clients, begin(st, "zero"))
{
    struct stage_client *c = stage_attach(st, "1-3");
    stage_control(c, 1, "\x00\x09\x02\x00\x00\x00\x00\x00");
    cJSON *device = get(st, "/api/v1/devices/1-3");
    cJSON *configs = member(member(device, "descriptors"), "configurations");
    for (cJSON *o = configs->child; o; o = o->next)
        CHECK_EQ(cJSON_IsTrue(member(o, "active")), number(o, "value") == 2);
    cJSON_Delete(device);
}

// Whatever descriptors a device has, decoding them ends.
STAGE_TEST(api_devices_refused_descriptors, begin(st, "none"))
{
    static const uint8_t config[] = {9, 2, 200, 0, 1, 1, 0, 0x80, 50, 3, 4};
    struct sim_faulty_options options = sim_faulty_d1;
    options.configs[0] = config;
    options.config_sizes[0] = 6;
    stage_plug(st, "1-7", sim_faulty_create(st->bus, &options));
    stage_settle(st);
    cJSON *device = get(st, "/api/v1/devices/1-7");
    CHECK_STR(text(device, "state"), "refused");
    CHECK_STR(text(member(device, "obstacle"), "code"), "descriptors");
    CHECK_STR(text(member(device, "obstacle"), "text"), "Its descriptors do not hold together.");
    cJSON *c = item(member(member(device, "descriptors"), "configurations"), 0);
    CHECK(is_null(c, "value"));
    CHECK_STR(text(c, "hex"), "0902c8000101");
    cJSON_Delete(device);
    cJSON *status = get(st, "/api/v1/status"), *problem = item(member(status, "problems"), 0);
    CHECK_STR(text(problem, "code"), "device_unusable");
    CHECK_STR(text(problem, "busid"), "1-7");
    CHECK_STR(text(problem, "text"), "1-7 cannot be used: its descriptors do not hold together.");
    CHECK_EQ(number(member(status, "counts"), "unusable"), 1);
    cJSON_Delete(status);
}

// --- sessions ------------------------------------------------------------------------------------

STAGE_TEST(api_sessions_all, begin_sessions(st))
{
    cJSON *all = get(st, "/api/v1/sessions"), *sessions = member(all, "sessions");
    CHECK_EQ(cJSON_GetArraySize(sessions), 2);
    cJSON *first = item(sessions, 0), *second = item(sessions, 1);
    CHECK_EQ(number(first, "id"), 1);
    CHECK(is_null(first, "busid") && is_null(first, "device_name"));
    CHECK_STR(text(first, "state"), "operation");
    CHECK(number(first, "since_s") == 1.5);
    CHECK_STR(text(second, "busid"), "1-3");
    CHECK_STR(text(second, "device_name"), "Gadget Zero (simulated)");
    CHECK_STR(text(second, "state"), "attached");
    CHECK_EQ(number(second, "urbs_in_flight"), 0);
    CHECK_EQ(number(member(second, "totals"), "bytes_in"), 512);
    cJSON_Delete(all);
}

// --- topology ------------------------------------------------------------------------------------

STAGE_TEST(api_topology_has_empty_ports_and_hubs, begin(st, "default"))
{
    stage_plug(st, "1-2.3", sim_hub_create(st->bus, 2));
    stage_settle(st);
    stage_plug(st, "1-2.3.2", sim_faulty_create(st->bus, &sim_faulty_d1));
    stage_settle(st);
    cJSON *topology = get(st, "/api/v1/topology"), *bus = item(member(topology, "buses"), 0);
    CHECK_EQ(number(bus, "bus"), 1);
    CHECK_EQ(number(bus, "mbps"), 480);
    cJSON *ports = member(bus, "ports");
    CHECK_EQ(cJSON_GetArraySize(ports), 8);
    CHECK_STR(text(member(item(ports, 0), "device"), "busid"), "1-1");
    CHECK(is_null(item(ports, 0), "hub"));
    cJSON *empty = item(ports, 6);
    CHECK_STR(text(empty, "path"), "1-7");
    CHECK(is_null(empty, "device") && is_null(empty, "unplugged"));
    cJSON *hub = item(ports, 1);
    CHECK_EQ(number(member(hub, "hub"), "ports"), 4);
    CHECK_EQ(number(member(hub, "hub"), "free"), 1);
    cJSON *behind = item(member(hub, "ports"), 2);
    CHECK_STR(text(behind, "path"), "1-2.3");
    CHECK_EQ(number(member(behind, "hub"), "ports"), 2);
    cJSON *deep = item(member(behind, "ports"), 1);
    CHECK_STR(text(deep, "path"), "1-2.3.2");
    CHECK_STR(text(member(deep, "device"), "busid"), "1-2.3.2");
    cJSON_Delete(topology);
}

STAGE_TEST(api_topology_shows_a_free_port, begin(st, "none"))
{
    for (unsigned port = 1; port <= 9; port++) {
        const char busid[] = {'1', '-', (char)('0' + port), '\0'};
        stage_plug(st, busid, sim_faulty_create(st->bus, &sim_faulty_d1));
    }
    stage_settle(st);
    cJSON *topology = get(st, "/api/v1/topology"), *bus = item(member(topology, "buses"), 0);
    CHECK_EQ(cJSON_GetArraySize(member(bus, "ports")), 10);
    cJSON_Delete(topology);
}

// As deep as USB goes.
STAGE_TEST(api_topology_of_any_depth, begin(st, "none"))
{
    char busid[USB_BUSID_SIZE] = "1-1";
    for (unsigned depth = 1; depth <= 5; depth++) {
        stage_plug(st, busid, sim_hub_create(st->bus, 1));
        strcat(busid, ".1");
    }
    stage_plug(st, busid, sim_faulty_create(st->bus, &sim_faulty_d1));
    stage_settle(st);
    cJSON *topology = get(st, "/api/v1/topology");
    cJSON *port = item(member(item(member(topology, "buses"), 0), "ports"), 0);
    for (unsigned depth = 1; depth <= 5; depth++)
        port = item(member(port, "ports"), 0);
    CHECK_STR(text(port, "path"), busid);
    CHECK_STR(text(member(port, "device"), "state"), "available");
    CHECK_EQ(cJSON_GetArraySize(member(port, "ports")), 0);
    cJSON_Delete(topology);
}

// --- status --------------------------------------------------------------------------------------

STAGE_TEST(api_status_of_an_idle_server, begin(st, "none"))
{
    stage_advance(st, 2500000);
    cJSON *status = get(st, "/api/v1/status");
    CHECK_STR(text(status, "version"), "1.2.3");
    CHECK(number(status, "uptime_s") == 2.5);
    CHECK_EQ(number(status, "boot"), 1);
    CHECK_EQ(number(status, "last_event"), 1);
    CHECK(is_null(status, "time") && is_null(status, "id") && is_null(status, "oldest_pending"));
    CHECK_EQ(number(member(status, "totals"), "connections"), 0);
    CHECK_EQ(number(member(status, "counts"), "devices"), 0);
    CHECK_EQ(cJSON_GetArraySize(member(status, "problems")), 0);
    CHECK(is_null(member(status, "refusals"), "latest"));
    cJSON_Delete(status);
}

STAGE_TEST(api_status_of_limits, begin(st, "none"))
{
    cJSON *status = get(st, "/api/v1/status"), *limits = member(status, "limits");
    const struct server_config *c = server_config(st->server);
    CHECK_EQ(number(limits, "max_connections"), c->max_connections);
    CHECK_EQ(number(limits, "max_devices"), c->max_devices);
    CHECK_EQ(number(limits, "max_urb_bytes"), c->session.max_urb_bytes);
    CHECK_EQ(number(limits, "session_budget_bytes"), c->session.budget_bytes);
    CHECK_EQ(number(limits, "total_budget_bytes"), c->total_budget_bytes);
    CHECK_EQ(number(limits, "silent_s"), 14400);
    CHECK(cJSON_IsFalse(member(limits, "list_in_use")));
    cJSON_Delete(status);
}

STAGE_TEST(api_status_counts, begin_sessions(st))
{
    cJSON *status = get(st, "/api/v1/status");
    CHECK_EQ(number(member(status, "counts"), "connections"), 2);
    CHECK_EQ(number(member(status, "counts"), "sessions"), 1);
    CHECK_EQ(number(member(status, "counts"), "in_use"), 1);
    CHECK_EQ(number(member(status, "totals"), "imports"), 1);
    CHECK_EQ(number(member(status, "totals"), "bytes_in"), 512);
    cJSON *urb = item(member(status, "memory"), 0);
    CHECK_STR(text(urb, "pool"), "urb");
    CHECK(number(urb, "free") <= number(urb, "size"));
    for (struct stage_client *c = st->clients; c; c = c->next)
        stage_fin(c);
    cJSON_Delete(status);
    status = get(st, "/api/v1/status"); // no total falls
    CHECK_EQ(number(member(status, "totals"), "bytes_in"), 512);
    CHECK_EQ(number(member(status, "counts"), "connections"), 0);
    cJSON_Delete(status);
}

STAGE_TEST(api_status_refusals, begin_sessions(st))
{
    stage_send_import(stage_connect(st), "1-3");
    stage_advance(st, 4000000);
    cJSON *status = get(st, "/api/v1/status"), *refusals = member(status, "refusals");
    CHECK_EQ(number(refusals, "count"), 1);
    CHECK(strstr(text(member(refusals, "latest"), "text"), ": device busy") != NULL);
    CHECK(number(member(refusals, "latest"), "age_s") == 4);
    cJSON_Delete(status);
    stage_advance(st, UINT64_C(3600) * 1000000);
    status = get(st, "/api/v1/status");
    CHECK_EQ(number(member(status, "refusals"), "count"), 0);
    cJSON_Delete(status);
}

static void record_refusal(struct stage *st, const char *peer, struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = st->now_us, .what = what};
    (void)base_text_copy(e.peer, sizeof e.peer, peer);
    eventlog_record(server_eventlog(st->server), &e);
}

// Whom the rules refuse is one client with one reason, though there are two events.
STAGE_TEST(api_status_refusal_by_access_counts_once, begin_sessions(st))
{
    const struct eventlog_what told = EVENTLOG_WITH(import_refused, .status = WIRE_ST_NODEV);
    record_refusal(st, "10.0.0.9:1", EVENTLOG_WITH(access_denied, .reason = ACCESS_NOT_ON_LIST));
    record_refusal(st, "10.0.0.9:1", told);
    cJSON *status = get(st, "/api/v1/status"), *refusals = member(status, "refusals");
    CHECK_EQ(number(refusals, "count"), 1);
    CHECK_STR(text(member(refusals, "latest"), "text"), "10.0.0.9: may not have it");
    cJSON_Delete(status);
    record_refusal(st, "10.0.0.9:2", told); // another connection
    status = get(st, "/api/v1/status");
    CHECK_EQ(number(member(status, "refusals"), "count"), 2);
    cJSON_Delete(status);
}

// Whatever the event ring still has.
STAGE_TEST(api_status_refusals_of_a_full_log, begin_sessions(st))
{
    const struct eventlog_what busy = EVENTLOG_WITH(import_refused, .status = WIRE_ST_DEV_BUSY);
    for (unsigned i = 0; i < 1500; i++)
        record_refusal(st, "10.0.0.9:1", busy);
    for (unsigned i = 0; i < 1500; i++)
        record_refusal(st, "", EVENTLOG(server_stopping));
    cJSON *status = get(st, "/api/v1/status"), *refusals = member(status, "refusals");
    CHECK_EQ(number(refusals, "count"), 1500);
    CHECK_STR(text(member(refusals, "latest"), "text"), "10.0.0.9: device busy");
    cJSON_Delete(status);
    stage_advance(st, 3601ull * 1000000);
    status = get(st, "/api/v1/status");
    CHECK_EQ(number(member(status, "refusals"), "count"), 0);
    CHECK(is_null(member(status, "refusals"), "latest"));
    cJSON_Delete(status);
}

// An IN that waits for data for ever is no trouble, an OUT that nobody takes is.
STAGE_TEST(api_status_oldest_pending, begin(st, "none"))
{
    struct sim_device *d = sim_faulty_create(st->bus, &sim_faulty_d1);
    stage_plug(st, "1-1", d);
    stage_settle(st);
    struct stage_client *c = stage_attach(st, "1-1");
    sim_faulty_accept(d, 0x02, 0);
    stage_in(c, 1, 1, 512);
    stage_advance(st, 10000000);
    cJSON *status = get(st, "/api/v1/status");
    CHECK(is_null(status, "oldest_pending"));
    cJSON_Delete(status);
    cJSON *device = get(st, "/api/v1/devices/1-1");
    cJSON *in = find(member(device, "endpoints"), "address", "0x81");
    CHECK_EQ(number(in, "pending"), 1);
    CHECK(cJSON_IsTrue(member(in, "waits_for_data")));
    CHECK(number(in, "oldest_pending_s") == 10);
    cJSON_Delete(device);
    stage_out(c, 2, 2, "abc", 3);
    stage_advance(st, 61000000);
    status = get(st, "/api/v1/status");
    CHECK(number(member(status, "oldest_pending"), "s") == 61);
    CHECK_STR(text(member(status, "oldest_pending"), "endpoint"), "0x02");
    CHECK_STR(text(item(member(status, "problems"), 0), "code"), "urb_stuck");
    cJSON_Delete(status);
}
